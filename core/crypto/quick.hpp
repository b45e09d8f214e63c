#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "core/crypto/certificate.hpp"
#include "core/crypto/chain.hpp"
#include "core/crypto/openssl.hpp"

/// The same results as the general path, for what nearly every issuance of a mesh is made of: keys
/// on P-256 in their usual form, SHA-256, names in ASCII, the extensions of a leaf. Whatever is
/// anything else is answered by nothing, and the caller goes the general way. OpenSSL's contexts
/// are kept, one a thread and key, and DER is written by hand. quick.cpp says what is assumed;
/// tests/quick_test.cpp holds both ways side by side.
namespace meshproof::crypto {

/// The general way, which OpenSSL's builders go: DER of any request and certificate.
[[nodiscard]] std::string general_request(const Csr::Spec& spec, const Key& key);
[[nodiscard]] std::string general_certificate(const CertificateSpec& spec,
                                              const PublicKey& subject_key, const Key& issuer_key,
                                              const Certificate* issuer);

/// Path validation by X509_verify_cert.
[[nodiscard]] ChainVerdict general_verdict(const ChainQuestion& question);

}  // namespace meshproof::crypto

namespace meshproof::crypto::quick {

/// The point where the key is on P-256 by name and its point is uncompressed.
[[nodiscard]] std::optional<P256Point> point_of(const X509_ALGOR& algorithm,
                                                const ASN1_BIT_STRING& bits);
[[nodiscard]] bool on_curve(const P256Point& point);
/// An OpenSSL key of its own; the point is on the curve.
[[nodiscard]] std::shared_ptr<EVP_PKEY> key_of(const P256Point& point);
[[nodiscard]] Bytes spki_of(const P256Point& point);

/// Whether this is ecdsa-with-SHA256, which `verify` is for.
[[nodiscard]] bool is_ecdsa_sha256(const X509_ALGOR& algorithm);
enum class Signer : std::uint8_t { anyone, authority };
/// Whether `signature` is the point's own over `message`; the point is on the curve. For an
/// authority, whose key signs again and again, a table is made in time.
[[nodiscard]] bool verify(const P256Point& point, std::span<const std::uint8_t> message,
                          std::span<const std::uint8_t> signature, Signer signer);

/// SHA-256 of the message, signed: PKCS #1 by an RSA key, DER by one on P-256, nothing by another.
[[nodiscard]] std::optional<std::string> sign(const Key& key, std::string_view message);

[[nodiscard]] std::shared_ptr<EVP_PKEY> generate_p256();

/// A request in DER.
[[nodiscard]] std::optional<std::string> request(const Csr::Spec& spec, const Key& key);

/// A certificate in DER: where an issuer with a P-256 or RSA key signs a leaf.
[[nodiscard]] std::optional<std::string> certificate(const CertificateSpec& spec,
                                                     const PublicKey& subject_key,
                                                     const Key& issuer_key,
                                                     const Certificate* issuer);

/// What a request says.
struct RequestRead {
    std::string_view content, signature;  ///< what is signed, and by what; in the DER that was read
    P256Point point{};                    ///< on the curve or not
    Subject subject;
    AltNames alt_names;  ///< there are no other extensions
};
/// In one pass (quick_request.cpp says what is assumed); whoever reads it by OpenSSL reads the
/// same, and writes the same DER.
[[nodiscard]] std::optional<RequestRead> read_request(std::string_view der);

/// What a CA notes of each leaf that it signed.
struct Facts {
    Bytes serial;
    Time not_before, not_after;
};
/// Of a certificate that `certificate` wrote; nothing where it looks otherwise.
[[nodiscard]] std::optional<Facts> facts_of(std::string_view der);

/// Acceptance where the leaf's CA is known already (quick_chain.cpp says what else is assumed);
/// nothing otherwise, and never a refusal.
[[nodiscard]] std::optional<ChainVerdict> chain(const ChainQuestion& question);
/// The refusal of the same question at a date from which to this one nothing began or ended.
[[nodiscard]] std::optional<ChainVerdict> refused_before(const ChainQuestion& question);
/// Keeps the way of the leaf's CA to its root, for `chain` on the same thread, or the refusal.
void remember(const ChainQuestion& question, const ChainVerdict& verdict);

/// The DER of a text that is one PEM block of this label as OpenSSL and Go write it, and no more.
[[nodiscard]] std::optional<std::string> pem_content(std::string_view text, std::string_view label);

}  // namespace meshproof::crypto::quick
