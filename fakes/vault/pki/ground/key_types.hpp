#pragma once

#include <string>
#include <string_view>

#include "core/crypto/key.hpp"
#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// The key that `key_type` ("rsa", "ec", "ed25519") and `key_bits` (0 = the type's default) ask
/// for, or the 400 text.
[[nodiscard]] Checked<crypto::KeyType> key_type_of(const std::string& type, std::int64_t bits);
/// RSA of 8192 bits: a role may ask for it, and no such key is made here.
[[nodiscard]] bool is_largest_rsa(std::string_view type, std::int64_t bits);
/// What is said where a key of type "any" should be made: validations know that word of roles.
inline constexpr std::string_view no_such_key = "unknown key type: any";
/// A private key of a kind that Go's library reads.
[[nodiscard]] Result<crypto::Key> known_key(const std::string& pem);
/// A public key of a kind that Go's crypto/x509 reads: of any other it says that there is none.
[[nodiscard]] bool known_to_go(const crypto::PublicKey& key);
/// 0 replaced by the type's default: 2048, 256, 0.
[[nodiscard]] std::int64_t default_key_bits(std::string_view type, std::int64_t bits);
/// "384" -> "sha384"; "" = by the issuer's key.
[[nodiscard]] std::string digest_of(std::int64_t signature_bits);

}  // namespace meshproof::fakes::vault::pki
