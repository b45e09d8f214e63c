#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// Does what a real server would have done in the background until `now`: rebuilds lists that come
/// within the grace period of their end, signs deltas, tidies (rows 174, 176). Nobody can tell that
/// from work done on time, as nobody asks in between.
void run_timers(Mount& mount, Time now);

}  // namespace meshproof::fakes::vault::pki
