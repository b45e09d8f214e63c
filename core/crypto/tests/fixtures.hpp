#pragma once

#include "core/crypto/certificate.hpp"
#include "core/crypto/chain.hpp"
#include "core/crypto/tls.hpp"

/// A small PKI at virtual dates: root, intermediate, leaves.
namespace meshproof::crypto::fixtures {

using namespace std::chrono_literals;

inline const Time now = from_unix_seconds(1'900'000'000);  // 2030-03-17, nobody's real date

struct Issuer {
    Certificate certificate;
    Key key;
};

inline CertificateSpec ca_spec(std::string_view name) {
    CertificateSpec spec;
    spec.subject.common_name = name;
    spec.not_before = now - 24h;
    spec.not_after = now + 24h * 365;
    spec.is_ca = true;
    spec.key_usage = KeyUsage::cert_sign | KeyUsage::crl_sign;
    return spec;
}

inline Issuer make_ca(const CertificateSpec& spec, const Issuer* parent = nullptr) {
    Key key = Key::generate(KeyType::p256);
    Certificate certificate =
        sign_certificate(spec, key.public_key(), parent != nullptr ? parent->key : key,
                         parent != nullptr ? &parent->certificate : nullptr);
    return {std::move(certificate), std::move(key)};
}

inline CertificateSpec leaf_spec(std::string_view name) {
    CertificateSpec spec;
    spec.subject.common_name = name;
    spec.not_before = now - 30s;
    spec.not_after = now + 24h;
    spec.key_usage = KeyUsage::digital_signature;
    spec.extended_key_usage = {std::string(eku_server_auth), std::string(eku_client_auth)};
    spec.alt_names.dns = {std::string(name)};
    spec.alt_names.uris = {"spiffe://example.org/ns/default/sa/" + std::string(name)};
    return spec;
}

inline TlsIdentity make_leaf(const CertificateSpec& spec, const Issuer& issuer,
                             std::vector<Certificate> intermediates = {}) {
    Key key = Key::generate(KeyType::p256);
    Certificate leaf = sign_certificate(spec, key.public_key(), issuer.key, &issuer.certificate);
    return {std::move(leaf), std::move(intermediates), std::move(key)};
}

struct Pki {
    Issuer root = make_ca(ca_spec("root"));
    Issuer intermediate = make_ca(ca_spec("intermediate"), &root);
    [[nodiscard]] TlsIdentity leaf(std::string_view name) const { return leaf(leaf_spec(name)); }
    [[nodiscard]] TlsIdentity leaf(const CertificateSpec& spec) const {
        return make_leaf(spec, intermediate, {intermediate.certificate});
    }
};

}  // namespace meshproof::crypto::fixtures
