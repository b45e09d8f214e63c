#pragma once

#include <vector>

#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// Every route of identity that the fake plays.
[[nodiscard]] std::vector<BuiltinRoute> identity_routes();

}  // namespace meshproof::fakes::vault
