#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

constexpr auto foreign_domain = "other.domain";

// He does not care who answers him: what refuses him is the pod.
crypto::TlsParty showing(std::optional<crypto::TlsIdentity> identity) {
    crypto::TlsParty stranger;
    stranger.identity = std::move(identity);
    stranger.verify_peer = false;
    return stranger;
}

crypto::CertificateSpec spec_of(World& world, std::string name) {
    crypto::CertificateSpec spec;
    spec.subject.common_name = std::move(name);
    spec.not_before = world.clock().now() - world.leaf_ttl();
    spec.not_after = world.clock().now() + world.leaf_ttl() * 2;
    return spec;
}

// A leaf that is right in everything but for who signed it.
crypto::TlsIdentity of_own_ca(World& world, const spiffe::SpiffeId& id) {
    auto ca = spec_of(world, "svc");
    ca.is_ca = true;
    ca.key_usage = crypto::cert_sign | crypto::crl_sign;
    const auto ca_key = crypto::Key::generate(crypto::KeyType::p256);
    const auto root = crypto::sign_certificate(ca, ca_key.public_key(), ca_key, nullptr);
    auto leaf = spec_of(world, "web");
    leaf.key_usage = crypto::digital_signature;
    leaf.extended_key_usage = {std::string(crypto::eku_server_auth),
                               std::string(crypto::eku_client_auth)};
    leaf.alt_names.uris = {id.text()};
    auto key = crypto::Key::generate(crypto::KeyType::p256);
    return {crypto::sign_certificate(leaf, key.public_key(), ca_key, &root), {root}, key};
}

// The mesh's own CA signs for another trust domain, too.
Task<crypto::TlsIdentity> of_foreign_domain(World& world, run::PreparedVault prepared) {
    const auto& admin = world.vault().admin;
    const auto role = prepared.intermediate_mount + "/roles/foreign";  // it goes with its mount
    require(co_await admin.call(
                "PUT", role,
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
        require(co_await admin.sign_at(prepared.intermediate_mount + "/sign/foreign", request),
                "sign for another trust domain");
    crypto::TlsIdentity identity{issued.leaf, {}, key};
    std::ranges::copy_if(issued.chain, std::back_inserter(identity.intermediates),
                         [](const crypto::Certificate& ca) { return !ca.self_signed(); });
    co_return identity;
}

Task<void> strangers(World& world) {
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    co_await deploy_ready(world, cluster, {"web", "api", "job"});
    const auto web = pod_of(cluster, "web"), api = pod_of(cluster, "api"),
               job = pod_of(cluster, "job");

    expect_refusal(world, co_await world.mesh().request_as(showing({}), api.name),
                   "somebody without a certificate");
    expect_refusal(world,
                   co_await world.mesh().request_as(showing(of_own_ca(world, web.id)), api.name),
                   "an impostor, whose leaf for web is of his own CA");
    const auto foreign = co_await of_foreign_domain(world, prepared);
    expect_refusal(world, co_await world.mesh().request_as(showing(foreign), api.name),
                   "a member of another trust domain, whose leaf is of the mesh's CA");

    // The client's half: whoever leads its request astray finds it closed.
    expect_refusal(
        world,
        co_await world.mesh().request(web.name, api.name, {.keep = false, .arrives_at = job.name}),
        "a request to api that arrives at job");
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "after strangers were refused");
}

}  // namespace

extern const run::Scenario security_strangers{
    .id = "security/strangers",
    .sentence =
        "A pod refuses a peer without a certificate, an impostor with a CA of his own and a member "
        "of another trust domain under the same CA, and a client talks to nobody but the identity "
        "that it asked for.",
    .source =
        "integration page §3, introduction (\"mTLS authenticated and encrypted connections\"); "
        "docs/svid-rules.md V1 and V7",
    .run = strangers,
};

}  // namespace meshproof::scenarios
