#pragma once

#include "core/crypto/key.hpp"
#include "core/crypto/openssl.hpp"

namespace meshproof::crypto {

/// Writes an RSA, named-curve EC or Ed25519 key into `spki`; false (and nothing written) for any
/// other key. OpenSSL 3.0's own X509_set_pubkey encodes the key and decodes it again at once: 150
/// us against 2.
[[nodiscard]] bool write_spki(X509_PUBKEY* spki, const PublicKey& key);

/// A PublicKey of its own from a borrowed SubjectPublicKeyInfo; empty where OpenSSL knows no such
/// key.
[[nodiscard]] PublicKey read_spki(X509_PUBKEY* spki);

/// The digest with which a key of this kind signs certificates; null for Ed25519, which has its
/// own.
[[nodiscard]] const EVP_MD* usual_digest(const Key& key);

}  // namespace meshproof::crypto
