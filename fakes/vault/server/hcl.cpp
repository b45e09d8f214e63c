#include "fakes/vault/server/hcl.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/text.hpp"

namespace meshproof::fakes::vault {

namespace {

enum class HclKind {
    illegal,
    end,
    ident,
    number,
    real,
    boolean,
    string,
    heredoc,
    left_bracket,
    right_bracket,
    left_brace,
    right_brace,
    comma,
    period,
    assign,
    add,
    subtract
};

std::string_view hcl_name(HclKind kind) {
    constexpr std::string_view names[] = {
        "ILLEGAL", "EOF",    "IDENT",  "NUMBER", "FLOAT",  "BOOL",   "STRING", "HEREDOC", "LBRACK",
        "RBRACK",  "LBRACE", "RBRACE", "COMMA",  "PERIOD", "ASSIGN", "ADD",    "SUB"};
    return names[static_cast<std::size_t>(kind)];
}

/// Line and column, from 1; a column is a character, not a byte.
struct HclPlace {
    std::size_t line = 1, column = 0;

    [[nodiscard]] std::string text() const { return fmt::format("{}:{}", line, column); }
};

struct HclToken {
    HclKind kind = HclKind::end;
    HclPlace place;
    std::string text;   ///< as written
    std::string value;  ///< of a string or a heredoc
};

// Of those beyond ASCII: all but the blocks of signs, which hold the quotes and dashes that text
// programs put in.
bool letter_beyond_ascii(char32_t point) {
    constexpr std::pair<char32_t, char32_t> signs[] = {
        {0x80, 0xA9},     {0xAB, 0xB4},     {0xB6, 0xB9},     {0xBB, 0xBF},     {0xD7, 0xD7},
        {0xF7, 0xF7},     {0x2000, 0x20FF}, {0x2190, 0x2BFF}, {0x3000, 0x3004}, {0x3007, 0x3030},
        {0xE000, 0xF8FF}, {0xFE00, 0xFE6F}, {0xFEFF, 0xFF20}, {0xFFE0, 0xFFFF}, {0x1F000, 0x1FFFF}};
    return std::ranges::none_of(signs, [point](const auto& block) {
        return block.first <= point && point <= block.second;
    });
}

// The character with which the text begins.
char32_t first_point(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto lead = byte(0);
    const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    char32_t point = more == 0 ? lead : lead & (0x3FU >> more);
    for (std::size_t i = 1; i <= more; ++i) {
        point = (point << 6U) | (byte(i) & 0x3FU);
    }
    return point;
}

bool hcl_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads tokens. It goes on after what it complains of, and the last complaint is what is told in
/// the end, whatever the parser says.
class HclScanner {
  public:
    explicit HclScanner(std::string_view text) : text_(text) {}

    [[nodiscard]] const std::optional<std::string>& complaint() const { return complaint_; }

    HclToken next() {
        for (;;) {
            take();
            while (now_ == ' ' || now_ == '\t' || now_ == '\n' || now_ == '\r') {
                take();
            }
            if (ended_ || (now_ != '#' && now_ != '/')) {
                break;
            }
            skip_comment();
        }
        HclToken token;
        token.place = recent();
        const auto start = at_ - (ended_ ? 0 : 1);
        token.kind = kind_of(token);
        token.text = text_.substr(start, at_ - start);
        if (token.kind == HclKind::ident && (token.text == "true" || token.text == "false")) {
            token.kind = HclKind::boolean;
        }
        return token;
    }

  private:
    // One byte on. Each look beyond the end counts as a column. A null byte passes for an end,
    // until the next look.
    void take() {
        before_ = place_;
        ended_ = at_ == text_.size();
        if (ended_) {
            now_ = '\0';
            ++place_.column;
            return;
        }
        continues_ = more_ > 0;
        if (continues_) {
            --more_;
        } else {
            begin_character();
        }
        now_ = text_[at_++];
        if (now_ == '\0') {
            complain("unexpected null character (0x00)");
            ended_ = true;
        }
        if (now_ == '\n') {
            line_length_ = place_.column;
            ++place_.line;
            place_.column = 0;
        }
    }

    // Of the one that is taken next; a byte of none counts as one.
    void begin_character() {
        const auto size = character_size(text_.substr(at_));
        illegal_ = size == 0;
        more_ = illegal_ ? 0 : size - 1;
        ++place_.column;
        if (illegal_) {
            complain("illegal UTF-8 encoding");
        }
    }

