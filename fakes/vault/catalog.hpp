#pragma once

#include "fakes/vault/server/catalog.hpp"

namespace meshproof::fakes::vault {

/// Everything that the fake plays.
[[nodiscard]] Catalog whole_catalog();

}  // namespace meshproof::fakes::vault
