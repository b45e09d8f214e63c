#include "core/crypto/crl.hpp"

#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/x509v3.h>

#include "core/crypto/names.hpp"
#include "core/crypto/openssl.hpp"
#include "core/crypto/spki.hpp"

namespace meshproof::crypto {
namespace {

X509_CRL* some(X509_CRL* crl) {
    MESHPROOF_ASSERT(crl != nullptr, "an empty CRL was used");
    return crl;
}

void add_extension(X509_CRL* crl, int nid, bool critical, void* value) {
    succeed(X509_CRL_add1_ext_i2d(crl, nid, value, critical ? 1 : 0, X509V3_ADD_DEFAULT));
}

void add_entry(X509_CRL* crl, const Crl::Entry& entry) {
    auto revoked = own<X509_REVOKED_free>(X509_REVOKED_new());
    succeed(X509_REVOKED_set_serialNumber(revoked.get(), to_asn1_integer(entry.serial).get()));
    succeed(X509_REVOKED_set_revocationDate(revoked.get(), to_asn1(entry.revoked_at).get()));
    for (const RawExtension& extension : entry.extensions) {
        succeed(X509_REVOKED_add_ext(revoked.get(), write_extension(extension).get(), -1));
    }
    succeed(X509_CRL_add0_revoked(crl, revoked.get()));
    (void)revoked.release();
}

/// Every time in it is one.
bool times_readable(X509_CRL* crl) {
    const ASN1_TIME* next = X509_CRL_get0_nextUpdate(crl);
    if (!readable(X509_CRL_get0_lastUpdate(crl)) || (next != nullptr && !readable(next))) {
        return false;
    }
    STACK_OF(X509_REVOKED)* revoked = X509_CRL_get_REVOKED(crl);
    for (int i = 0; i < sk_X509_REVOKED_num(revoked); ++i) {
        if (!readable(X509_REVOKED_get0_revocationDate(sk_X509_REVOKED_value(revoked, i)))) {
            return false;
        }
    }
    return true;
}

std::optional<std::uint64_t> number_in(const X509_CRL* crl, int nid) {
    const Handle<ASN1_INTEGER, ASN1_INTEGER_free> value(
        static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, nid, nullptr, nullptr)));
    std::uint64_t number = 0;
    if (value == nullptr || ASN1_INTEGER_get_uint64(&number, value.get()) != 1) {
        ERR_clear_error();
        return std::nullopt;
    }
    return number;
}

}  // namespace

Crl Crl::make(const Spec& spec, const Certificate& issuer, const Key& issuer_key) {
    const auto crl = own<X509_CRL_free>(X509_CRL_new());
    succeed(X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2));
    succeed(X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.native())));
    succeed(X509_CRL_set1_lastUpdate(crl.get(), to_asn1(spec.this_update).get()));
    succeed(X509_CRL_set1_nextUpdate(crl.get(), to_asn1(spec.next_update).get()));
    for (const Entry& entry : spec.entries) {
        add_entry(crl.get(), entry);
    }
    X509_CRL_sort(crl.get());

    const Bytes own_id = issuer.subject_key_id();
    const auto authority = own<AUTHORITY_KEYID_free>(AUTHORITY_KEYID_new());
    authority->keyid =
        to_octets(own_id.empty() ? issuer_key.public_key().key_id() : own_id).release();
    add_extension(crl.get(), NID_authority_key_identifier, false, authority.get());
    add_extension(crl.get(), NID_crl_number, false, to_asn1_integer(spec.number).get());
    for (const RawExtension& extension : spec.extensions) {
        succeed(X509_CRL_add_ext(crl.get(), write_extension(extension).get(), -1));
    }
    if (spec.delta_base) {
        add_extension(crl.get(), NID_delta_crl, true, to_asn1_integer(*spec.delta_base).get());
    }
    const EVP_MD* digest = digest_or_usual(spec.digest, issuer_key);
    if (spec.pss && issuer_key.public_key().algorithm() == "rsa") {
        succeed(X509_CRL_sign_ctx(crl.get(), pss_context(issuer_key, digest).get()),
                "cannot sign a CRL");
    } else {
        succeed(X509_CRL_sign(crl.get(), issuer_key.native(), digest), "cannot sign a CRL");
    }
    // Read anew, so that OpenSSL's caches of the extensions are filled.
    return require(from_der(to_der(i2d_X509_CRL, crl.get())));
}

