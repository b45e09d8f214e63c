#pragma once

#include "fakes/vault/approle/mount.hpp"

namespace meshproof::fakes::vault::approle {

[[nodiscard]] Json save_mount(const Mount& mount);
/// Throws what load_state() catches.
void load_mount(Mount& mount, const Json& state);

}  // namespace meshproof::fakes::vault::approle
