#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/key.hpp"
#include "core/time/time.hpp"

typedef struct x509_st X509;          // NOLINT: OpenSSL's own opaque types
typedef struct X509_crl_st X509_CRL;  // NOLINT

namespace meshproof::crypto {

/// Subject alternative names, each list in the certificate's own order.
struct AltNames {
    struct Other {
        std::string oid;
        std::string value;  ///< UTF8String
        friend bool operator==(const Other&, const Other&) = default;
    };
    std::vector<std::string> dns;
    std::vector<std::string> emails;
    std::vector<std::string> ips;  ///< textual, IPv4 or IPv6
    std::vector<std::string> uris;
    std::vector<Other> others;
    [[nodiscard]] bool empty() const {
        return dns.empty() && emails.empty() && ips.empty() && uris.empty() && others.empty();
    }
    friend bool operator==(const AltNames&, const AltNames&) = default;
};

/// A distinguished name, as far as Vault's roles and CSRs use one.
struct Subject {
    std::string common_name;
    std::string serial_number;
    std::vector<std::string> organization, organizational_unit, country, locality, province,
        street_address, postal_code;
    std::vector<std::string>
        user_ids{};  ///< 0.9.2342.19200300.100.1.1, each an RDN of its own, last
    [[nodiscard]] bool empty() const;
    friend bool operator==(const Subject&, const Subject&) = default;
};

/// Bits of the keyUsage extension, combined with |.
enum KeyUsage : unsigned {
    digital_signature = 1U << 0,
    content_commitment = 1U << 1,
    key_encipherment = 1U << 2,
    data_encipherment = 1U << 3,
    key_agreement = 1U << 4,
    cert_sign = 1U << 5,
    crl_sign = 1U << 6,
    encipher_only = 1U << 7,
    decipher_only = 1U << 8,
};

/// An extension copied as it is (sign-verbatim, unusual test certificates).
struct RawExtension {
    std::string oid;
    bool critical = false;
    Bytes value;  ///< DER content of the extension's octet string
};

struct CertificateParts;  // core/crypto/reading.hpp

/// A certificate. A small value: copies share the OpenSSL object, which is never changed.
class Certificate {
  public:
    Certificate() = default;
    explicit Certificate(std::shared_ptr<X509> certificate);

    /// The first CERTIFICATE block.
    [[nodiscard]] static Result<Certificate> from_pem(std::string_view pem);
    [[nodiscard]] static Result<Certificate> from_der(std::string_view der);
    /// As from_der; a leaf, too, is known again by its bytes, with what was found out about it: for
    /// whoever meets the same few again and again.
    [[nodiscard]] static Result<Certificate> met(std::string_view der);
    /// Of DER that was just written here.
    [[nodiscard]] static Certificate made(std::string der);
    /// Every CERTIFICATE block in order; invalid if there is none or one cannot be read (says
    /// which).
    [[nodiscard]] static Result<std::vector<Certificate>> all_from_pem(std::string_view pem);

    [[nodiscard]] std::string pem() const;  ///< with a final newline
    [[nodiscard]] std::string der() const;
    /// Lower-case hex pairs joined by ':', two digits a byte, no leading 00 byte: as Vault prints
    /// it.
    [[nodiscard]] std::string serial() const;
    [[nodiscard]] Subject subject() const;
    [[nodiscard]] bool subject_is_empty() const;     ///< of any kind of attribute
    [[nodiscard]] std::string subject_line() const;  ///< RFC 2253, for messages
    [[nodiscard]] std::string issuer_line() const;
    [[nodiscard]] std::string subject_der() const;
    [[nodiscard]] std::string issuer_der() const;
    [[nodiscard]] AltNames alt_names() const;
    [[nodiscard]] bool alt_names_critical() const;
    [[nodiscard]] Time not_before() const;
    [[nodiscard]] Time not_after() const;
    [[nodiscard]] bool valid_at(
        Time time) const;  ///< not_before <= time <= not_after in whole seconds (RFC 5280 4.1.2.5)
    /// basicConstraints cA, or nothing where the extension is absent.
    [[nodiscard]] std::optional<bool> is_ca() const;
    [[nodiscard]] std::optional<int> path_length() const;
    [[nodiscard]] std::optional<unsigned> key_usage()
        const;  ///< KeyUsage bits, or nothing where absent
    [[nodiscard]] bool key_usage_critical() const;
    /// Dotted OIDs in order, or nothing where the extension is absent.
    [[nodiscard]] std::optional<std::vector<std::string>> extended_key_usage() const;
    [[nodiscard]] Bytes subject_key_id() const;    ///< empty where absent
    [[nodiscard]] Bytes authority_key_id() const;  ///< empty where absent
    [[nodiscard]] std::vector<std::string> issuing_certificate_urls() const;
    [[nodiscard]] std::vector<std::string> crl_urls() const;
    [[nodiscard]] std::string signature_algorithm()
        const;  ///< OpenSSL's long name: "sha256WithRSAEncryption"
    [[nodiscard]] std::string signature_digest() const;  ///< "sha256"; "" where there is none
    [[nodiscard]] std::vector<RawExtension> extensions() const;
    [[nodiscard]] PublicKey public_key() const;
    [[nodiscard]] std::string fingerprint() const;  ///< SHA-256 of the DER, hex
    [[nodiscard]] bool self_signed() const;  ///< subject equals issuer and its own key verifies it
    [[nodiscard]] bool signed_by(
        const Certificate& issuer) const;  ///< names match and the signature verifies
    /// The signature verifies, whatever the names are.
    [[nodiscard]] bool verified_by(const Certificate& issuer) const;
    /// Made when it is asked for first; null for the empty certificate.
    [[nodiscard]] X509* native() const;
    [[nodiscard]] const CertificateParts& parts() const;
    [[nodiscard]] explicit operator bool() const { return body_ != nullptr; }
    friend bool operator==(const Certificate& a, const Certificate& b);

