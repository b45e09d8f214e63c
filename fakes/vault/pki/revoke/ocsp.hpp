#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

[[nodiscard]] BackendResponse ocsp(Mount& mount, const PkiCall& call);  ///< GET and POST

}  // namespace meshproof::fakes::vault::pki
