#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/certificate.hpp"

/// The Online Certificate Status Protocol (RFC 6960), as far as one certificate of one issuer goes.
namespace meshproof::crypto {

/// Which certificate is meant: the issuer by hashes of its name and key, and the serial number.
struct OcspCertId {
    std::string digest;  ///< "sha1", "sha256", "sha384" or "sha512"
    Bytes issuer_name_hash, issuer_key_hash;
    Bytes serial;  ///< magnitude without leading zeros

    [[nodiscard]] static OcspCertId of(const Certificate& issuer, const Bytes& serial,
                                       std::string digest = "sha1");
    [[nodiscard]] bool issued_by(const Certificate& issuer) const;
    friend bool operator==(const OcspCertId&, const OcspCertId&) = default;
};

/// An unsigned request for one certificate.
[[nodiscard]] std::string ocsp_request_der(const OcspCertId& id);
/// The first certificate that a request asks for; invalid where it is no OCSP request, asks for
/// nothing, has something after it, or names an unknown hash function.
[[nodiscard]] Result<OcspCertId> parse_ocsp_request(std::string_view der);

enum class CertificateStatus { good, revoked, unknown };
[[nodiscard]] std::string_view to_string(CertificateStatus status);

/// What a responder says of one certificate.
struct OcspStatement {
    OcspCertId id;
    CertificateStatus status = CertificateStatus::unknown;
    std::optional<Time> revoked_at;
    std::optional<int> reason;
    Time this_update, produced_at;
    std::optional<Time> next_update;
    bool by_name = true;              ///< the responder is named, not given by the hash of its key
    bool certificates = false;        ///< sent with it
    bool extensions = false;          ///< a nonce, say
    std::string signature_algorithm;  ///< OpenSSL's long name: "ecdsa-with-SHA256"
};

/// A response signed by the issuer itself, which is named in it; no certificates, no extensions.
[[nodiscard]] std::string make_ocsp_response(const OcspStatement& statement,
                                             const Certificate& issuer, const Key& issuer_key);
/// A response that says no more than why there is none: 1 malformedRequest, 2 internalError,
/// 6 unauthorized.
[[nodiscard]] std::string make_ocsp_failure(int status);

/// A response as read.
struct OcspResponse {
    int status = 0;  ///< 0 successful, else as for make_ocsp_failure()
    std::optional<OcspStatement> statement;
    std::string der;

    [[nodiscard]] static Result<OcspResponse> from_der(std::string_view der);
    /// Whether the issuer's own key signed it.
    [[nodiscard]] bool signed_by(const Certificate& issuer) const;
};

}  // namespace meshproof::crypto