  private:
    struct Body;
    explicit Certificate(std::shared_ptr<Body> body) : body_(std::move(body)) {}
    [[nodiscard]] static Result<Certificate> read(std::string_view der);
    [[nodiscard]] Body& body() const;
    std::shared_ptr<Body> body_;
};

/// A certificate signing request (PKCS#10).
class Csr {
  public:
    Csr() = default;

    struct Spec {
        Subject subject;
        AltNames alt_names;
        std::vector<RawExtension> extensions;  ///< beside the SAN, as given
        std::string digest = {};               ///< as CertificateSpec's; empty = by the key
        bool pss = false;                      ///< RSASSA-PSS, where the key is RSA
    };
    [[nodiscard]] static Csr make(const Spec& spec, const Key& key);
    [[nodiscard]] static Result<Csr> from_pem(std::string_view pem);
    [[nodiscard]] static Result<Csr> from_der(std::string_view der);
    [[nodiscard]] std::string pem() const;
    [[nodiscard]] std::string der() const;
    [[nodiscard]] Subject subject() const;
    [[nodiscard]] std::string subject_der() const;
    [[nodiscard]] AltNames alt_names() const;
    [[nodiscard]] bool has_basic_constraints() const;
    [[nodiscard]] std::vector<RawExtension> extensions()
        const;  ///< all that it asks for, the SAN too
    [[nodiscard]] PublicKey public_key()
        const;  ///< empty for a kind of key that OpenSSL does not know
    [[nodiscard]] std::string signature_algorithm()
        const;  ///< OpenSSL's long name: "ecdsa-with-SHA256"
    [[nodiscard]] bool signature_valid() const;

  private:
    struct Body;
    explicit Csr(std::shared_ptr<Body> body) : body_(std::move(body)) {}
    [[nodiscard]] Body& body() const;
    std::shared_ptr<Body> body_;
};

/// What a new certificate shall say. Extensions that are not named here are absent.
struct CertificateSpec {
    Bytes serial;  ///< big-endian magnitude, at most 20 bytes; empty = made from the subject's key
    Subject subject;
    std::optional<std::string>
        subject_der;  ///< used verbatim instead of `subject` (sign-verbatim, sign-self-issued)
    Time not_before;  ///< cut to whole seconds
    Time not_after;
    AltNames alt_names;         ///< critical exactly if the subject is empty
    std::optional<bool> is_ca;  ///< basicConstraints, critical
    std::optional<int> path_length;
    std::optional<unsigned> key_usage;  ///< KeyUsage bits, critical
    std::vector<std::string>
        extended_key_usage;  ///< dotted OIDs in order, not critical; empty = absent
    std::vector<std::string> issuing_certificate_urls, ocsp_urls, crl_urls;
    std::vector<std::string> policy_oids;
    std::optional<RawExtension> policies;  ///< instead of `policy_oids`
    std::optional<RawExtension> name_constraints;
    bool subject_key_id = true;
    std::optional<Bytes> other_subject_key_id;  ///< instead of the one made from the key
    bool authority_key_id = true;
    std::vector<RawExtension> extra;  ///< last, and instead of one of the above with the same OID
    std::string digest;  ///< "sha256", "sha384", "sha512"; empty = by the issuer's key (RSA 256, EC
                         ///< by curve, ed25519 none)
    bool pss = false;    ///< RSASSA-PSS instead of PKCS#1 v1.5, where the issuer's key is RSA
};

/// Signs a certificate for `subject_key`. Without `issuer` it is self-signed (subject = issuer).
[[nodiscard]] Certificate sign_certificate(const CertificateSpec& spec,
                                           const PublicKey& subject_key, const Key& issuer_key,
                                           const Certificate* issuer);

/// Dotted OIDs of extendedKeyUsage.
inline constexpr std::string_view eku_server_auth = "1.3.6.1.5.5.7.3.1";
inline constexpr std::string_view eku_client_auth = "1.3.6.1.5.5.7.3.2";

/// `07:42:…` and back: pairs of hex digits in either case, joined by ':' or '-'; nothing where it
/// is anything else.
[[nodiscard]] std::string serial_text(std::span<const std::uint8_t> serial);
[[nodiscard]] std::optional<Bytes> parse_serial(std::string_view text);

/// Concatenates PEM blocks, each ending with one newline.
[[nodiscard]] std::string to_pem(std::span<const Certificate> certificates);

}  // namespace meshproof::crypto
