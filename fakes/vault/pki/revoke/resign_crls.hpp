#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// issuer/REF/resign-crls: lists that the issuer signed elsewhere become one (row 206).
[[nodiscard]] BackendResponse resign_crls(Mount& mount, const PkiCall& call);
/// issuer/REF/sign-revocation-list: a list of what the request says (row 206).
[[nodiscard]] BackendResponse sign_revocation_list(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
