#pragma once

#include "fakes/vault/options.hpp"
#include "fakes/vault/server/catalog.hpp"

namespace meshproof::fakes::vault {

/// Everything that the fake plays.
[[nodiscard]] Catalog whole_catalog(const FakeVaultOptions& options);

}  // namespace meshproof::fakes::vault
