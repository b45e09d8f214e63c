#include "fakes/vault/logical/go_text.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "core/base/text.hpp"

namespace meshproof::fakes::vault {

namespace {

using Number = std::int64_t;
constexpr auto largest = std::numeric_limits<Number>::max();

struct Unit {
    std::string_view name;
    Number nanoseconds;
};
constexpr std::array units{
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"\u00b5s", 1'000},
    Unit{"\u03bcs", 1'000},
    Unit{"ms", 1'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"m", 60'000'000'000},
    Unit{"h", 3'600'000'000'000},
};

bool digit(char c) {
    return c >= '0' && c <= '9';
}

// time.ParseDuration.
tl::expected<Duration, std::string> parse_go_duration(std::string_view whole) {
    const auto refuse = [whole](std::string_view what) {
        return tl::unexpected(fmt::format("time: {} duration {}", what, go_time_quoted(whole)));
    };
    auto text = whole;
    const bool negative = text.starts_with('-');
    if (text.starts_with('-') || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    if (text == "0") {
        return Duration{};
    }
    if (text.empty()) {
        return refuse("invalid");
    }
    Number total = 0;
    while (!text.empty()) {
        Number value = 0;
        long double fraction = 0;
        bool any = false;
        for (; !text.empty() && digit(text.front()); text.remove_prefix(1), any = true) {
            if (__builtin_mul_overflow(value, 10, &value) ||
                __builtin_add_overflow(value, text.front() - '0', &value)) {
                return refuse("invalid");
            }
        }
        if (text.starts_with('.')) {
            text.remove_prefix(1);
            long double scale = 1;
            for (; !text.empty() && digit(text.front()); text.remove_prefix(1), any = true) {
                scale /= 10;
                fraction += static_cast<long double>(text.front() - '0') * scale;
            }
        }
        if (!any) {
            return refuse("invalid");
        }
        std::size_t length = 0;
        while (length < text.size() && text[length] != '.' && !digit(text[length])) {
            ++length;
        }
        const auto name = text.substr(0, length);
        if (name.empty()) {
            return refuse("missing unit in");
        }
        text.remove_prefix(length);
        const auto* unit =
            std::ranges::find_if(units, [name](const Unit& known) { return known.name == name; });
        if (unit == units.end()) {
            return refuse(fmt::format("unknown unit {} in", go_time_quoted(name)));
        }
        const auto part =
            static_cast<Number>(fraction * static_cast<long double>(unit->nanoseconds));
        if (__builtin_mul_overflow(value, unit->nanoseconds, &value) ||
            __builtin_add_overflow(value, part, &value) ||
            __builtin_add_overflow(total, value, &total)) {
            return refuse("invalid");
        }
    }
    return Duration(negative ? -total : total);
}

// A character of a text, or one byte that begins none.
struct Rune {
    char32_t value = 0xFFFD;
    std::size_t length = 1;
    bool valid = false;
};

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// utf8.DecodeRuneInString, of a text that is not empty.
Rune first_rune(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) {
        return {lead, 1, true};
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) {
        return {};
    }
    char32_t value = lead & (0x7FU >> length);
    for (std::size_t at = 1; at < length; ++at) {
        if (!continues(text[at])) {
            return {};
        }
        value = (value << 6U) | (static_cast<unsigned char>(text[at]) & 0x3FU);
    }
    const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    if (overlong || (value >= 0xD800 && value < 0xE000) || value > 0x10FFFF) {
        return {};
    }
    return {value, length, true};
}

bool within(char32_t c, char32_t first, char32_t last) {
    return c >= first && c <= last;
}

// unicode.IsSpace.
bool space(char32_t c) {
    return within(c, '\t', '\r') || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           within(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
           c == 0x3000;
}

// strconv.IsPrint, but for characters that no version of Unicode has given out yet.
bool printable(char32_t c) {
    const bool format = c == 0xAD || within(c, 0x600, 0x605) || c == 0x61C || c == 0x6DD ||
                        c == 0x70F || c == 0x180E || within(c, 0x200B, 0x200F) ||
                        within(c, 0x202A, 0x202E) || within(c, 0x2060, 0x206F) || c == 0xFEFF ||
                        within(c, 0xFFF9, 0xFFFB) || within(c, 0xE0000, 0xE00FF);
    const bool of_nobody = within(c, 0xE000, 0xF8FF) || c >= 0xF0000 || within(c, 0xFDD0, 0xFDEF) ||
                           (c & 0xFFFEU) == 0xFFFEU;
    return c >= ' ' && !within(c, 0x7F, 0x9F) && (c == ' ' || !space(c)) && !format && !of_nobody;
}

// OpenBao tells an overflow; Vault goes on with what is left of the number.
tl::expected<Duration, std::string> times(Number count, Number unit, Product product) {
    Number product_of_both = 0;
    if (__builtin_mul_overflow(count, unit, &product_of_both) && product == Product::openbao) {
        return tl::unexpected(std::string(
            "multiplication of durations resulted in overflow, one operand may be too large"));
    }
    return Duration(product_of_both);
}

}  // namespace

std::string_view go_trimmed(std::string_view text) {
    while (!text.empty() && space(first_rune(text).value)) {
        text.remove_prefix(first_rune(text).length);
    }
    while (!text.empty()) {
        auto last = text.size() - 1;
        while (last > 0 && continues(text[last])) {
            --last;
        }
        const auto rune = first_rune(text.substr(last));
        if (last + rune.length != text.size() || !space(rune.value)) {
            break;
        }
        text.remove_suffix(rune.length);
    }
    return text;
}

bool go_prints(std::string_view text) {
    while (!text.empty()) {
        const auto rune = first_rune(text);
        if (!printable(rune.value)) {
            return false;
        }
        text.remove_prefix(rune.length);
    }
    return true;
}

std::string go_quoted(std::string_view text) {
    // What stands as it is comes in one piece: texts may have megabytes.
    const auto stands = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
    std::string quoted = "\"";
    while (!text.empty()) {
        const auto standing = std::ranges::find_if_not(text, stands) - text.begin();
        if (standing > 0) {
            quoted += text.substr(0, static_cast<std::size_t>(standing));
            text.remove_prefix(static_cast<std::size_t>(standing));
            continue;
        }
        constexpr std::string_view plain = "\a\b\f\n\r\t\v\"\\";
        constexpr std::string_view letters = "abfnrtv\"\\";
        const auto rune = first_rune(text);
        const auto number = static_cast<std::uint32_t>(rune.value);
        if (const auto at = plain.find(text.front()); at != std::string_view::npos) {
            quoted += '\\';
            quoted += letters[at];
        } else if (!rune.valid || number < 0x20 || number == 0x7F) {
            quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
        } else if (printable(rune.value)) {
            quoted += text.substr(0, rune.length);
        } else if (number < 0x10000) {
            quoted += fmt::format("\\u{:04x}", number);
        } else {
            quoted += fmt::format("\\U{:08x}", number);
        }
        text.remove_prefix(rune.length);
    }
    return quoted + '"';
}

std::string go_time_quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (byte >= 0x80 || byte < ' ') {
            quoted += fmt::format("\\x{:02x}", byte);
        } else {
            quoted += c;
        }
    }
    return quoted + '"';
}

std::string go_hex_fault(std::string_view text) {
    constexpr std::string_view front = "encoding/hex: ";
    const auto bad = text.find_first_not_of("0123456789abcdefABCDEF");
    if (bad == std::string_view::npos) {
        return text.size() % 2 == 0 ? std::string() : fmt::format("{}odd length hex string", front);
    }
    const auto byte = static_cast<unsigned char>(text[bad]);
    std::string shown(1, text[bad]);
    if (byte >= 0x80) {  // the character of that number, in UTF-8
        shown = {static_cast<char>(0xC0 | (byte >> 6)), static_cast<char>(0x80 | (byte & 0x3F))};
    }
    auto fault = fmt::format("{}invalid byte: U+{:04X}", front, byte);
    return go_prints(shown) ? fmt::format("{} '{}'", fault, shown) : fault;
}

std::string_view go_type(const nlohmann::json& value, std::string_view number) {
    return value.is_array()     ? "[]interface {}"
           : value.is_object()  ? "map[string]interface {}"
           : value.is_boolean() ? "bool"
           : value.is_string()  ? "string"
                                : number;
}

namespace {

// Into one text: a text of each part would copy what lies deep as often as that is deep.
void append_go_value(std::string& out, const nlohmann::json& value) {
    if (value.is_string()) {
        out += value.get_ref<const std::string&>();
    } else if (value.is_array()) {
        out += '[';
        for (std::size_t at = 0; at < value.size(); ++at) {
            out += at == 0 ? "" : " ";
            append_go_value(out, value[at]);
        }
        out += ']';
    } else if (value.is_object()) {
        out += "map[";
        const auto* between = "";
        for (const auto& [name, item] : value.get_ref<const nlohmann::json::object_t&>()) {
            out.append(between).append(name) += ':';
            append_go_value(out, item);
            between = " ";
        }
        out += ']';
    } else {
        out += value.is_null() ? "<nil>" : value.dump();
    }
}

}  // namespace

std::string go_value(const nlohmann::json& value) {
    std::string out;
    append_go_value(out, value);
    return out;
}

tl::expected<std::int64_t, std::string> go_integer(std::string_view text, int base) {
    const auto wrong = tl::unexpected(std::string("invalid syntax"));
    auto digits = text;
    const bool negative = digits.starts_with('-');
    if (digits.starts_with('-') || digits.starts_with('+')) {
        digits.remove_prefix(1);
    }
    bool underscores = false;
    if (base == 0) {
        base = 10;
        if (digits.size() > 1 && digits.front() == '0') {
            const auto letter = static_cast<char>(digits[1] | 0x20);
            base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
            digits.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
        }
        underscores = true;
    }
    if (digits.empty() || digits.ends_with('_')) {
        return wrong;
    }
    // The magnitude of the smallest number is one more than that of the largest.
    const auto limit = static_cast<std::uint64_t>(largest) + (negative ? 1 : 0);
    std::uint64_t value = 0;
    bool too_large = false;
    char before = '0';
    for (const char c : digits) {
        if (c == '_' && underscores && before != '_') {
            before = c;
            continue;
        }
        before = c;
        const auto lower = static_cast<char>(c | 0x20);
        const int worth = digit(c) ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
        if (worth >= base) {
            return wrong;
        }
        too_large =
            too_large || __builtin_mul_overflow(value, static_cast<unsigned>(base), &value) ||
            __builtin_add_overflow(value, static_cast<unsigned>(worth), &value) || value > limit;
    }
    if (too_large) {
        return tl::unexpected(std::string("value out of range"));
    }
    return static_cast<std::int64_t>(negative ? 0 - value : value);
}

tl::expected<Duration, std::string> read_duration(std::string_view text, Product product) {
    constexpr Number second = 1'000'000'000;
    if (text.empty()) {
        return Duration{};
    }
    if (const auto seconds = go_integer(text, 10)) {
        return times(*seconds, second, product);
    }
    if (text.ends_with('d')) {
        const auto count = text.substr(0, text.size() - 1);
        const auto days = go_integer(count, 10);
        if (!days) {
            return tl::unexpected(
                fmt::format("strconv.ParseInt: parsing {}: {}", go_quoted(count), days.error()));
        }
        return times(*days, 86'400 * second, product);
    }
    return parse_go_duration(text);
}

}  // namespace meshproof::fakes::vault
