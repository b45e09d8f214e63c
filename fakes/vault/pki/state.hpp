#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

[[nodiscard]] Json save_mount(const Mount& mount);
/// Puts a saved state into a mount that holds nothing yet. Throws what load_state() catches.
void load_mount(Mount& mount, const Json& state);

}  // namespace meshproof::fakes::vault::pki
