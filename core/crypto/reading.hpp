#pragma once

#include <openssl/asn1t.h>

#include "core/crypto/key.hpp"
#include "core/crypto/openssl.hpp"
#include "core/crypto/quick.hpp"

/// Requests and certificates as OpenSSL's own templates read them, field by field, but for the
/// public key, which stays in bytes: decoding it is what makes d2i_X509_REQ and d2i_X509 slow (80
/// and 103 us against 2 and 4), and most readers never ask for it. What can be read and what cannot
/// is the same, since OpenSSL takes a key that it cannot decode.
namespace meshproof::crypto {

struct KeyBytes {
    X509_ALGOR* algorithm;
    ASN1_BIT_STRING* bits;
};

struct RequestInfo {
    ASN1_ENCODING encoding;  ///< as it was received: what is signed
    ASN1_INTEGER* version;
    X509_NAME* subject;
    KeyBytes* key;
    STACK_OF(X509_ATTRIBUTE) * attributes;
};
struct RequestParts {
    RequestInfo* info;
    X509_ALGOR* algorithm;
    ASN1_BIT_STRING* signature;
};

struct CertificateInfo {
    ASN1_ENCODING encoding;
    ASN1_INTEGER* version;
    ASN1_INTEGER* serial;
    X509_ALGOR* algorithm;
    X509_NAME* issuer;
    X509_VAL* validity;
    X509_NAME* subject;
    KeyBytes* key;
    ASN1_BIT_STRING *issuer_id, *subject_id;
    STACK_OF(X509_EXTENSION) * extensions;
};
struct CertificateParts {
    CertificateInfo* info;
    X509_ALGOR* algorithm;
    ASN1_BIT_STRING* signature;
};

void free_parts(RequestParts* parts);
void free_parts(CertificateParts* parts);
struct PartsDeleter {
    template <class T>
    void operator()(T* parts) const {
        free_parts(parts);
    }
};
template <class T>
using Parts = std::unique_ptr<T, PartsDeleter>;

/// One object and nothing after it; null where it cannot be read (errors stay queued).
[[nodiscard]] Parts<RequestParts> read_request(std::string_view der);
[[nodiscard]] Parts<CertificateParts> read_certificate(std::string_view der);
/// As i2d_X509_REQ and i2d_X509 write it.
[[nodiscard]] std::string to_der(const RequestParts& parts);
[[nodiscard]] std::string to_der(const CertificateParts& parts);

/// Bytes and a signature over them, as they were received.
struct Signed {
    const ASN1_ENCODING& content;
    const X509_ALGOR& algorithm;
    const ASN1_BIT_STRING& signature;
};
/// Whether the signature is the key's, where key and algorithm are those that `quick` knows.
[[nodiscard]] std::optional<bool> quick_verdict(const Signed& made, const PublicKey& key,
                                                quick::Signer signer);

/// Empty where OpenSSL knows no such key.
[[nodiscard]] PublicKey read_key(const KeyBytes& key);

}  // namespace meshproof::crypto
