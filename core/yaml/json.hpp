#pragma once

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace meshproof {

/// A YAML node as JSON: a word that is not quoted may be null, true, false or a number, as in YAML
/// 1.2's core schema. `invalid` where a key is no word, or where it nests without end.
[[nodiscard]] Result<nlohmann::json> json_of(const YAML::Node& node);

/// One document of a YAML file.
struct YamlDocument {
    int line = 1;  ///< where it begins
    nlohmann::json value;
};
/// All documents of a YAML text that are not empty; `path` names it in messages.
[[nodiscard]] Result<std::vector<YamlDocument>> json_documents(std::string_view yaml,
                                                               std::string_view path);

}  // namespace meshproof
