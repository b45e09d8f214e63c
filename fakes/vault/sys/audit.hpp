#pragma once

#include <vector>

#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// sys/audit, sys/audit-hash, sys/config/auditing.
[[nodiscard]] std::vector<BuiltinRoute> audit_routes();

}  // namespace meshproof::fakes::vault
