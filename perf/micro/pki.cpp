#include "perf/micro/pki.hpp"

namespace meshproof::micro {
namespace {

using namespace std::chrono_literals;

const std::string spiffe_id = "spiffe://example.org/ns/default/sa/web";

crypto::CertificateSpec ca_spec(const std::string& name) {
    crypto::CertificateSpec spec;
    spec.subject.common_name = name;
    spec.not_before = now - 1h;
    spec.not_after = now + 24h * 365;
    spec.is_ca = true;
    spec.key_usage = crypto::KeyUsage::cert_sign | crypto::KeyUsage::crl_sign;
    return spec;
}

}  // namespace

Pki::Pki()
    : root(sign_certificate(ca_spec("root"), root_key.public_key(), root_key, nullptr)),
      intermediate(sign_certificate(ca_spec("intermediate"), intermediate_key.public_key(),
                                    root_key, &root)) {}

const Pki& pki() {
    static const Pki made;
    return made;
}

crypto::Csr::Spec csr_spec() {
    crypto::Csr::Spec spec;
    spec.subject.common_name = "web.default.svc";
    spec.alt_names.uris = {spiffe_id};
    return spec;
}

crypto::CertificateSpec leaf_spec() {
    crypto::CertificateSpec spec;
    spec.subject.common_name = "web.default.svc";
    spec.not_before = now - 30s;
    spec.not_after = now + 24h;
    spec.alt_names.dns = {"web.default.svc"};
    spec.alt_names.uris = {spiffe_id};
    spec.key_usage = crypto::KeyUsage::digital_signature | crypto::KeyUsage::key_agreement;
    spec.extended_key_usage = {std::string(crypto::eku_server_auth),
                               std::string(crypto::eku_client_auth)};
    return spec;
}

crypto::TlsIdentity leaf() {
    crypto::Key key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::Certificate certificate = sign_certificate(leaf_spec(), key.public_key(),
                                                       pki().intermediate_key, &pki().intermediate);
    return {std::move(certificate), {pki().intermediate}, std::move(key)};
}

crypto::ChainQuestion chain_question(const crypto::Certificate& leaf) {
    return {.leaf = leaf,
            .intermediates = {pki().intermediate},
            .trust = {pki().root},
            .at = now,
            .purpose = crypto::Purpose::tls_server,
            .crls = {}};
}

}  // namespace meshproof::micro
