#include "fakes/kube/quantity.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view decimal_digits = "0123456789";

/// A quantity's number, and what follows it.
struct QuantityParts {
    std::string_view number, suffix;
};

QuantityParts parts_of(std::string_view text) {
    auto at = text.starts_with('-') || text.starts_with('+') ? std::size_t{1} : std::size_t{0};
    const auto skip_digits = [&] {
        at = std::min(text.find_first_not_of(decimal_digits, at), text.size());
    };
    skip_digits();
    if (text.substr(at).starts_with('.')) {
        ++at;
        skip_digits();
    }
    return {text.substr(0, at), text.substr(at)};
}

// Letters, a sign, decimal_digits: more is not looked for in a suffix.
bool shaped_as_suffix(std::string_view text) {
    auto at = std::min(text.find_first_not_of("eEinumkKMGTP"), text.size());
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) {
        ++at;
    }
    return text.find_first_not_of(decimal_digits, at) == std::string_view::npos;
}

/// What one of it is worth.
struct Unit {
    std::string_view suffix;
    int base, exponent;
};

std::optional<Unit> unit_of(std::string_view suffix) {
    constexpr Unit units[] = {{"", 10, 0},   {"n", 10, -9}, {"u", 10, -6}, {"m", 10, -3},
                              {"k", 10, 3},  {"M", 10, 6},  {"G", 10, 9},  {"T", 10, 12},
                              {"P", 10, 15}, {"E", 10, 18}, {"Ki", 2, 10}, {"Mi", 2, 20},
                              {"Gi", 2, 30}, {"Ti", 2, 40}, {"Pi", 2, 50}, {"Ei", 2, 60}};
    if (const auto* unit = std::ranges::find(units, suffix, &Unit::suffix);
        unit != std::end(units)) {
        return *unit;
    }
    if (!suffix.starts_with('e') && !suffix.starts_with('E')) {
        return std::nullopt;
    }
    const auto sign = suffix.substr(1).starts_with('+') ? std::size_t{2} : std::size_t{1};
    int exponent = 0;
    const auto* end = suffix.data() + suffix.size();
    const auto [stopped, fault] = std::from_chars(suffix.data() + sign, end, exponent);
    if (stopped != end || fault != std::errc()) {
        return std::nullopt;
    }
    constexpr int largest = 1'000'000'000;  // so that what is reckoned with it is an int, too
    return Unit{suffix, 10, std::clamp(exponent, -largest, largest)};
}

/// A number as big as it likes: digits * 10^exponent.
struct Decimal {
    std::string digits;
    int exponent = 0;

    [[nodiscard]] bool zero() const { return digits.find_first_not_of('0') == std::string::npos; }

    void double_it() {
        int carry = 0;
        for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
            const int sum = (*digit - '0') * 2 + carry;
            *digit = static_cast<char>('0' + sum % 10);
            carry = sum / 10;
        }
        if (carry != 0) {
            digits.insert(digits.begin(), '1');
        }
    }
    void add_one() {
        auto digit = digits.rbegin();
        while (digit != digits.rend() && *digit == '9') {
            *digit++ = '0';
        }
        if (digit == digits.rend()) {
            digits.insert(digits.begin(), '1');
        } else {
            ++*digit;
        }
    }
    /// To a multiple of 10^least, away from zero.
    void round_up(int least) {
        if (exponent >= least) {
            return;
        }
        const auto cut =
            std::min(digits.size(), static_cast<std::size_t>(std::int64_t{least} - exponent));
        const bool exact = digits.find_first_not_of('0', digits.size() - cut) == std::string::npos;
        digits.resize(digits.size() - cut);
        if (digits.empty()) {
            digits = "0";
        }
        exponent = least;
        if (!exact) {
            add_one();
        }
    }
    /// Without zeros at either end.
    void trim_zeros() {
        digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
        while (digits.size() > 1 && digits.ends_with('0')) {
            digits.pop_back();
            ++exponent;
        }
    }
    /// Whether it is a whole number, and the number where it is no larger than int64; else the
    /// largest of those.
    [[nodiscard]] std::optional<std::int64_t> whole() const {
        if (exponent < 0) {
            return std::nullopt;
        }
        constexpr auto largest = std::numeric_limits<std::int64_t>::max();
        constexpr std::size_t longest = 19;
        if (digits.size() + static_cast<std::size_t>(exponent) > longest) {
            return largest;
        }
        const auto all = digits + std::string(static_cast<std::size_t>(exponent), '0');
        return static_cast<std::int64_t>(
            std::min<std::uint64_t>(std::stoull(all), static_cast<std::uint64_t>(largest)));
    }
};

