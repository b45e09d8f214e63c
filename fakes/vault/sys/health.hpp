#pragma once

#include "fakes/vault/sys/bare_call.hpp"

namespace meshproof::fakes::vault {

/// GET and HEAD of sys/health.
[[nodiscard]] http::Response serve_health(const Server& server, const BareCall& call);

}  // namespace meshproof::fakes::vault
