#pragma once

#include <vector>

#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// Every route of auth/token.
[[nodiscard]] std::vector<BuiltinRoute> token_routes();

}  // namespace meshproof::fakes::vault
