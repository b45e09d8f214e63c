#pragma once

#include <vector>

#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// Every route of cubbyhole.
[[nodiscard]] std::vector<BuiltinRoute> cubbyhole_routes();

}  // namespace meshproof::fakes::vault
