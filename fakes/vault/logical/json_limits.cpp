#include "fakes/vault/logical/json_limits.hpp"

#include <algorithm>
#include <cstddef>

namespace meshproof::fakes::vault {

namespace {

// OpenBao's defaults, and what it takes a value for (row 250).
constexpr std::size_t most_memory = (32U << 20) + (512U << 10);
constexpr std::size_t most_strings = 1000, most_strings_of_vault = 200'000;
constexpr std::size_t string_cost = 32, list_cost = 40, object_cost = 88;
constexpr std::size_t number_cost = 24, word_cost = 17;
constexpr std::size_t most_form_fields = 10'000, most_form_fields_of_vault = 50'000;

struct Cost {
    std::size_t strings = 0, memory = 0;
};

/// Where a text that begins behind `at` ends: its closing quote, or the end of all. An escape is
/// counted as one byte of it.
std::size_t read_string(std::string_view text, std::size_t at, Cost& cost) {
    auto length = std::size_t{0};
    while (++at < text.size() && text[at] != '"') {
        at += text[at] == '\\' ? 1 : 0;
        ++length;
    }
    ++cost.strings;
    cost.memory += string_cost + length;
    return at;
}

bool in_number(char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '+' || c == '-' || c == 'e' || c == 'E';
}

/// Reads on until the limits are passed. What is no JSON is found by whoever reads it.
Cost cost_of(std::string_view text, const Cost& most) {
    Cost cost;
    for (std::size_t at = 0;
         at < text.size() && cost.strings <= most.strings && cost.memory <= most.memory; ++at) {
        const char c = text[at];
        if (c == '"') {
            at = read_string(text, at, cost);
        } else if (c == '[') {
            cost.memory += list_cost;
        } else if (c == '{') {
            cost.memory += object_cost;
        } else if (c == 't' || c == 'f' || c == 'n') {
            cost.memory += word_cost;
            at += c == 'f' ? 4 : 3;
        } else if (in_number(c)) {
            cost.memory += number_cost;
            while (at + 1 < text.size() && in_number(text[at + 1])) {
                ++at;
            }
        }
    }
    return cost;
}

}  // namespace

std::string json_excess(std::string_view text, Product product) {
    const Cost most{product == Product::openbao ? most_strings : most_strings_of_vault,
                    most_memory};
    const auto cost = cost_of(text, most);
    if (cost.strings > most.strings) {
        return "refused JSON input due to high complexity: exceeded maximum number of strings";
    }
    if (cost.memory > most.memory) {
        return "refused JSON input due to high complexity: exceeded maximum estimated memory "
               "limits";
    }
    return {};
}

bool too_many_fields(std::string_view form, Product product) {
    const auto fields = static_cast<std::size_t>(std::ranges::count(form, '&')) + 1;
    return fields > (product == Product::openbao ? most_form_fields : most_form_fields_of_vault);
}

}  // namespace meshproof::fakes::vault
