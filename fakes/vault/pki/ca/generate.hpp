#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

/// Roots and intermediates: made, signed, rotated, deleted (rows 70 to 82).
namespace meshproof::fakes::vault::pki {

[[nodiscard]] BackendResponse generate_root(Mount& mount,
                                            const PkiCall& call);  ///< root/rotate too
[[nodiscard]] BackendResponse delete_root(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse generate_intermediate(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse cross_sign(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse sign_intermediate(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse sign_self_issued(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
