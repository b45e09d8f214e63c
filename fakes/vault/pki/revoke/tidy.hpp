#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// What config/auto-tidy asks for, once.
void tidy_automatically(Mount& mount, Time now);

}  // namespace meshproof::fakes::vault::pki
