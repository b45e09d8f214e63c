#pragma once

#include "core/crypto/certificate.hpp"
#include "core/crypto/chain.hpp"
#include "core/crypto/tls.hpp"

/// What an issuance is measured on: P-256 throughout, a root and an intermediate, a leaf as a
/// mesh's role makes it.
namespace meshproof::micro {

inline const Time now = from_unix_seconds(1'900'000'000);

struct Pki {
    Pki();
    crypto::Key root_key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::Certificate root;
    crypto::Key intermediate_key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::Certificate intermediate;
};
[[nodiscard]] const Pki& pki();

[[nodiscard]] crypto::Csr::Spec csr_spec();
[[nodiscard]] crypto::CertificateSpec leaf_spec();
[[nodiscard]] crypto::TlsIdentity leaf();
[[nodiscard]] crypto::ChainQuestion chain_question(const crypto::Certificate& leaf);

}  // namespace meshproof::micro
