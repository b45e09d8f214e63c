#pragma once

#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

/// Everything that clients of the one node `node` can see, private keys and tokens included.
[[nodiscard]] Json save_vault(const Server& server, const VaultNode& node);
/// Puts a saved state into a server that holds nothing yet. Throws what load_state() catches.
void load_vault(Server& server, VaultNode& node, const Json& state);

}  // namespace meshproof::fakes::vault
