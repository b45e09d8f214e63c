#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace meshproof {

/// A value as YAML that people like to read: block style, texts of several lines as blocks, words
/// without quotes where they can only be words. json_documents() reads the same value again.
[[nodiscard]] std::string yaml_text(const nlohmann::json& value);

}  // namespace meshproof
