#pragma once

#include <vector>

#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// Every endpoint of cubbyhole.
[[nodiscard]] std::vector<BuiltinEndpoint> cubbyhole_endpoints();

}  // namespace meshproof::fakes::vault
