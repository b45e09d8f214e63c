#pragma once

#include "fakes/vault/sys/bare_call.hpp"

namespace meshproof::fakes::vault {

[[nodiscard]] http::Response serve_seal_status(const Server& server, const BareCall& call);
/// sys/unseal: a share, or a reset of those given (rows 26 to 28).
[[nodiscard]] http::Response serve_unseal(Server& server, const BareCall& call);
/// sys/seal and sys/step-down: a token with update (and sudo, for the seal) on the path.
[[nodiscard]] http::Response serve_seal(Server& server, const BareCall& call);

}  // namespace meshproof::fakes::vault
