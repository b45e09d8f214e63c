#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/certificate.hpp"
#include "fakes/vault/pki/ground/role.hpp"

namespace meshproof::fakes::vault::pki {

/// KeyUsage bits of names such as "DigitalSignature"; unknown names are ignored, nothing where no
/// bit is left (row 117).
[[nodiscard]] std::optional<unsigned> key_usage_bits(const std::vector<std::string>& names);
/// OIDs of the flags and of `ext_key_usage`, in the real servers' fixed order, then of
/// `ext_key_usage_oids`.
[[nodiscard]] std::vector<std::string> extended_key_usages(const Role& role);

/// A signature algorithm by Go's name, in any case: "SHA384WithRSAPSS", "ECDSAWithSHA256",
/// "Ed25519".
struct SignatureName {
    std::string name;    ///< as it is printed
    std::string key;     ///< "rsa", "ec", "ed25519" or "mldsa" (OpenBao; no key here is one)
    std::string digest;  ///< "sha384", "" for ed25519
    bool pss = false;
};
[[nodiscard]] const std::vector<SignatureName>& signature_names();
/// Nothing where there is no such algorithm.
[[nodiscard]] std::optional<SignatureName> parse_signature_name(std::string_view name);

/// Go's name of the certificate's signature algorithm: "SHA256WithRSA" (row 83).
[[nodiscard]] std::string go_signature_name(const crypto::Certificate& certificate);

}  // namespace meshproof::fakes::vault::pki
