#pragma once

#include "fakes/vault/sys/bare_call.hpp"

namespace meshproof::fakes::vault {

/// sys/init: keys and root token of a Vault that had none (row 29).
[[nodiscard]] http::Response serve_init(Server& server, const BareCall& call);

}  // namespace meshproof::fakes::vault
