#include "fakes/kube/quantity.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

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
    return Unit{suffix, 10, exponent};
}

}  // namespace

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