    // The character, of which the first byte was taken.
    void give_back() {
        if (!ended_) {
            --at_;
            more_ = 0;
            place_ = before_;
        }
    }

    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    [[nodiscard]] HclPlace recent() const {
        if (place_.column > 0) {
            return place_;
        }
        return line_length_ > 0 ? HclPlace{place_.line - 1, line_length_} : HclPlace{1, 1};
    }

    void complain(std::string_view what) {
        complaint_ = fmt::format("At {}: {}", recent().text(), what);
    }

    // Or further within one.
    [[nodiscard]] bool on_letter() const {
        if (static_cast<unsigned char>(now_) < 0x80) {
            return now_ == '_' || (letter_or_digit(now_) && !hcl_digit(now_));
        }
        return continues_ || (!illegal_ && letter_beyond_ascii(first_point(text_.substr(at_ - 1))));
    }

    HclKind kind_of(HclToken& token) {
        if (ended_) {
            return HclKind::end;
        }
        if (on_letter()) {
            scan_ident();
            return HclKind::ident;
        }
        if (hcl_digit(now_) || (now_ == '-' && hcl_digit(peek()))) {
            return scan_number();
        }
        switch (now_) {
            case '"':
                scan_string(token.value);
                return HclKind::string;
            case '<':
                scan_heredoc(token.value);
                return HclKind::heredoc;
            case '.':
                return hcl_digit(peek()) ? scan_number() : HclKind::period;
            case '[':
                return HclKind::left_bracket;
            case ']':
                return HclKind::right_bracket;
            case '{':
                return HclKind::left_brace;
            case '}':
                return HclKind::right_brace;
            case ',':
                return HclKind::comma;
            case '=':
                return HclKind::assign;
            case '+':
                return HclKind::add;
            case '-':
                return HclKind::subtract;
            default:
                complain("illegal char");
                while (more_ > 0) {
                    take();
                }
                return HclKind::illegal;
        }
    }

    void scan_ident() {
        do {
            take();
        } while (!ended_ && (on_letter() || hcl_digit(now_) || now_ == '-' || now_ == '.'));
        give_back();
    }

    HclKind scan_number() {
        auto kind = now_ == '.' ? HclKind::real : HclKind::number;
        const bool hex = now_ == '0' && (peek() == 'x' || peek() == 'X');
        if (hex) {
            take();
        }
        for (;;) {
            const char last = now_;
            take();
            const bool exponent = !hex && (now_ == 'e' || now_ == 'E');
            const bool sign = (now_ == '+' || now_ == '-') && (last == 'e' || last == 'E') && !hex;
            const bool point = now_ == '.' && kind == HclKind::number && !hex;
            const bool digit =
                hcl_digit(now_) ||
                (hex && ((now_ >= 'a' && now_ <= 'f') || (now_ >= 'A' && now_ <= 'F')));
            if (ended_ || !(exponent || sign || point || digit)) {
                break;
            }
            kind = exponent || point ? HclKind::real : kind;
        }
        give_back();
        return kind;
    }

    // Quotes within ${…} do not end it.
    void scan_string(std::string& value) {
        std::size_t braces = 0;
        for (;;) {
            take();
            if (ended_ || (now_ == '\n' && braces == 0)) {
                complain("literal not terminated");
                return;
            }
            if (now_ == '"' && braces == 0) {
                return;
            }
            const bool opens = braces == 0 ? now_ == '$' && peek() == '{' : now_ == '{';
            if (opens && braces == 0) {
                value += now_;
                take();
            }
            braces += opens ? 1 : 0;
            braces -= braces > 0 && now_ == '}' ? 1 : 0;
            if (now_ == '\\') {
                scan_escape(value);
            } else {
                value += now_;
            }
        }
    }

    void scan_escape(std::string& value) {
        take();
        constexpr std::string_view letters = "abfnrtv\\\"", meant = "\a\b\f\n\r\t\v\\\"";
        if (const auto at = letters.find(now_); !ended_ && at != std::string_view::npos) {
            value += meant[at];
        } else if (!ended_ && (hcl_digit(now_) || now_ == 'x' || now_ == 'u' || now_ == 'U')) {
            value += '\\';
            value += now_;
        } else {
            complain("illegal char escape");
        }
    }

    void skip_comment() {
        if (now_ == '/' && peek() == '*') {
            take();
            take();
            for (char last = '\0'; !(last == '*' && now_ == '/');) {
                if (ended_) {
                    complain("comment not terminated");
                    return;
                }
                last = now_;
                take();
            }
            return;
        }
        if (now_ == '/' && peek() != '/') {
            complain("expected '/' for comment");
            return;
        }
        while (!ended_ && now_ != '\n') {
            take();
        }
        give_back();
    }

