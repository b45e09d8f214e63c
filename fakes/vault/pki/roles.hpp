#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

[[nodiscard]] BackendResponse list_roles(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_role(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse write_role(Mount& mount, const PkiCall& call);  ///< PATCH too
[[nodiscard]] BackendResponse delete_role(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
