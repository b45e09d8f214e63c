#include "perf/load/quick_answer.hpp"

#include <utility>

namespace meshproof::load {
namespace {

/// Reads one answer from left to right. Each step is false where the text is none that it knows.
class AnswerScan {
  public:
    explicit AnswerScan(std::string_view text) : text_(text) {}

    [[nodiscard]] std::optional<LeafTexts> run() {
        const bool read = object(Place::top) && done();
        return read && has_certificate_ && has_serial_ ? std::optional(std::move(found_))
                                                       : std::nullopt;
    }

  private:
    static constexpr int deepest = 16;

    enum class Place { top, data, elsewhere };

    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' ||
                                      text_[at_] == '\t' || text_[at_] == '\r')) {
            ++at_;
        }
    }
    /// The next character that is no blank; NUL at the end.
    [[nodiscard]] char next() {
        skip_blanks();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    [[nodiscard]] bool take(char wanted) {
        const bool there = next() == wanted && at_ < text_.size();
        at_ += there ? 1 : 0;
        return there;
    }
    [[nodiscard]] bool take(std::string_view word) {
        const bool there = text_.substr(at_, word.size()) == word;
        at_ += there ? word.size() : 0;
        return there;
    }
    [[nodiscard]] bool done() {
        skip_blanks();
        return at_ == text_.size();
    }

    [[nodiscard]] bool object(Place place);
    [[nodiscard]] bool member(Place place);
    [[nodiscard]] bool array();
    [[nodiscard]] bool value();
    [[nodiscard]] bool number();
    [[nodiscard]] bool name(std::string_view& into);
    [[nodiscard]] bool string(std::string* into);
    [[nodiscard]] bool escape(std::string* into);
    /// The value of a name that may come once.
    [[nodiscard]] bool wanted(std::string& into, bool& had) {
        return !std::exchange(had, true) && string(&into);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    LeafTexts found_;
    bool has_data_ = false, has_certificate_ = false, has_serial_ = false;
};

bool AnswerScan::object(Place place) {
    if (++depth_ > deepest || !take('{')) {
        return false;
    }
    if (next() != '}') {
        do {
            if (!member(place)) {
                return false;
            }
        } while (take(','));
    }
    --depth_;
    return take('}');
}

bool AnswerScan::member(Place place) {
    std::string_view key;
    if (!name(key) || !take(':')) {
        return false;
    }
    if (place == Place::top && key == "data") {
        return !std::exchange(has_data_, true) && object(Place::data);
    }
    if (place == Place::data && key == "certificate") {
        return wanted(found_.certificate, has_certificate_);
    }
    if (place == Place::data && key == "serial_number") {
        return wanted(found_.serial_number, has_serial_);
    }
    return value();
}

bool AnswerScan::array() {
    if (++depth_ > deepest || !take('[')) {
        return false;
    }
    if (next() != ']') {
        do {
            if (!value()) {
                return false;
            }
        } while (take(','));
    }
    --depth_;
    return take(']');
}

bool AnswerScan::value() {
    switch (next()) {
        case '{':
            return object(Place::elsewhere);
        case '[':
            return array();
        case '"':
            return string(nullptr);
        case 't':
            return take("true");
        case 'f':
            return take("false");
        case 'n':
            return take("null");
        default:
            return number();
    }
}

/// Whole ones. What stands behind one is for the caller to refuse: ".5" is neither ',' nor an end.
bool AnswerScan::number() {
    constexpr std::size_t most_digits = 15;
    at_ += next() == '-' ? 1 : 0;
    const auto begun = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
        ++at_;
    }
    const auto digits = at_ - begun;
    return digits == 1 || (digits > 1 && digits <= most_digits && text_[begun] != '0');
}

/// A member's name: one with an escape could be any, so that it is none that we know.
bool AnswerScan::name(std::string_view& into) {
    skip_blanks();
    const auto begun = at_;
    if (!string(nullptr)) {
        return false;
    }
    into = text_.substr(begun + 1, at_ - begun - 2);
    return into.find('\\') == std::string_view::npos;
}

bool AnswerScan::string(std::string* into) {
    if (!take('"')) {
        return false;
    }
    for (auto plain = at_; at_ < text_.size(); plain = at_) {
        while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' && text_[at_] >= ' ' &&
               text_[at_] <= '~') {
            ++at_;
        }
        if (into != nullptr) {
            into->append(text_.substr(plain, at_ - plain));
        }
        if (at_ < text_.size() && text_[at_] == '"') {
            ++at_;
            return true;
        }
        if (!escape(into)) {
            return false;
        }
    }
    return false;
}

bool AnswerScan::escape(std::string* into) {
    constexpr std::string_view names = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (at_ + 1 >= text_.size() || text_[at_] != '\\') {
        return false;
    }
    const auto which = names.find(text_[at_ + 1]);
    if (which == std::string_view::npos) {
        return false;
    }
    if (into != nullptr) {
        *into += meant[which];
    }
    at_ += 2;
    return true;
}

}  // namespace

std::optional<LeafTexts> quick_leaf_texts(std::string_view answer) {
    return AnswerScan(answer).run();
}

}  // namespace meshproof::load