    void scan_heredoc(std::string& value) {
        take();
        if (now_ != '<') {
            complain("heredoc expected second '<', didn't see it");
            return;
        }
        const bool indented = peek() == '-';
        if (indented) {
            take();
        }
        std::string anchor;
        for (take(); !ended_ && (on_letter() || hcl_digit(now_)); take()) {
            anchor += now_;
        }
        if (!ended_ && now_ == '\r' && peek() == '\n') {
            take();
        }
        if (ended_ || now_ != '\n' || anchor.empty()) {
            complain(ended_         ? "heredoc not terminated"
                     : now_ != '\n' ? "invalid characters in heredoc anchor"
                                    : "zero-length heredoc anchor");
            return;
        }
        for (std::string line;; line.clear()) {
            for (take(); !ended_ && now_ != '\n'; take()) {
                line += now_;
            }
            if (ended_) {
                complain("heredoc not terminated");
                return;
            }
            if (trim(line) == anchor) {
                return;
            }
            value += std::string(indented ? trim(line) : line) + "\n";
        }
    }

    std::string_view text_;
    std::size_t at_ = 0, line_length_ = 0;
    std::size_t more_ = 0;  ///< bytes of the character that are to come
    HclPlace place_, before_;
    char now_ = '\0';
    bool ended_ = false;
    bool continues_ = false;  ///< `now_` is not the first byte of its character
    bool illegal_ = false;    ///< ... or it is of none
    std::optional<std::string> complaint_;
};

class HclParser {
  public:
    HclParser(std::string_view text, Product product) : scanner_(text), product_(product) {}

    Result<Json> document() {
        auto read = items(false);
        if (const auto& complaint = scanner_.complaint()) {
            return fail(FailureKind::invalid, "{}", *complaint);
        }
        return read;
    }

  private:
    using Keys = std::vector<HclToken>;

    HclToken& scan() {
        if (!std::exchange(kept_, false)) {
            token_ = scanner_.next();
        }
        return token_;
    }
    void unscan() { kept_ = true; }

    [[nodiscard]] tl::unexpected<Failure> error(const HclPlace& place,
                                                std::string_view what) const {
        return fail(FailureKind::invalid, "At {}: {}", place.text(), what);
    }

    // Repeated blocks of one name (path "a" {} path "b" {}) unite into one object.
    static void put(Json& into, const std::string& key, Json value) {
        if (into.contains(key) && into[key].is_object() && value.is_object()) {
            for (auto& [name, inner] : value.items()) {
                put(into[key], name, std::move(inner));
            }
            return;
        }
        if (into.contains(key) && into[key].is_array() && value.is_array()) {
            into[key].insert(into[key].end(), value.begin(), value.end());
            return;
        }
        into[key] = std::move(value);
    }

    Result<Json> items(bool braced) {
        auto object = Json::object();
        for (;;) {
            if (braced) {
                const bool closes = scan().kind == HclKind::right_brace;
                unscan();
                if (closes) {
                    return object;
                }
            }
            const auto more = item(object);
            if (!more) {
                return propagate(more);
            }
            if (!*more) {
                return object;
            }
            if (scan().kind != HclKind::comma) {
                unscan();
            }
        }
    }

    // Whether there was one before the end of the text.
    Result<bool> item(Json& object) {
        auto keys = read_keys();
        if (!keys) {
            return propagate(keys);
        }
        if (keys->empty()) {
            return false;
        }
        if (token_.kind != HclKind::assign && token_.kind != HclKind::left_brace) {
            std::vector<std::string> texts;
            for (const auto& key : *keys) {
                texts.push_back(key.text);
            }
            const auto place = token_.place;
            if (token_.kind == HclKind::right_brace) {
                token_.kind = HclKind::end;  // it does not close the object
            }
            return error(place,
                         fmt::format("key '{}' expected start of object ('{{') or assignment ('=')",
                                     join(texts, " ")));
        }
        if (token_.kind == HclKind::assign && scan().kind == HclKind::end) {
            return false;
        }
        auto read = value();
        if (!read) {
            return propagate(read);
        }
        const auto name = [](const HclToken& key) {
            return key.kind == HclKind::string ? key.value : key.text;
        };
        for (auto key = keys->rbegin(); key + 1 != keys->rend(); ++key) {
            read = Json{{name(*key), std::move(*read)}};
        }
        put(object, name(keys->front()), std::move(*read));
        return true;
    }

