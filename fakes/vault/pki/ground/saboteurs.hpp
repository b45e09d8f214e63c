#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

/// Where a deliberate fault can get into the certificates of a mount: on their way to the CA's
/// signature, after every rule has had its say.
namespace meshproof::fakes::vault::pki {

/// A certificate that only lacks the signature.
struct ToBeSigned {
    crypto::CertificateSpec spec;
    crypto::PublicKey key;  ///< the subject's
    bool of_csr = false;    ///< it came with a CSR; else it was made here
    Time now;
};

/// Lets the saboteurs that are on have their way with it.
void sabotage(Mount& mount, ToBeSigned& certificate);

}  // namespace meshproof::fakes::vault::pki
