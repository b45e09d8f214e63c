#pragma once

#include "core/crypto/certificate.hpp"
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

/// The issuer's own subjectKeyIdentifier where it has one, else the id of its key.
[[nodiscard]] Bytes issuer_key_id(const Key& issuer_key, const Certificate* issuer);
/// Bytes of the subject's key id, positive and never zero.
[[nodiscard]] Bytes serial_of(Bytes subject_key_id);

/// The digest with which a key of this kind signs certificates; null for Ed25519, which has its
/// own.
[[nodiscard]] const EVP_MD* usual_digest(const Key& key);
/// The digest of this name, or the usual one where there is no name or the key has its own.
[[nodiscard]] const EVP_MD* digest_or_usual(const std::string& name, const Key& key);
/// For X509_sign_ctx() and its like: RSASSA-PSS, the salt as long as the digest, as Go does it.
[[nodiscard]] Handle<EVP_MD_CTX, EVP_MD_CTX_free> pss_context(const Key& key, const EVP_MD* digest);

}  // namespace meshproof::crypto
