#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

/// What a request must be before it is signed.
namespace meshproof::fakes::vault::pki {

/// `csr`, parsed (row 101); its signature is not looked at yet.
[[nodiscard]] Checked<crypto::Csr> csr_of(const Mount& mount, const PkiCall& call);
/// Row 102.
[[nodiscard]] Checked<> check_csr_key(const Role& role, const crypto::PublicKey& key);

}  // namespace meshproof::fakes::vault::pki
