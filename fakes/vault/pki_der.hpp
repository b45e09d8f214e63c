#pragma once

#include <string>
#include <vector>

#include "core/crypto/certificate.hpp"

namespace meshproof::fakes::pki {

/// The CSR's subject as it stands in its DER.
[[nodiscard]] std::string subject_der(const crypto::Csr& csr);
/// The freshestCRL extension (RFC 5280 4.2.1.15) that OpenBao adds where delta CRL URLs are set.
[[nodiscard]] crypto::RawExtension freshest_crl(const std::vector<std::string>& urls);
/// A critical nameConstraints extension that permits these DNS names (RFC 5280 4.2.1.10).
[[nodiscard]] crypto::RawExtension dns_name_constraints(const std::vector<std::string>& domains);

}  // namespace meshproof::fakes::pki
