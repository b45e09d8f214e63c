#pragma once

#include <vector>

#include "fakes/vault/logical/router.hpp"
#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

using Function = BackendResponse (*)(Mount& mount, const Call& call);

/// Every endpoint that this product has and the fake plays.
[[nodiscard]] std::vector<Endpoint<Function>> endpoints(Product product);

}  // namespace meshproof::fakes::vault::pki
