#include "perf/load/quick_answer.hpp"

#include <utility>

#include "core/base/json_scan.hpp"

namespace meshproof::load {
namespace {

/// Reads one answer from left to right. Each step is false where the text is none that it knows.
class AnswerScan {
  public:
    explicit AnswerScan(std::string_view text) : scan_(text) {}

    [[nodiscard]] std::optional<LeafTexts> run() {
        const bool read = object(Place::top) && scan_.done();
        return read && has_certificate_ && has_serial_ ? std::optional(std::move(found_))
                                                       : std::nullopt;
    }

  private:
    static constexpr int deepest = 16;

    enum class Place { top, data, elsewhere };

    [[nodiscard]] bool object(Place place);
    [[nodiscard]] bool member(Place place);
    [[nodiscard]] bool array();
    [[nodiscard]] bool value();
    /// The value of a name that may come once.
    [[nodiscard]] bool wanted(std::string& into, bool& had) {
        return !std::exchange(had, true) && scan_.string(&into);
    }

    JsonScan scan_;
    int depth_ = 0;
    LeafTexts found_;
    bool has_data_ = false, has_certificate_ = false, has_serial_ = false;
};

bool AnswerScan::object(Place place) {
    if (++depth_ > deepest || !scan_.take('{')) {
        return false;
    }
    if (scan_.next() != '}') {
        do {
            if (!member(place)) {
                return false;
            }
        } while (scan_.take(','));
    }
    --depth_;
    return scan_.take('}');
}

bool AnswerScan::member(Place place) {
    std::string_view key;
    if (!scan_.name(key) || !scan_.take(':')) {
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
    if (++depth_ > deepest || !scan_.take('[')) {
        return false;
    }
    if (scan_.next() != ']') {
        do {
            if (!value()) {
                return false;
            }
        } while (scan_.take(','));
    }
    --depth_;
    return scan_.take(']');
}

bool AnswerScan::value() {
    switch (scan_.next()) {
        case '{':
            return object(Place::elsewhere);
        case '[':
            return array();
        case '"':
            return scan_.string(nullptr);
        case 't':
            return scan_.take("true");
        case 'f':
            return scan_.take("false");
        case 'n':
            return scan_.take("null");
        default:
            std::string_view digits;
            return scan_.number(digits);
    }
}

}  // namespace

std::optional<LeafTexts> quick_leaf_texts(std::string_view answer) {
    return AnswerScan(answer).run();
}

}  // namespace meshproof::load
