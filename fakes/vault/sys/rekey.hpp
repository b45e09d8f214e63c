#pragma once

#include "fakes/vault/sys/bare_call.hpp"

namespace meshproof::fakes::vault {

/// New key shares and a new root token: Vault serves them without a token, OpenBao no longer does
/// (row 29).
[[nodiscard]] http::Response serve_rekey(const Server& server, const BareCall& call);

}  // namespace meshproof::fakes::vault
