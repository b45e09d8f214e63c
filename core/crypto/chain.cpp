#include "core/crypto/chain.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "core/crypto/names.hpp"
#include "core/crypto/quick.hpp"
#include "core/crypto/verification.hpp"

namespace meshproof::crypto {
namespace {

void free_crl_list(STACK_OF(X509_CRL) * list) {
    sk_X509_CRL_free(list);
}

ChainFault fault_of(int error) {
    switch (error) {
        case X509_V_OK:
            return ChainFault::none;
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return ChainFault::expired;
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return ChainFault::not_yet_valid;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_UNTRUSTED:
            return ChainFault::unknown_issuer;
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
            return ChainFault::bad_signature;
        case X509_V_ERR_INVALID_CA:
        case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
            return ChainFault::not_a_ca;
        case X509_V_ERR_INVALID_PURPOSE:
            return ChainFault::wrong_purpose;
        case X509_V_ERR_CERT_REVOKED:
            return ChainFault::revoked;
        default:
            return ChainFault::other;
    }
}

bool ends_this_second(X509_STORE_CTX* context) {
    const X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context);
    const X509* certificate = X509_STORE_CTX_get_current_cert(context);
    return (X509_VERIFY_PARAM_get_flags(param) & X509_V_FLAG_USE_CHECK_TIME) != 0 &&
           certificate != nullptr &&
           unix_seconds(to_time(X509_get0_notAfter(certificate))) ==
               X509_VERIFY_PARAM_get_time(param);
}

int overrule(int accepted, X509_STORE_CTX* context) {
    if (accepted == 1) {
        return 1;
    }
    const int error = X509_STORE_CTX_get_error(context);
    const bool pardoned = error == X509_V_ERR_UNABLE_TO_GET_CRL ||
                          (error == X509_V_ERR_CERT_HAS_EXPIRED && ends_this_second(context));
    if (pardoned) {
        X509_STORE_CTX_set_error(context, X509_V_OK);
    }
    return pardoned ? 1 : 0;
}

std::vector<Certificate> path_of(X509_STORE_CTX* context) {
    std::vector<Certificate> path;
    const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        X509* certificate = sk_X509_value(chain, i);
        X509_up_ref(certificate);
        path.emplace_back(std::shared_ptr<X509>(certificate, X509_free));
    }
    return path;
}

ChainVerdict refused(ChainFault fault, std::string_view why, int depth, const Certificate& about) {
    return {fault, fmt::format("{} (depth {}: {})", why, depth, about.subject_line()), {}};
}

/// What RFC 5280 asks and OpenSSL forgives: a version 3 issuer says that it is a CA; a TLS leaf can
/// sign and is none.
std::optional<ChainVerdict> stricter(const ChainQuestion& question,
                                     const std::vector<Certificate>& path) {
    for (std::size_t depth = 1; depth < path.size(); ++depth) {
        if (X509_get_version(path[depth].native()) == X509_VERSION_3 &&
            !path[depth].is_ca().value_or(false)) {
            return refused(ChainFault::not_a_ca, "the issuer has no basicConstraints cA",
                           static_cast<int>(depth), path[depth]);
        }
    }
    if (question.purpose == Purpose::any) {
        return std::nullopt;
    }
    const auto usage = question.leaf.key_usage();
    if (usage && (*usage & KeyUsage::digital_signature) == 0) {
        return refused(ChainFault::wrong_purpose, "keyUsage has no digitalSignature", 0,
                       question.leaf);
    }
    if (question.leaf.is_ca().value_or(false)) {
        return refused(ChainFault::wrong_purpose, "a CA certificate is no leaf", 0, question.leaf);
    }
    return std::nullopt;
}

int openssl_purpose(Purpose purpose) {
    switch (purpose) {
        case Purpose::any:
            return X509_PURPOSE_ANY;
        case Purpose::tls_client:
            return X509_PURPOSE_SSL_CLIENT;
        case Purpose::tls_server:
            return X509_PURPOSE_SSL_SERVER;
    }
    return X509_PURPOSE_ANY;
}

}  // namespace

std::string_view to_string(ChainFault fault) {
    switch (fault) {
        case ChainFault::none:
            return "none";
        case ChainFault::expired:
            return "expired";
        case ChainFault::not_yet_valid:
            return "not yet valid";
        case ChainFault::unknown_issuer:
            return "unknown issuer";
        case ChainFault::bad_signature:
            return "bad signature";
        case ChainFault::not_a_ca:
            return "issuer is not a CA";
        case ChainFault::wrong_purpose:
            return "wrong purpose";
        case ChainFault::revoked:
            return "revoked";
        case ChainFault::other:
            return "other";
    }
    return "?";
}

