#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

[[nodiscard]] BackendResponse read_urls(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse write_urls(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_acme(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse write_acme(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse acme_is_off(Mount& mount, const PkiCall& call);  ///< the protocol
[[nodiscard]] BackendResponse read_cluster(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse write_cluster(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_crl_config(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse write_crl_config(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
