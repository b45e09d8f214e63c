#pragma once

#include <vector>

#include "fakes/vault/logical/router.hpp"
#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

using RouteFunction = BackendResponse (*)(Mount& mount, const PkiCall& call);

/// Every route that this product has and the fake plays.
[[nodiscard]] std::vector<Route<RouteFunction>> routes(Product product);

}  // namespace meshproof::fakes::vault::pki
