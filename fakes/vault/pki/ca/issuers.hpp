#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

/// The routes of issuers (rows 83 to 88).
namespace meshproof::fakes::vault::pki {

[[nodiscard]] BackendResponse list_issuers(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_issuer(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse write_issuer(Mount& mount, const PkiCall& call);  ///< PATCH too
[[nodiscard]] BackendResponse delete_issuer(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_issuer_json(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_issuer_pem(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_issuer_der(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_issuers_config(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse write_issuers_config(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
