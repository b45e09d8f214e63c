#pragma once

#include <vector>

#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// identity/group, identity/group-alias, identity/lookup/group.
[[nodiscard]] std::vector<BuiltinRoute> group_routes();

}  // namespace meshproof::fakes::vault
