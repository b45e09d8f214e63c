#pragma once

#include <string>
#include <string_view>

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// Puts a certificate on the CRL of its issuer, or says why not (row 131).
[[nodiscard]] BackendResponse revoke_certificate(Mount& mount,
                                                 const crypto::Certificate& certificate, Time now);
/// The certificate's issuer in this mount, or null.
[[nodiscard]] const Issuer* signer_of(const Mount& mount, const crypto::Certificate& certificate);
/// Colons or dashes, any case: as certificates are kept.
[[nodiscard]] std::string normal_serial(std::string_view serial);
[[nodiscard]] BackendResponse revoke(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse revoke_issuer(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse rotate_crl(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse rotate_delta_crl(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse revoke_with_key(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
