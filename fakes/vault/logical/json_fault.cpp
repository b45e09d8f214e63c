#include "fakes/vault/logical/json_fault.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"

namespace meshproof::fakes::vault {

namespace {

// Each step says whether the text may go on; where it may not, the fault is kept.
class JsonScanner {
  public:
    JsonScanner(std::string_view text, Product product)
        : text_(text), newer_(product == Product::openbao) {}

    std::string fault() {
        if (value() && (blanks(), at_ < text_.size())) {
            (void)wrong("after top-level value");
        }
        return fault_;
    }

  private:
    bool value() {
        blanks();
        switch (next()) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
                return string();
            case 't':
                return word("true");
            case 'f':
                return word("false");
            case 'n':
                return word("null");
            default:
                return next() == '-' || digit() ? number()
                                                : wrong("looking for beginning of value");
        }
    }

    bool object() {
        ++at_;
        blanks();
        if (next() == '}') {
            ++at_;
            return true;
        }
        while (true) {
            blanks();
            if (next() != '"') {
                return wrong("looking for beginning of object key string");
            }
            if (!string()) {
                return false;
            }
            blanks();
            if (next() != ':') {
                return wrong("after object key");
            }
            ++at_;
            if (!value()) {
                return false;
            }
            blanks();
            if (next() != ',' && next() != '}') {
                return wrong("after object key:value pair");
            }
            if (text_[at_++] == '}') {
                return true;
            }
        }
    }

    bool array() {
        ++at_;
        blanks();
        if (next() == ']') {
            ++at_;
            return true;
        }
        while (true) {
            if (!value()) {
                return false;
            }
            blanks();
            if (next() != ',' && next() != ']') {
                return wrong("after array element");
            }
            if (text_[at_++] == ']') {
                return true;
            }
        }
    }

    bool string() {
        for (++at_; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '"') {
                ++at_;
                return true;
            }
            if (static_cast<unsigned char>(c) < ' ') {
                return wrong(newer_ ? "in string" : "in string literal");
            }
            if (c == '\\') {
                ++at_;
                if (at_ < text_.size() &&
                    std::string_view("\"\\/bfnrtu").find(text_[at_]) == std::string_view::npos) {
                    return wrong("in string escape code");
                }
            }
        }
        return wrong("");
    }

    bool word(std::string_view expected) {
        for (const char c : expected) {
            if (next() != c) {
                return wrong(fmt::format("in literal {} (expecting '{}')", expected, c), true);
            }
            ++at_;
        }
        return true;
    }

    bool number() {
        at_ += next() == '-' ? 1 : 0;
        if (next() == '0') {
            ++at_;
        } else if (!digits("in numeric literal")) {
            return false;
        }
        if (next() == '.') {
            ++at_;
            if (!digits("after decimal point in numeric literal")) {
                return false;
            }
        }
        if (next() == 'e' || next() == 'E') {
            ++at_;
            at_ += next() == '+' || next() == '-' ? 1 : 0;
            return digits("in exponent of numeric literal");
        }
        return true;
    }
    bool digits(std::string_view where) {
        if (!digit()) {
            return wrong(newer_ ? "in numeric literal" : where, true);
        }
        while (digit()) {
            ++at_;
        }
        return true;
    }

    // Older ones put a blank at the end, which words and numbers do not take.
    bool wrong(std::string_view where, bool blank_at_end = false) {
        if (at_ >= text_.size()) {
            fault_ = blank_at_end && !newer_ ? fmt::format("invalid character ' ' {}", where)
                                             : "unexpected end of JSON input";
            return false;
        }
        fault_ = fmt::format("invalid character {} {}", character(), where);
        return false;
    }

    // Older ones take a byte for a character.
    std::string character() const {
        const auto byte = static_cast<unsigned char>(text_[at_]);
        if (byte == '\'') {
            return "'\\''";
        }
        if (byte == '"') {
            return "'\"'";
        }
        if (byte < 0x80) {
            const auto quoted = go_quoted(text_.substr(at_, 1));
            return fmt::format("'{}'", quoted.substr(1, quoted.size() - 2));
        }
        if (newer_) {
            const std::size_t size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
            return fmt::format("'{}'", text_.substr(at_, size));
        }
        if (byte < 0xA0) {
            return fmt::format("'\\u{:04x}'", byte);
        }
        return fmt::format("'{}{}'", static_cast<char>(0xC0 | (byte >> 6U)),
                           static_cast<char>(0x80 | (byte & 0x3FU)));
    }

    // '\0' at the end, as no text holds one that could go on.
    char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool digit() const { return next() >= '0' && next() <= '9'; }
    void blanks() {
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
            ++at_;
        }
    }

    std::string_view text_;
    bool newer_;
    std::size_t at_ = 0;
    std::string fault_;
};

}  // namespace

std::string json_fault(std::string_view text, Product product) {
    return JsonScanner(text, product).fault();
}

}  // namespace meshproof::fakes::vault
