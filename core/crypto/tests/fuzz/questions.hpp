#pragma once

#include "core/base/assert.hpp"
#include "core/crypto/certificate.hpp"
#include "core/crypto/chain.hpp"
#include "core/crypto/crl.hpp"

/// Everything that one may ask of what was read: an answer or CannotGoOn, and nothing else.
namespace meshproof::crypto {

inline void ask_key(const PublicKey& key) {
    if (key.native() == nullptr) {
        return;  // a kind of key that OpenSSL does not know
    }
    (void)key.algorithm();
    (void)key.bits();
    (void)key.key_id();
    (void)key.spki_der();
    (void)key.pem();
}

inline void ask(const Certificate& certificate) {
    MESHPROOF_ASSERT(Certificate::from_pem(certificate.pem()) == certificate);
    MESHPROOF_ASSERT(Certificate::from_der(certificate.der()) == certificate);
    MESHPROOF_ASSERT(certificate.subject_is_empty() || !certificate.subject_der().empty());
    (void)certificate.serial();
    (void)certificate.subject();
    (void)certificate.subject_line();
    (void)certificate.issuer_line();
    (void)certificate.issuer_der();
    (void)certificate.alt_names();
    (void)certificate.alt_names_critical();
    (void)certificate.valid_at(certificate.not_before());
    (void)certificate.not_after();
    (void)certificate.is_ca();
    (void)certificate.path_length();
    (void)certificate.key_usage();
    (void)certificate.key_usage_critical();
    (void)certificate.extended_key_usage();
    (void)certificate.subject_key_id();
    (void)certificate.authority_key_id();
    (void)certificate.issuing_certificate_urls();
    (void)certificate.crl_urls();
    (void)certificate.signature_algorithm();
    (void)certificate.signature_digest();
    (void)certificate.extensions();
    (void)certificate.fingerprint();
    (void)certificate.self_signed();
    (void)certificate.signed_by(certificate);
    ask_key(certificate.public_key());
    for (const auto purpose : {Purpose::any, Purpose::tls_client, Purpose::tls_server}) {
        ChainQuestion question;
        question.leaf = certificate;
        question.trust = {certificate};
        question.at = from_unix_seconds(1'900'000'000);
        question.purpose = purpose;
        (void)verify_chain(question);
    }
}

inline void ask(const Csr& csr) {
    const auto again = Csr::from_pem(csr.pem());
    MESHPROOF_ASSERT(again && again->der() == csr.der());
    (void)csr.subject();
    (void)csr.subject_der();
    (void)csr.alt_names();
    (void)csr.has_basic_constraints();
    (void)csr.extensions();
    (void)csr.signature_valid();
    ask_key(csr.public_key());
}

inline void ask(const Crl& crl) {
    const auto again = Crl::from_pem(crl.pem());
    MESHPROOF_ASSERT(again && again->der() == crl.der());
    (void)crl.entries();
    (void)crl.number();
    (void)crl.delta_base();
    (void)crl.delta_indicator_critical();
    (void)crl.authority_key_id();
    (void)crl.signature_algorithm();
    (void)crl.version();
    (void)crl.this_update();
    (void)crl.next_update();
}

}  // namespace meshproof::crypto
