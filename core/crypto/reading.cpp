#include "core/crypto/reading.hpp"

#include <openssl/err.h>

namespace meshproof::crypto {
namespace {

// crypto/x509/x_req.c and x_x509.c of OpenSSL, with KeyBytes for X509_PUBKEY.
// NOLINTBEGIN
ASN1_SEQUENCE(KeyBytes) =
    {
        ASN1_SIMPLE(KeyBytes, algorithm, X509_ALGOR),
        ASN1_SIMPLE(KeyBytes, bits, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(KeyBytes)

        ASN1_SEQUENCE_enc(RequestInfo, encoding, nullptr) =
            {
                ASN1_SIMPLE(RequestInfo, version, ASN1_INTEGER),
                ASN1_SIMPLE(RequestInfo, subject, X509_NAME),
                ASN1_SIMPLE(RequestInfo, key, KeyBytes),
                ASN1_IMP_SET_OF_OPT(RequestInfo, attributes, X509_ATTRIBUTE, 0),
} static_ASN1_SEQUENCE_END_ref(RequestInfo, RequestInfo)

                ASN1_SEQUENCE(RequestParts) =
                    {
                        ASN1_SIMPLE(RequestParts, info, RequestInfo),
                        ASN1_SIMPLE(RequestParts, algorithm, X509_ALGOR),
                        ASN1_SIMPLE(RequestParts, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(RequestParts)

                        ASN1_SEQUENCE_enc(CertificateInfo, encoding, nullptr) =
                            {
                                ASN1_EXP_OPT(CertificateInfo, version, ASN1_INTEGER, 0),
                                ASN1_SIMPLE(CertificateInfo, serial, ASN1_INTEGER),
                                ASN1_SIMPLE(CertificateInfo, algorithm, X509_ALGOR),
                                ASN1_SIMPLE(CertificateInfo, issuer, X509_NAME),
                                ASN1_SIMPLE(CertificateInfo, validity, X509_VAL),
                                ASN1_SIMPLE(CertificateInfo, subject, X509_NAME),
                                ASN1_SIMPLE(CertificateInfo, key, KeyBytes),
                                ASN1_IMP_OPT(CertificateInfo, issuer_id, ASN1_BIT_STRING, 1),
                                ASN1_IMP_OPT(CertificateInfo, subject_id, ASN1_BIT_STRING, 2),
                                ASN1_EXP_SEQUENCE_OF_OPT(CertificateInfo, extensions,
                                                         X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END_ref(CertificateInfo, CertificateInfo)

                                ASN1_SEQUENCE(CertificateParts) =
                                    {
                                        ASN1_SIMPLE(CertificateParts, info, CertificateInfo),
                                        ASN1_SIMPLE(CertificateParts, algorithm, X509_ALGOR),
                                        ASN1_SIMPLE(CertificateParts, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(CertificateParts)
    // NOLINTEND

    template <class T>
    Parts<T> read(const ASN1_ITEM* item, std::string_view der) {
    const auto bytes = as_bytes(der);
    const unsigned char* at = bytes.data();
    Parts<T> parts(static_cast<T*>(
        static_cast<void*>(ASN1_item_d2i(nullptr, &at, static_cast<long>(bytes.size()), item))));
    if (parts != nullptr && at != bytes.data() + bytes.size()) {
        parts.reset();
    }
    return parts;
}

template <class T>
std::string write(const ASN1_ITEM* item, const T& value) {
    unsigned char* out = nullptr;
    const int length = succeed(
        ASN1_item_i2d(static_cast<const ASN1_VALUE*>(static_cast<const void*>(&value)), &out, item),
        "cannot encode DER");
    std::string der(as_text({out, static_cast<std::size_t>(length)}));
    OPENSSL_free(out);
    return der;
}

void release(const ASN1_ITEM* item, void* value) {
    ASN1_item_free(static_cast<ASN1_VALUE*>(value), item);
}

}  // namespace

void free_parts(RequestParts* parts) {
    release(ASN1_ITEM_rptr(RequestParts), parts);
}

void free_parts(CertificateParts* parts) {
    release(ASN1_ITEM_rptr(CertificateParts), parts);
}

Parts<RequestParts> read_request(std::string_view der) {
    return read<RequestParts>(ASN1_ITEM_rptr(RequestParts), der);
}

Parts<CertificateParts> read_certificate(std::string_view der) {
    return read<CertificateParts>(ASN1_ITEM_rptr(CertificateParts), der);
}

std::string to_der(const RequestParts& parts) {
    return write(ASN1_ITEM_rptr(RequestParts), parts);
}

std::string to_der(const CertificateParts& parts) {
    return write(ASN1_ITEM_rptr(CertificateParts), parts);
}

std::optional<bool> quick_verdict(const Signed& made, const PublicKey& key, quick::Signer signer) {
    if (key.point() == nullptr || made.content.modified != 0 ||
        !quick::is_ecdsa_sha256(made.algorithm)) {
        return std::nullopt;
    }
    // As ASN1_item_verify: a signature is whole bytes.
    return (made.signature.flags & 0x07) == 0 &&
           quick::verify(*key.point(),
                         {made.content.enc, static_cast<std::size_t>(made.content.len)},
                         view(&made.signature), signer);
}

PublicKey read_key(const KeyBytes& key) {
    if (const auto point = quick::point_of(*key.algorithm, *key.bits);
        point && quick::on_curve(*point)) {
        return PublicKey(*point);
    }
    auto decoded = parse_der<EVP_PKEY_free>(d2i_PUBKEY, write(ASN1_ITEM_rptr(KeyBytes), key));
    ERR_clear_error();
    return PublicKey(share(std::move(decoded)));
}

}  // namespace meshproof::crypto