Result<Crl> Crl::from_pem(std::string_view pem) {
    for (const PemBlock& block : pem_blocks(pem)) {
        if (block.label == "X509 CRL") {
            return from_der(block.der);
        }
    }
    return fail(FailureKind::invalid, "no X509 CRL block was found");
}

Result<Crl> Crl::from_der(std::string_view der) {
    auto crl = parse_der<X509_CRL_free>(d2i_X509_CRL, der);
    if (crl == nullptr) {
        const std::string errors = drain_errors();
        return fail(FailureKind::invalid, "CRL cannot be read: {}",
                    errors.empty() ? "there is something after it" : errors);
    }
    if (!times_readable(crl.get())) {
        return fail(FailureKind::invalid, "CRL cannot be read: one of its dates is no time");
    }
    return Crl(share(std::move(crl)));
}

std::string Crl::pem() const {
    return pem_block("X509 CRL", der());
}

std::string Crl::der() const {
    return to_der(i2d_X509_CRL, some(crl_.get()));
}

std::vector<Crl::Entry> Crl::entries() const {
    std::vector<Entry> entries;
    STACK_OF(X509_REVOKED)* revoked = X509_CRL_get_REVOKED(some(crl_.get()));
    for (int i = 0; i < sk_X509_REVOKED_num(revoked); ++i) {
        const X509_REVOKED* entry = sk_X509_REVOKED_value(revoked, i);
        entries.push_back({to_bytes(X509_REVOKED_get0_serialNumber(entry)),
                           to_time(X509_REVOKED_get0_revocationDate(entry))});
    }
    return entries;
}

bool Crl::contains(const Certificate& certificate) const {
    X509_REVOKED* entry = nullptr;
    // Compares the issuers' names as well.
    return X509_CRL_get0_by_cert(some(crl_.get()), &entry, certificate.native()) == 1;
}

std::optional<std::uint64_t> Crl::number() const {
    return number_in(some(crl_.get()), NID_crl_number);
}

std::optional<std::uint64_t> Crl::delta_base() const {
    return number_in(some(crl_.get()), NID_delta_crl);
}

bool Crl::delta_indicator_critical() const {
    const int at = X509_CRL_get_ext_by_NID(some(crl_.get()), NID_delta_crl, -1);
    return at >= 0 && X509_EXTENSION_get_critical(X509_CRL_get_ext(crl_.get(), at)) == 1;
}

Bytes Crl::authority_key_id() const {
    const Handle<AUTHORITY_KEYID, AUTHORITY_KEYID_free> id(static_cast<AUTHORITY_KEYID*>(
        X509_CRL_get_ext_d2i(some(crl_.get()), NID_authority_key_identifier, nullptr, nullptr)));
    ERR_clear_error();
    if (id == nullptr || id->keyid == nullptr) {
        return {};
    }
    const auto bytes = view(id->keyid);
    return {bytes.begin(), bytes.end()};
}

std::string Crl::signature_algorithm() const {
    return OBJ_nid2ln(X509_CRL_get_signature_nid(some(crl_.get())));
}

int Crl::version() const {
    return static_cast<int>(X509_CRL_get_version(some(crl_.get()))) + 1;
}

Time Crl::this_update() const {
    return to_time(X509_CRL_get0_lastUpdate(some(crl_.get())));
}

Time Crl::next_update() const {
    const ASN1_TIME* time = X509_CRL_get0_nextUpdate(some(crl_.get()));
    return time != nullptr ? to_time(time) : Time::max();
}

bool Crl::signed_by(const Certificate& issuer) const {
    const PublicKey key = issuer.public_key();
    const bool verified = X509_NAME_cmp(X509_CRL_get_issuer(some(crl_.get())),
                                        X509_get_subject_name(issuer.native())) == 0 &&
                          key.native() != nullptr && X509_CRL_verify(crl_.get(), key.native()) == 1;
    ERR_clear_error();
    return verified;
}

}  // namespace meshproof::crypto
