#include "scenarios/impostors.hpp"

namespace meshproof::scenarios {
namespace {

constexpr auto foreign_domain = "other.domain";

crypto::CertificateSpec spec_of(run::World& world, std::string name) {
    crypto::CertificateSpec spec;
    spec.subject.common_name = std::move(name);
    spec.not_before = world.clock().now() - world.leaf_ttl();
    spec.not_after = world.clock().now() + world.leaf_ttl() * 2;
    return spec;
}

}  // namespace

crypto::TlsParty showing(std::optional<crypto::TlsIdentity> identity) {
    crypto::TlsParty stranger;
    stranger.identity = std::move(identity);
    stranger.verify_peer = false;
    return stranger;
}

OwnCa own_ca(run::World& world) {
    auto spec = spec_of(world, "svc");
    spec.is_ca = true;
    spec.key_usage = crypto::cert_sign | crypto::crl_sign;
    auto key = crypto::Key::generate(crypto::KeyType::p256);
    auto root = crypto::sign_certificate(spec, key.public_key(), key, nullptr);
    return {std::move(key), std::move(root)};
}

crypto::TlsIdentity of_own_ca(run::World& world, const spiffe::SpiffeId& id) {
    const auto ca = own_ca(world);
    auto leaf = spec_of(world, "web");
    leaf.key_usage = crypto::digital_signature;
    leaf.extended_key_usage = {std::string(crypto::eku_server_auth),
                               std::string(crypto::eku_client_auth)};
    leaf.alt_names.uris = {id.text()};
    auto key = crypto::Key::generate(crypto::KeyType::p256);
    return {crypto::sign_certificate(leaf, key.public_key(), ca.key, &ca.root), {ca.root}, key};
}

Task<Result<crypto::TlsIdentity>> of_foreign_domain(run::World& world,
                                                    run::PreparedVault prepared) {
    const auto& admin = prepared.site->admin;
    require(co_await admin.call(
                "PUT", prepared.intermediate_mount + "/roles/foreign",
                vault::Json{{"allowed_uri_sans", fmt::format("spiffe://{}/*", foreign_domain)},
                            {"require_cn", false},
                            {"key_type", "any"},
                            {"max_ttl", fmt::format("{}s", whole_seconds(world.leaf_ttl()))}}),
            "write a role for another trust domain");
    const auto key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::Csr::Spec spec;
    spec.alt_names.uris = {fmt::format("spiffe://{}/ns/default/sa/web", foreign_domain)};
    vault::SignRequest request;
    request.csr_pem = crypto::Csr::make(spec, key).pem();
    const auto issued =
        co_await admin.sign_at(prepared.intermediate_mount + "/sign/foreign", request);
    if (!issued) {
        co_return propagate(issued);
    }
    crypto::TlsIdentity identity{issued->leaf, {}, key};
    std::ranges::copy_if(issued->chain, std::back_inserter(identity.intermediates),
                         [](const crypto::Certificate& ca) { return !ca.self_signed(); });
    co_return identity;
}

}  // namespace meshproof::scenarios