BorrowedList borrow(const std::vector<Certificate>& certificates) {
    BorrowedList list(present(sk_X509_new_null()));
    for (const Certificate& certificate : certificates) {
        MESHPROOF_ASSERT(certificate, "an empty certificate in a list");
        succeed(sk_X509_push(list.get(), certificate.native()));
    }
    return list;
}

void add_trust(X509_STORE* store, const std::vector<Certificate>& trust) {
    for (const Certificate& certificate : trust) {
        MESHPROOF_ASSERT(certificate, "an empty certificate in a trust store");
        succeed(X509_STORE_add_cert(store, certificate.native()));
    }
}

bool validate(X509_STORE_CTX* context) {
    X509_STORE_CTX_set_verify_cb(context, overrule);
    const bool accepted = X509_verify_cert(context) == 1;
    ERR_clear_error();  // the verdict stands in the context
    return accepted;
}

ChainVerdict verdict_of(X509_STORE_CTX* context) {
    const int error = X509_STORE_CTX_get_error(context);
    const ChainFault fault = fault_of(error);
    if (fault == ChainFault::none) {
        return {};
    }
    const X509* current = X509_STORE_CTX_get_current_cert(context);
    return {fault,
            fmt::format("{} (depth {}: {})", X509_verify_cert_error_string(error),
                        X509_STORE_CTX_get_error_depth(context),
                        current != nullptr ? name_line(X509_get_subject_name(current)) : ""),
            {}};
}

ChainVerdict verify_chain(const ChainQuestion& question) {
    MESHPROOF_ASSERT(question.leaf, "no leaf to verify");
    if (auto accepted = quick::chain(question)) {
        return std::move(*accepted);
    }
    if (auto refused = quick::refused_before(question)) {
        return std::move(*refused);
    }
    auto verdict = general_verdict(question);
    quick::remember(question, verdict);
    return verdict;
}

namespace {

/// The machine's own CA store, read once: that takes 20 ms, and every question of a cluster whose
/// CA is a public one asks it. A machine without one trusts nobody more; that is no failure of
/// ours.
X509_STORE* machines_store() {
    static const auto store = [] {
        auto made = own<X509_STORE_free>(X509_STORE_new());
        std::ignore = X509_STORE_set_default_paths(made.get());
        ERR_clear_error();
        return made;
    }();
    return store.get();
}

ChainVerdict verdict_by(X509_STORE* store, const ChainQuestion& question) {
    const BorrowedList intermediates = borrow(question.intermediates);
    const Handle<STACK_OF(X509_CRL), free_crl_list> crls(present(sk_X509_CRL_new_null()));
    for (const Crl& crl : question.crls) {
        succeed(sk_X509_CRL_push(crls.get(), crl.native()));
    }

    const auto context = own<X509_STORE_CTX_free>(X509_STORE_CTX_new());
    succeed(X509_STORE_CTX_init(context.get(), store, question.leaf.native(), intermediates.get()));
    X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(param, unix_seconds(question.at));
    succeed(X509_VERIFY_PARAM_set_purpose(param, openssl_purpose(question.purpose)));
    if (question.all_anchors) {
        succeed(X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN));
    }
    if (!question.crls.empty()) {
        X509_STORE_CTX_set0_crls(context.get(), crls.get());
        succeed(X509_VERIFY_PARAM_set_flags(
            param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_USE_DELTAS));
    }

    const bool accepted = validate(context.get());
    ChainVerdict verdict = verdict_of(context.get());
    MESHPROOF_ASSERT(accepted == verdict.accepted(), "OpenSSL's verdict and its error differ: {}",
                     verdict.detail);
    if (verdict.fault == ChainFault::unknown_issuer) {
        return verdict;
    }
    verdict.path = path_of(context.get());
    if (verdict.accepted()) {
        if (auto refusal = stricter(question, verdict.path)) {
            verdict.fault = refusal->fault;
            verdict.detail = std::move(refusal->detail);
        }
    }
    return verdict;
}

}  // namespace

ChainVerdict general_verdict(const ChainQuestion& question) {
    const auto store = own<X509_STORE_free>(X509_STORE_new());
    add_trust(store.get(), question.trust);
    auto verdict = verdict_by(store.get(), question);
    if (verdict.fault == ChainFault::unknown_issuer && question.system_trust) {
        return verdict_by(machines_store(), question);
    }
    return verdict;
}

}  // namespace meshproof::crypto
