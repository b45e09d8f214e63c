#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/crypto/key.hpp"

/// Signatures over bytes, as certificates, CRLs, CSRs and OCSP responses hold them. `algorithm` is
/// an AlgorithmIdentifier in DER (RFC 5280 4.1.1.2).
namespace meshproof::crypto {

/// Nothing where the key is not of the algorithm's kind, or the algorithm is unknown.
[[nodiscard]] std::optional<std::string> sign_as(std::string_view algorithm,
                                                 std::string_view message, const Key& key);
[[nodiscard]] bool verify_as(std::string_view algorithm, std::string_view message,
                             std::string_view signature, const PublicKey& key);

}  // namespace meshproof::crypto
