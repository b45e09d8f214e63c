#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

[[nodiscard]] BackendResponse sign(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse issue(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse sign_verbatim(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
