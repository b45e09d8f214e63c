#pragma once

#include "fakes/vault/sys/bare_call.hpp"

namespace meshproof::fakes::vault {

/// GET sys/leader.
[[nodiscard]] http::Response serve_leader(const Server& server, const BareCall& call);

}  // namespace meshproof::fakes::vault
