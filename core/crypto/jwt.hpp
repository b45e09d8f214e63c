#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/base/secret.hpp"
#include "core/crypto/key.hpp"

namespace meshproof::crypto {

/// A compact JWS with a JSON payload. Decoding checks the form only; `verify` checks the signature;
/// nobody checks times here.
struct Jwt {
    std::string algorithm;  ///< header `alg`
    std::string key_id;     ///< header `kid`, "" where absent
    std::string header;     ///< JSON text
    std::string claims;     ///< JSON text
    std::string signed_part;
    std::string signature;  ///< raw bytes

    [[nodiscard]] static Result<Jwt> decode(std::string_view compact);
    /// RS256, ES256, ES384 or ES512 (by `algorithm`) with this key; false for every other
    /// algorithm.
    [[nodiscard]] bool verify(const PublicKey& key) const;
};

/// RS256 for RSA keys, ES256/384/512 for EC keys. `claims` is JSON text, used as it is.
[[nodiscard]] Secret sign_jwt(std::string_view claims, std::string_view key_id, const Key& key);

/// The JSON Web Key of a public key (RSA and EC), with use "sig", alg and kid: JSON text.
[[nodiscard]] std::string jwk(const PublicKey& key, std::string_view key_id);
/// The key of a JSON Web Key of type RSA or EC (RFC 7518 6.2, 6.3); `invalid` for any other.
[[nodiscard]] Result<PublicKey> read_jwk(std::string_view text);
/// Kubernetes' key id: base64url of SHA-256 of the SPKI DER.
[[nodiscard]] std::string kubernetes_key_id(const PublicKey& key);

}  // namespace meshproof::crypto
