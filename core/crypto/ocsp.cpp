#include "core/crypto/ocsp.hpp"

#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/ocsp.h>

#include "core/crypto/openssl.hpp"
#include "core/crypto/spki.hpp"

namespace meshproof::crypto {
namespace {

// The hash functions that Go's golang.org/x/crypto/ocsp knows.
const EVP_MD* digest_named(std::string_view name) {
    return name == "sha1"     ? EVP_sha1()
           : name == "sha256" ? EVP_sha256()
           : name == "sha384" ? EVP_sha384()
           : name == "sha512" ? EVP_sha512()
                              : nullptr;
}

std::string digest_name(const ASN1_OBJECT* algorithm) {
    switch (OBJ_obj2nid(algorithm)) {
        case NID_sha1:
            return "sha1";
        case NID_sha256:
            return "sha256";
        case NID_sha384:
            return "sha384";
        case NID_sha512:
            return "sha512";
        default:
            return "";
    }
}

Bytes copy_of(const ASN1_STRING* string) {
    const auto bytes = view(string);
    return {bytes.begin(), bytes.end()};
}

OcspCertId read_id(const OCSP_CERTID* native) {
    ASN1_OCTET_STRING *name = nullptr, *key = nullptr;
    ASN1_OBJECT* algorithm = nullptr;
    ASN1_INTEGER* serial = nullptr;
    // Only reads, though it takes no const. NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    succeed(OCSP_id_get0_info(&name, &algorithm, &key, &serial, const_cast<OCSP_CERTID*>(native)));
    return {digest_name(algorithm), copy_of(name), copy_of(key), to_bytes(serial)};
}

Handle<OCSP_CERTID, OCSP_CERTID_free> native_id(const Certificate& issuer, const Bytes& serial,
                                                const std::string& digest) {
    const auto* native_digest = digest_named(digest);
    MESHPROOF_ASSERT(native_digest != nullptr, "no such hash function in OCSP");
    return own<OCSP_CERTID_free>(
        OCSP_cert_id_new(native_digest, X509_get_subject_name(issuer.native()),
                         X509_get0_pubkey_bitstr(issuer.native()), to_asn1_integer(serial).get()));
}

Handle<ASN1_TIME, ASN1_TIME_free> generalized(Time time) {
    return own<ASN1_TIME_free>(ASN1_GENERALIZEDTIME_set(nullptr, unix_seconds(time)));
}

std::string read_whole(int status, OCSP_BASICRESP* basic) {
    const auto response = own<OCSP_RESPONSE_free>(OCSP_response_create(status, basic));
    return to_der(i2d_OCSP_RESPONSE, response.get());
}

Handle<OCSP_BASICRESP, OCSP_BASICRESP_free> basic_of(std::string_view der) {
    const auto response = parse_der<OCSP_RESPONSE_free>(d2i_OCSP_RESPONSE, der);
    return Handle<OCSP_BASICRESP, OCSP_BASICRESP_free>(
        response != nullptr ? OCSP_response_get1_basic(response.get()) : nullptr);
}

Result<std::optional<OcspStatement>> read_statement(OCSP_BASICRESP* basic) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic, 0);
    if (single == nullptr || OCSP_resp_count(basic) != 1) {
        return std::nullopt;
    }
    OcspStatement statement;
    statement.id = read_id(OCSP_SINGLERESP_get0_id(single));
    ASN1_GENERALIZEDTIME *revoked = nullptr, *this_update = nullptr, *next_update = nullptr;
    int reason = -1;
    const int status =
        OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);
    for (const ASN1_TIME* time : std::initializer_list<const ASN1_TIME*>{
             revoked, this_update, next_update, OCSP_resp_get0_produced_at(basic)}) {
        if (time != nullptr && !readable(time)) {
            return fail(FailureKind::invalid,
                        "OCSP response cannot be read: one of its dates is no time");
        }
    }
    statement.status = status == V_OCSP_CERTSTATUS_GOOD      ? CertificateStatus::good
                       : status == V_OCSP_CERTSTATUS_REVOKED ? CertificateStatus::revoked
                                                             : CertificateStatus::unknown;
    if (revoked != nullptr) {
        statement.revoked_at = to_time(revoked);
    }
    if (reason >= 0) {
        statement.reason = reason;
    }
    statement.this_update = to_time(this_update);
    if (next_update != nullptr) {
        statement.next_update = to_time(next_update);
    }
    statement.produced_at = to_time(OCSP_resp_get0_produced_at(basic));
    const ASN1_OCTET_STRING* key_hash = nullptr;
    const X509_NAME* name = nullptr;
    succeed(OCSP_resp_get0_id(basic, &key_hash, &name));
    statement.by_name = name != nullptr;
    statement.certificates = sk_X509_num(OCSP_resp_get0_certs(basic)) > 0;
    statement.extensions =
        OCSP_BASICRESP_get_ext_count(basic) > 0 || OCSP_SINGLERESP_get_ext_count(single) > 0;
    const ASN1_OBJECT* algorithm = nullptr;
    X509_ALGOR_get0(&algorithm, nullptr, nullptr, OCSP_resp_get0_tbs_sigalg(basic));
    statement.signature_algorithm = OBJ_nid2ln(OBJ_obj2nid(algorithm));
    return statement;
}

}  // namespace

OcspCertId OcspCertId::of(const Certificate& issuer, const Bytes& serial, std::string digest) {
    return read_id(native_id(issuer, serial, digest).get());
}

bool OcspCertId::issued_by(const Certificate& issuer) const {
    return digest_named(digest) != nullptr && *this == of(issuer, serial, digest);
}

