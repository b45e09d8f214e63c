#pragma once

#include <string>
#include <vector>

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// Signs every CA's complete list anew, with all that is revoked (none where config/crl disables
/// them), and empties the deltas (rows 132, 174).
void rebuild_crls(Mount& mount, Time now);
/// Signs the deltas anew: what was revoked since the last complete lists.
void rebuild_delta_crls(Mount& mount, Time now);
/// Whether something was revoked that stands in no list yet.
[[nodiscard]] bool deltas_lag(Mount& mount);
/// What a rebuild says of CAs that have a key and no issuer with the crl-signing usage.
[[nodiscard]] std::vector<std::string> crl_warnings(const Mount& mount);
/// Rebuilds, and gives what is to be said of it; neither where config/crl disables the lists: they
/// stay as they are.
std::vector<std::string> rebuild_enabled_crls(Mount& mount, Time now);
/// The same after a revocation, unless auto_rebuild puts it off.
std::vector<std::string> crls_changed(Mount& mount, Time now);
/// The issuer's lists, or null where its CA has no key for them here.
[[nodiscard]] const CrlPair* crls_of(const Mount& mount, const Issuer& issuer);

}  // namespace meshproof::fakes::vault::pki
