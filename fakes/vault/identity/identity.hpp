#pragma once

#include <vector>

#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// Every endpoint of identity that the fake plays.
[[nodiscard]] std::vector<BuiltinEndpoint> identity_endpoints();

}  // namespace meshproof::fakes::vault
