#pragma once

#include <vector>

#include "fakes/vault/approle/mount.hpp"
#include "fakes/vault/logical/router.hpp"

/// auth/…/role/NAME and the paths of its single fields.
namespace meshproof::fakes::vault::approle {

[[nodiscard]] std::vector<Route<Function>> role_routes(Product product);

}  // namespace meshproof::fakes::vault::approle
