#pragma once

#include <vector>

#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// Every endpoint of auth/token.
[[nodiscard]] std::vector<BuiltinEndpoint> token_endpoints();

}  // namespace meshproof::fakes::vault
