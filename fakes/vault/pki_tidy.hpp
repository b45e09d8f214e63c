#pragma once

#include "fakes/vault/pki_mount.hpp"

namespace meshproof::fakes::pki {

/// What config/auto-tidy asks for, once.
void tidy_automatically(Mount& mount, Time now);

}  // namespace meshproof::fakes::pki
