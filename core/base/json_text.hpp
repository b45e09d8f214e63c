#pragma once

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/quick_json.hpp"

namespace meshproof {

/// How deep JSON from outside may be nested. Go's decoder stops at 10,000; copying and printing a
/// tree takes stack for each level, so we stop earlier.
inline constexpr std::size_t deepest_json = 1000;

/// Whether a JSON text, good or bad, opens more arrays and objects within each other than that.
[[nodiscard]] inline bool too_deep(std::string_view json) {
    std::size_t depth = 0, deepest = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (quoted) {
            i += c == '\\' ? 1 : 0;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return deepest > deepest_json;
}

/// The JSON in a text that is not too deep; discarded where it is none.
[[nodiscard]] inline nlohmann::json json_or_discarded(std::string_view text) {
    if (auto quick = quick_json(text)) {
        return std::move(*quick);
    }
    return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
}

/// The JSON in a text; null where it is none, or nested too deep.
[[nodiscard]] inline nlohmann::json json_or_null(std::string_view text) {
    if (auto quick = quick_json(text)) {
        return std::move(*quick);
    }
    auto json = too_deep(text) ? nlohmann::json()
                               : nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) {
        json = nullptr;
    }
    return json;  // moved: a choice between two values would copy the tree
}

/// The text with U+FFFD for what is no UTF-8, as Go's encoder writes it: JSON holds nothing else.
[[nodiscard]] inline std::string valid_utf8(const std::string& text) {
    const bool ascii =
        std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    return ascii ? text
                 : nlohmann::json::parse(
                       nlohmann::json(text).dump(-1, ' ', false,
                                                 nlohmann::json::error_handler_t::replace))
                       .get<std::string>();
}

}  // namespace meshproof
