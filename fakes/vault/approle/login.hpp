#pragma once

#include "fakes/vault/approle/mount.hpp"

namespace meshproof::fakes::vault::approle {

/// auth/…/login: row 201.
[[nodiscard]] BackendResponse log_in(Mount& mount, const Call& call);

}  // namespace meshproof::fakes::vault::approle
