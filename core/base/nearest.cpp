#include "core/base/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof {
namespace {

/// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t corner = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto cost = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
            corner = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, cost});
        }
    }
    return row.back();
}

}  // namespace

std::string nearest_word(std::string_view typed, const std::vector<std::string>& known) {
    // Where hardly a letter is the same, nothing is near: --vus is no --slo.
    const auto letters = typed.size() - std::min(typed.find_first_not_of('-'), typed.size());
    if (letters == 0) {
        return {};
    }
    const std::size_t most = std::min(std::max<std::size_t>(3, typed.size() / 3),
                                      std::max<std::size_t>(letters * 2 / 3, 1));
    const auto small = lower(typed);
    std::string best;
    auto least = std::pair(most + 1, std::size_t{0});
    for (const auto& word : known) {
        const auto lowered = lower(word);
        const auto d = distance(small, lowered);
        // A part of a word is as near as a misspelt whole, and of two such words the one that it is
        // more of: nam is name, and no mesh_namespace.
        const bool part = lowered.find(small) != std::string::npos;
        const auto at = std::pair(part ? std::min<std::size_t>(d, 1) : d, d);
        if (at < least) {
            least = at;
            best = word;
        }
    }
    return best;
}

std::string suggestion(std::string_view typed, const std::vector<std::string>& known) {
    const auto near = nearest_word(typed, known);
    return near.empty() ? fmt::format("known are {}", join(known, ", "))
                        : fmt::format("did you mean {}?", near);
}

}  // namespace meshproof
