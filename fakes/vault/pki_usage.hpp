#pragma once

#include "core/crypto/certificate.hpp"
#include "fakes/vault/pki_role.hpp"

namespace meshproof::fakes::pki {

/// KeyUsage bits of names such as "DigitalSignature"; unknown names are ignored, nothing where no
/// bit is left (row 117).
[[nodiscard]] std::optional<unsigned> key_usage_bits(const std::vector<std::string>& names);
/// OIDs of the flags and of `ext_key_usage`, in the real servers' fixed order, then of
/// `ext_key_usage_oids`.
[[nodiscard]] std::vector<std::string> extended_key_usages(const Role& role);

/// Go's name of the certificate's signature algorithm: "SHA256WithRSA" (row 83).
[[nodiscard]] std::string go_signature_name(const crypto::Certificate& certificate);

}  // namespace meshproof::fakes::pki
