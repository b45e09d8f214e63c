#include "core/crypto/signature.hpp"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "core/crypto/openssl.hpp"

namespace meshproof::crypto {
namespace {

struct Signing {
    const EVP_MD* digest = nullptr;  ///< null for Ed25519, which has its own
    bool pss = false;
};

/// RSASSA-PSS as Go and OpenSSL write it: one digest for both, the salt as long as it.
std::optional<Signing> pss_of(const X509_ALGOR& algorithm) {
    const ASN1_OBJECT* name = nullptr;
    const void* value = nullptr;
    int type = 0;
    X509_ALGOR_get0(&name, &type, &value, &algorithm);
    if (type != V_ASN1_SEQUENCE) {
        return std::nullopt;
    }
    const Handle<RSA_PSS_PARAMS, RSA_PSS_PARAMS_free> parameters = parse_der<RSA_PSS_PARAMS_free>(
        d2i_RSA_PSS_PARAMS, as_text(view(static_cast<const ASN1_STRING*>(value))));
    if (parameters == nullptr || parameters->hashAlgorithm == nullptr) {
        return std::nullopt;
    }
    const auto* digest = EVP_get_digestbyobj(parameters->hashAlgorithm->algorithm);
    return digest == nullptr ? std::nullopt : std::optional(Signing{digest, true});
}

std::optional<Signing> algorithm_of(std::string_view der, EVP_PKEY* key) {
    const auto algorithm = parse_der<X509_ALGOR_free>(d2i_X509_ALGOR, der);
    if (algorithm == nullptr || key == nullptr) {
        return std::nullopt;
    }
    const int nid = OBJ_obj2nid(algorithm->algorithm);
    if (nid == NID_rsassaPss) {
        return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? pss_of(*algorithm) : std::nullopt;
    }
    int digest = NID_undef, kind = NID_undef;
    if (OBJ_find_sigid_algs(nid, &digest, &kind) != 1 || EVP_PKEY_get_base_id(key) != kind) {
        return std::nullopt;
    }
    return Signing{digest == NID_undef ? nullptr : EVP_get_digestbynid(digest), false};
}

void set_padding(EVP_PKEY_CTX* context, const Signing& algorithm) {
    if (algorithm.pss) {
        succeed(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING));
        succeed(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, EVP_MD_get_size(algorithm.digest)));
    }
}

}  // namespace

std::optional<std::string> sign_as(std::string_view algorithm, std::string_view message,
                                   const Key& key) {
    const auto known = algorithm_of(algorithm, key.native());
    ERR_clear_error();
    if (!known) {
        return std::nullopt;
    }
    const auto context = own<EVP_MD_CTX_free>(EVP_MD_CTX_new());
    EVP_PKEY_CTX* signing = nullptr;
    succeed(EVP_DigestSignInit(context.get(), &signing, known->digest, nullptr, key.native()));
    set_padding(signing, *known);
    const auto data = as_bytes(message);
    std::size_t length = 0;
    succeed(EVP_DigestSign(context.get(), nullptr, &length, data.data(), data.size()));
    Bytes signature(length);
    succeed(EVP_DigestSign(context.get(), signature.data(), &length, data.data(), data.size()),
            "cannot sign");
    signature.resize(length);
    return std::string(as_text(signature));
}

bool verify_as(std::string_view algorithm, std::string_view message, std::string_view signature,
               const PublicKey& key) {
    const auto known = algorithm_of(algorithm, key.native());
    bool valid = false;
    if (known) {
        const auto context = own<EVP_MD_CTX_free>(EVP_MD_CTX_new());
        EVP_PKEY_CTX* checking = nullptr;
        succeed(
            EVP_DigestVerifyInit(context.get(), &checking, known->digest, nullptr, key.native()));
        set_padding(checking, *known);
        const auto claimed = as_bytes(signature);
        const auto data = as_bytes(message);
        valid = EVP_DigestVerify(context.get(), claimed.data(), claimed.size(), data.data(),
                                 data.size()) == 1;
    }
    ERR_clear_error();
    return valid;
}

}  // namespace meshproof::crypto
