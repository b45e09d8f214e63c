#pragma once

#include <vector>

#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// sys/plugins/catalog, as it is read.
[[nodiscard]] std::vector<BuiltinRoute> plugin_routes();

}  // namespace meshproof::fakes::vault
