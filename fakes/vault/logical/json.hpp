#pragma once

#include <nlohmann/json.hpp>

namespace meshproof::fakes::vault {

using Json = nlohmann::json;

}  // namespace meshproof::fakes::vault
