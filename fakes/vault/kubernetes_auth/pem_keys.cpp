#include "fakes/vault/kubernetes_auth/pem_keys.hpp"

#include "core/base/text.hpp"
#include "core/crypto/certificate.hpp"

namespace meshproof::fakes::vault {

tl::expected<crypto::PublicKey, std::string> read_verifying_key(const std::string& pem,
                                                                Product product) {
    const bool openbao = product == Product::openbao;
    const auto none = tl::unexpected(
        std::string(openbao ? "data does not contain any valid public keys"
                            : "data does not contain any valid RSA or ECDSA public keys"));
    constexpr std::string_view begin = "-----BEGIN ";
    constexpr std::string_view dashes = "-----";
    const auto label_end = pem.find(dashes, begin.size());
    if (!pem.starts_with(begin) || label_end == std::string::npos) {
        return none;
    }
    const auto end =
        fmt::format("-----END {}-----", pem.substr(begin.size(), label_end - begin.size()));
    const auto body_end = pem.find(end, label_end);
    if (body_end == std::string::npos) {
        return none;
    }
    if (openbao && !trim(std::string_view(pem).substr(body_end + end.size())).empty()) {
        return tl::unexpected(std::string("unexpected trailing data after parsed PEM block"));
    }
    const auto body = pem.substr(label_end + dashes.size(), body_end - label_end - dashes.size());
    const auto labelled = [&](std::string_view label) {
        return fmt::format("-----BEGIN {0}-----{1}-----END {0}-----\n", label, body);
    };
    auto key = crypto::PublicKey::from_pem(labelled("PUBLIC KEY"));
    if (!key) {
        const auto certificate = crypto::Certificate::from_pem(labelled("CERTIFICATE"));
        if (!certificate) {
            auto text = body;
            std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
            const auto der = from_base64(text).value_or("");
            return tl::unexpected(std::string(der.starts_with('\x30')
                                                  ? "x509: malformed tbs certificate"
                                                  : "x509: malformed certificate"));
        }
        key = certificate->public_key();
    }
    if (!openbao && key->algorithm() == "ed25519") {
        return none;
    }
    return std::move(*key);
}

}  // namespace meshproof::fakes::vault
