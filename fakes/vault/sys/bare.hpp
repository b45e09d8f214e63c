#pragma once

#include <optional>
#include <vector>

#include "fakes/vault/logical/help.hpp"
#include "fakes/vault/sys/bare_call.hpp"

namespace meshproof::fakes::vault {

/// The paths of sys that answer without envelope and while sealed: rows 22 to 30. Nothing where the
/// path is none of them.
[[nodiscard]] std::optional<http::Response> serve_bare(Server& server, const BareCall& call);
/// They, for a description of the API; without sys/ before their paths.
[[nodiscard]] std::vector<RouteShape> bare_shapes();

}  // namespace meshproof::fakes::vault