    // All up to what no key is; none at the end of the text.
    Result<Keys> read_keys() {
        constexpr std::size_t most_keys = 100;  // each is a level of the answer
        for (Keys keys;;) {
            const auto& token = scan();
            const auto place = token.place;
            switch (token.kind) {
                case HclKind::end:
                    return keys;
                case HclKind::ident:
                case HclKind::string:
                    keys.push_back(token);
                    if (keys.size() > most_keys) {
                        return error(place, "too many keys before one value");
                    }
                    continue;
                case HclKind::assign:
                    if (keys.size() > 1) {
                        return error(place, "nested object expected: LBRACE got: ASSIGN");
                    }
                    return keys.empty() ? Result<Keys>(error(place, "no object keys found!"))
                                        : Result<Keys>(std::move(keys));
                case HclKind::left_brace:
                    return keys.empty()
                               ? Result<Keys>(error(place, "expected: IDENT | STRING got: LBRACE"))
                               : Result<Keys>(std::move(keys));
                default:
                    if (token.kind == HclKind::right_brace && !keys.empty()) {
                        return keys;
                    }
                    return error(place,
                                 fmt::format("expected: IDENT | STRING | ASSIGN | LBRACE got: {}",
                                             hcl_name(token.kind)));
            }
        }
    }

    Result<Json> value() {
        constexpr std::size_t deepest = 250;  // each level takes several frames of the stack
        if (depth_ == deepest) {
            return error(token_.place, "exceeded max depth");
        }
        ++depth_;
        auto read = value_below();
        --depth_;
        return read;
    }

    // Of the token that was just read.
    Result<Json> value_below() {
        switch (token_.kind) {
            case HclKind::number:
            case HclKind::real: {
                auto number = Json::parse(token_.text, nullptr, false);
                return number.is_number() ? number : Json(token_.text);
            }
            case HclKind::boolean:
                return Json(token_.text == "true");
            case HclKind::string:
            case HclKind::heredoc:
                return Json(token_.value);
            case HclKind::left_brace:
                return braced();
            case HclKind::left_bracket:
                return list();
            default:
                return error(token_.place,
                             fmt::format("Unknown token: {} {} {}", token_.place.text(),
                                         hcl_name(token_.kind), token_.text));
        }
    }

    Result<Json> braced() {
        auto object = items(true);
        // Vault takes a brace at which something went wrong for the end, and wants one more.
        const bool passes = product_ == Product::vault && token_.kind == HclKind::right_brace;
        if (!object && !passes) {
            return object;
        }
        const auto& token = scan();
        if (token.kind != HclKind::right_brace) {
            return error(token.place, fmt::format("object expected closing RBRACE got: {}",
                                                  hcl_name(token.kind)));
        }
        return object ? std::move(object) : Result<Json>(Json::object());
    }

    Result<Json> list() {
        auto all = Json::array();
        for (bool needs_comma = false;;) {
            const auto& token = scan();
            const auto place = token.place;
            const auto kind = token.kind;
            if (kind == HclKind::right_bracket) {
                return all;
            }
            if (kind == HclKind::comma) {
                needs_comma = false;
                continue;
            }
            if (needs_comma) {
                return error(place,
                             fmt::format("error parsing list, expected comma or list end, got: {}",
                                         hcl_name(kind)));
            }
            const bool nested = kind == HclKind::left_brace || kind == HclKind::left_bracket;
            if (!nested && (kind < HclKind::number || kind > HclKind::heredoc)) {
                return error(
                    place, fmt::format("unexpected token while parsing list: {}", hcl_name(kind)));
            }
            auto one = value();
            if (!one && nested) {
                return error(place, fmt::format("error while trying to parse {} within list: {}",
                                                kind == HclKind::left_brace ? "object" : "list",
                                                one.error().message));
            }
            if (!one) {
                return one;
            }
            all.push_back(std::move(*one));
            needs_comma = kind != HclKind::left_bracket;
        }
    }

    HclScanner scanner_;
    Product product_;
    HclToken token_;
    bool kept_ = false;
    std::size_t depth_ = 0;
};

}  // namespace

std::size_t character_size(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto lead = byte(0);
    const std::size_t size = lead < 0x80                    ? 1
                             : lead >= 0xc2 && lead <= 0xdf ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
    if (size > text.size()) {
        return 0;
    }
    for (std::size_t i = 1; i < size; ++i) {
        const int least = i > 1 ? 0x80 : lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        const int most = i > 1 ? 0xbf : lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (byte(i) < least || byte(i) > most) {
            return 0;
        }
    }
    return size;
}

Result<Json> read_hcl(std::string_view text, Product product) {
    return HclParser(text, product).document();
}

}  // namespace meshproof::fakes::vault
