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

std::string go_quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        constexpr std::string_view plain = "\a\b\f\n\r\t\v\"\\";
        constexpr std::string_view letters = "abfnrtv\"\\";
        if (const auto at = plain.find(c); at != std::string_view::npos) {
            quoted += '\\';
            quoted += letters[at];
        } else if (byte < ' ' || byte == 0x7F) {
            quoted += fmt::format("\\x{:02x}", byte);
        } else {
            quoted += c;
        }
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

std::string_view go_type(const nlohmann::json& value, std::string_view number) {
    return value.is_array()     ? "[]interface {}"
           : value.is_object()  ? "map[string]interface {}"
           : value.is_boolean() ? "bool"
           : value.is_string()  ? "string"
                                : number;
}

std::string go_value(const nlohmann::json& value) {
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_array()) {
        std::vector<std::string> parts;
        for (const auto& item : value) {
            parts.push_back(go_value(item));
        }
        return "[" + join(parts, " ") + "]";
    }
    if (value.is_object()) {
        std::vector<std::string> parts;
        for (const auto& [name, item] : value.items()) {
            parts.push_back(name + ":" + go_value(item));
        }
        return "map[" + join(parts, " ") + "]";
    }
    return value.is_null() ? "<nil>" : value.dump();
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
