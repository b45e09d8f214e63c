#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace meshproof {

/// The tree that nlohmann's parser makes of the text, where JsonScan knows all of it, it is not
/// long, and not nested deeply; nothing otherwise, and of what is no JSON. The parser takes each
/// character by itself, this takes a text as a whole.
[[nodiscard]] std::optional<nlohmann::json> quick_json(std::string_view text);

}  // namespace meshproof
