#include "core/base/json_scan.hpp"

namespace meshproof {

void JsonScan::skip_blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
        ++at_;
    }
}

char JsonScan::next() {
    skip_blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
}

bool JsonScan::take(char wanted) {
    const bool there = next() == wanted && at_ < text_.size();
    at_ += there ? 1 : 0;
    return there;
}

bool JsonScan::take(std::string_view word) {
    const bool there = text_.substr(at_, word.size()) == word;
    at_ += there ? word.size() : 0;
    return there;
}

bool JsonScan::done() {
    skip_blanks();
    return at_ == text_.size();
}

/// What stands behind it is for the caller to refuse: ".5" is neither ',' nor an end.
bool JsonScan::number(std::string_view& into) {
    constexpr std::size_t most_digits = 15;
    skip_blanks();
    const auto begun = at_;
    at_ += next() == '-' ? 1 : 0;
    const auto first = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
        ++at_;
    }
    const auto digits = at_ - first;
    into = text_.substr(begun, at_ - begun);
    return digits == 1 || (digits > 1 && digits <= most_digits && text_[first] != '0');
}

bool JsonScan::name(std::string_view& into) {
    skip_blanks();
    const auto begun = at_;
    if (!string(nullptr)) {
        return false;
    }
    into = text_.substr(begun + 1, at_ - begun - 2);
    return into.find('\\') == std::string_view::npos;
}

bool JsonScan::string(std::string* into) {
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

bool JsonScan::escape(std::string* into) {
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

}  // namespace meshproof
