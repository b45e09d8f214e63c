#pragma once

#include <vector>

#include "fakes/vault/options.hpp"
#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// Every route of sys that such a server has and the fake plays, but for those without an
/// envelope (sys/bare.hpp); what needs sudo is row 57.
[[nodiscard]] std::vector<BuiltinRoute> sys_routes(const FakeVaultOptions& options);

}  // namespace meshproof::fakes::vault
