#pragma once

#include <optional>

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// 304 where the client has it already and the mount passes If-Modified-Since through (row 134).
[[nodiscard]] std::optional<BackendResponse> not_modified(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse fetch_ca(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse fetch_ca_pem(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse fetch_ca_chain(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse fetch_crl(
    Mount& mount, const PkiCall& call);  ///< every crl path of the default issuer
[[nodiscard]] BackendResponse fetch_issuer_crl(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse fetch_cert_ca(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse fetch_cert_ca_chain(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse fetch_cert_crl(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse fetch_certificate(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse fetch_certificate_raw(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse fetch_certificate_pem(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse list_certificates(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse list_revoked(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