/// A quantity as ParseQuantity takes it apart: its first digits, without zeros before them, and
/// those behind the point.
struct ParsedQuantity {
    bool negative = false;
    std::string whole, fraction;
    Unit unit{"", 10, 0};
    bool exponential = false;  ///< "1e3"

    [[nodiscard]] bool binary() const { return unit.base == 2; }
    [[nodiscard]] int scale() const {
        return (binary() ? 0 : unit.exponent) - static_cast<int>(fraction.size());
    }
};

ParsedQuantity parsed_quantity(std::string_view text) {
    auto [number, suffix] = parts_of(text);
    ParsedQuantity out;
    out.unit = unit_of(suffix).value_or(out.unit);
    out.exponential = !suffix.empty() && out.unit.base == 10 && suffix.size() > 1;
    out.negative = number.starts_with('-');
    number.remove_prefix(out.negative || number.starts_with('+') ? 1 : 0);
    number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
    const auto point = std::min(number.find('.'), number.size());
    out.whole = point == 0 ? "0" : std::string(number.substr(0, point));
    out.fraction = number.substr(std::min(point + 1, number.size()));
    return out;
}

// What fits the server's fast path, and is written in the canonical form, or as good as: it keeps
// its text ("1.", "+1").
bool keeps_text(const ParsedQuantity& parsed) {
    constexpr int most_digits = 18, least_scale = -9;
    const auto shifted = parsed.whole + parsed.fraction;
    const auto size = static_cast<int>(shifted.size());
    if (parsed.binary()) {
        const int precision = 15 - size - parsed.unit.exponent * 3 / 10 - 1;
        return parsed.fraction.empty() && precision >= 0 && (std::stoll(shifted) & 7) != 0;
    }
    return size <= most_digits && parsed.scale() >= least_scale && parsed.scale() % 3 == 0 &&
           !shifted.ends_with("000") && !shifted.starts_with('0');
}

std::string decimal_text(Decimal value, bool exponential) {
    constexpr std::pair<int, const char*> suffixes[] = {{-9, "n"}, {-6, "u"}, {-3, "m"}, {0, ""},
                                                        {3, "k"},  {6, "M"},  {9, "G"},  {12, "T"},
                                                        {15, "P"}, {18, "E"}};
    value.trim_zeros();
    while (value.exponent % 3 != 0) {
        value.digits += '0';
        --value.exponent;
    }
    if (exponential) {
        return value.exponent == 0 ? value.digits
                                   : fmt::format("{}e{}", value.digits, value.exponent);
    }
    const auto* suffix =
        std::ranges::find(suffixes, value.exponent, &std::pair<int, const char*>::first);
    return value.digits + (suffix == std::end(suffixes) ? "" : suffix->second);  // so it does
}

std::string binary_text(std::int64_t value) {
    constexpr std::int64_t step = 1024;
    constexpr const char* suffixes[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    std::size_t times = 0;
    while (value % step == 0) {
        value /= step;
        ++times;
    }
    return fmt::format("{}{}", value, suffixes[times]);
}

}  // namespace

std::string quantity_text(std::string_view text, Precision precision) {
    constexpr int nano = -9, milli = -3;
    constexpr std::int64_t least_binary = 1024;
    text = trim(text);
    const auto parsed = parsed_quantity(text);
    const int finest = precision == Precision::milli ? milli : nano;
    if (text == "0" || (keeps_text(parsed) && parsed.scale() >= finest)) {
        return std::string(text);
    }
    Decimal value{parsed.whole + parsed.fraction, parsed.scale()};
    for (int times = 0; parsed.binary() && times < parsed.unit.exponent; ++times) {
        value.double_it();
    }
    value.round_up(finest);
    if (value.zero()) {
        return "0";
    }
    value.trim_zeros();
    const auto whole = value.whole();
    const bool binary = parsed.binary() && whole && *whole >= least_binary;
    return (parsed.negative ? "-" : "") +
           (binary ? binary_text(*whole) : decimal_text(value, parsed.exponential));
}

std::string quantity_fault(std::string_view text) {
    text = trim(text);
    const auto suffix = parts_of(text).suffix;
    if (text.empty() || !shaped_as_suffix(suffix)) {
        return "quantities must match the regular expression "
               "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    }
    return unit_of(suffix) ? "" : "unable to parse quantity's suffix";
}

long double amount_of(std::string_view text) {
    const auto [number, suffix] = parts_of(trim(text));
    const auto unit = unit_of(suffix);
    if (!unit) {
        return 0;
    }
    const auto count = std::strtold(std::string(number).c_str(), nullptr);
    const auto size = std::pow(static_cast<long double>(unit->base), std::abs(unit->exponent));
    return unit->exponent < 0 ? count / size : count * size;
}

}  // namespace meshproof::fakes::kube