std::string ocsp_request_der(const OcspCertId& id) {
    ASN1_OCTET_STRING *name = nullptr, *key = nullptr;
    ASN1_OBJECT* algorithm = nullptr;
    ASN1_INTEGER* serial = nullptr;
    // Made by OpenSSL with some issuer, then given the hashes that it shall have.
    const auto issuer_name = own<X509_NAME_free>(X509_NAME_new());
    const auto issuer_key = own<ASN1_BIT_STRING_free>(ASN1_BIT_STRING_new());
    const auto* digest = digest_named(id.digest);
    MESHPROOF_ASSERT(digest != nullptr, "no such hash function in OCSP");
    auto native = own<OCSP_CERTID_free>(OCSP_cert_id_new(
        digest, issuer_name.get(), issuer_key.get(), to_asn1_integer(id.serial).get()));
    succeed(OCSP_id_get0_info(&name, &algorithm, &key, &serial, native.get()));
    succeed(ASN1_OCTET_STRING_set(name, id.issuer_name_hash.data(),
                                  static_cast<int>(id.issuer_name_hash.size())));
    succeed(ASN1_OCTET_STRING_set(key, id.issuer_key_hash.data(),
                                  static_cast<int>(id.issuer_key_hash.size())));
    const auto request = own<OCSP_REQUEST_free>(OCSP_REQUEST_new());
    present(OCSP_request_add0_id(request.get(), native.get()));
    (void)native.release();
    return to_der(i2d_OCSP_REQUEST, request.get());
}

Result<OcspCertId> parse_ocsp_request(std::string_view der) {
    const auto request = parse_der<OCSP_REQUEST_free>(d2i_OCSP_REQUEST, der);
    if (request == nullptr) {
        const std::string errors = drain_errors();
        return fail(FailureKind::invalid, "OCSP request cannot be read: {}",
                    errors.empty() ? "there is something after it" : errors);
    }
    OCSP_ONEREQ* first = OCSP_request_onereq_get0(request.get(), 0);
    if (first == nullptr) {
        ERR_clear_error();
        return fail(FailureKind::invalid, "OCSP request asks for no certificate");
    }
    auto id = read_id(OCSP_onereq_get0_id(first));
    if (id.digest.empty()) {
        return fail(FailureKind::invalid, "OCSP request uses an unknown hash function");
    }
    return id;
}

std::string_view to_string(CertificateStatus status) {
    switch (status) {
        case CertificateStatus::good:
            return "good";
        case CertificateStatus::revoked:
            return "revoked";
        case CertificateStatus::unknown:
            return "unknown";
    }
    MESHPROOF_ASSERT(false, "no such status");
}

std::string make_ocsp_response(const OcspStatement& statement, const Certificate& issuer,
                               const Key& issuer_key) {
    const auto basic = own<OCSP_BASICRESP_free>(OCSP_BASICRESP_new());
    const auto id = native_id(issuer, statement.id.serial, statement.id.digest);
    const auto this_update = generalized(statement.this_update);
    const auto next_update = statement.next_update ? generalized(*statement.next_update) : nullptr;
    const auto revoked_at = statement.revoked_at ? generalized(*statement.revoked_at) : nullptr;
    const int status = statement.status == CertificateStatus::good      ? V_OCSP_CERTSTATUS_GOOD
                       : statement.status == CertificateStatus::revoked ? V_OCSP_CERTSTATUS_REVOKED
                                                                        : V_OCSP_CERTSTATUS_UNKNOWN;
    present(OCSP_basic_add1_status(basic.get(), id.get(), status,
                                   statement.reason.value_or(OCSP_REVOKED_STATUS_NOSTATUS),
                                   revoked_at.get(), this_update.get(), next_update.get()));
    // OpenSSL would write the machine's time: the response is the only owner of what is set here.
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    auto* produced_at = const_cast<ASN1_GENERALIZEDTIME*>(OCSP_resp_get0_produced_at(basic.get()));
    const auto now = generalized(statement.produced_at);
    succeed(ASN1_STRING_copy(produced_at, now.get()));
    succeed(OCSP_basic_sign(basic.get(), issuer.native(), issuer_key.native(),
                            usual_digest(issuer_key), nullptr, OCSP_NOCERTS | OCSP_NOTIME),
            "cannot sign an OCSP response");
    return read_whole(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get());
}

std::string make_ocsp_failure(int status) {
    return read_whole(status, nullptr);
}

Result<OcspResponse> OcspResponse::from_der(std::string_view der) {
    const auto response = parse_der<OCSP_RESPONSE_free>(d2i_OCSP_RESPONSE, der);
    if (response == nullptr) {
        const std::string errors = drain_errors();
        return fail(FailureKind::invalid, "OCSP response cannot be read: {}",
                    errors.empty() ? "there is something after it" : errors);
    }
    OcspResponse read;
    read.status = OCSP_response_status(response.get());
    read.der = der;
    if (read.status == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        const Handle<OCSP_BASICRESP, OCSP_BASICRESP_free> basic(
            OCSP_response_get1_basic(response.get()));
        if (basic == nullptr) {
            return fail(FailureKind::invalid, "OCSP response without a basic response: {}",
                        drain_errors());
        }
        auto statement = read_statement(basic.get());
        if (!statement) {
            return propagate(statement);
        }
        read.statement = std::move(*statement);
    }
    return read;
}

bool OcspResponse::signed_by(const Certificate& issuer) const {
    const auto basic = basic_of(der);
    STACK_OF(X509)* signers = present(sk_X509_new_null());
    succeed(sk_X509_push(signers, issuer.native()));
    const bool verified = basic != nullptr && OCSP_basic_verify(basic.get(), signers, nullptr,
                                                                OCSP_NOVERIFY | OCSP_NOINTERN) == 1;
    sk_X509_free(signers);
    ERR_clear_error();
    return verified;
}

}  // namespace meshproof::crypto
