#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/certificate.hpp"
#include "fakes/vault/logical/product.hpp"

namespace meshproof::fakes::vault::pki {

/// The CSR's subject as it stands in its DER.
[[nodiscard]] std::string subject_der(const crypto::Csr& csr);
/// The same subject as Go's library writes one that it has read: an RDN for each attribute, texts
/// as PrintableString where they can be, else as UTF8String.
[[nodiscard]] std::string rewritten_subject(const crypto::Csr& csr);
/// Why Go's crypto/x509 reads no request in this DER, in its words; "" if it does. What OpenSSL
/// refuses too is not looked at.
[[nodiscard]] std::string trouble_with_csr(const crypto::Csr& csr, Product product);
/// Whether every `otherName` of the request is a UTF8String, the only kind that the servers take.
[[nodiscard]] bool other_names_are_texts(const crypto::Csr& csr);
/// Whether Go knows the curve of this key, if it has one.
[[nodiscard]] bool of_known_curve(const crypto::PublicKey& key);
/// A certificate policy with what qualifies it, "" = nothing (RFC 5280 4.2.1.4).
struct Policy {
    std::string oid, cps, notice;
};
[[nodiscard]] crypto::RawExtension certificate_policies(const std::vector<Policy>& policies);
/// A SAN as both servers write it where an `otherName` is among the names: those first, never
/// critical, behind all other extensions.
[[nodiscard]] crypto::RawExtension names_with_others(const crypto::AltNames& names);
/// The freshestCRL extension (RFC 5280 4.2.1.15) that OpenBao adds where delta CRL URLs are set.
[[nodiscard]] crypto::RawExtension freshest_crl(const std::vector<std::string>& urls);
/// A critical nameConstraints extension that permits these DNS names (RFC 5280 4.2.1.10).
[[nodiscard]] crypto::RawExtension dns_name_constraints(const std::vector<std::string>& domains);

/// Why the servers write no OID from this text, in Go's words; "" if they do.
[[nodiscard]] std::string oid_fault(std::string_view oid);

/// A role's policy identifier: an OID (which is not looked at), or JSON with `oid`, `cps` and
/// `notice`; nothing where it is neither.
[[nodiscard]] std::optional<Policy> parse_policy_identifier(const std::string& text);
/// All of them in one JSON text, a list of such objects, each as an identifier of its own; nothing
/// where the text is none.
[[nodiscard]] std::optional<std::vector<std::string>> parse_policy_list(const std::string& text);

}  // namespace meshproof::fakes::vault::pki
