#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> wrong_trust_domain(World& world) {
    run::Recipe recipe;
    recipe.allowed_uri_sans = "spiffe://other.domain/*";
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube(), recipe);
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    const auto health = co_await await_health(world, "alpha", false);
    world.expect(!health.connected && health.reason.find("allowed_uri_sans") != std::string::npos,
                 "with a role of another trust domain the cluster is \"{}\": {}", health.text(),
                 health.reason);
    require(co_await cluster.deploy({.name = "web", .service_account = "web"}), "deploy web");
    const bool told = co_await await(
        world,
        [&] { return pod_of(cluster, "web").reason.find("allowed_uri_sans") != std::string::npos; },
        world.leaf_ttl() / 2);
    const auto pod = pod_of(cluster, "web");
    world.expect(told, "the pod does not name allowed_uri_sans as its problem: {}", pod.reason);
    world.expect(!pod.ready && !pod.leaf && pod.leaves == 0,
                 "a pod got a leaf of a trust domain that its role does not allow");

    // The same role refuses a member of a third domain, by the same words.
    const auto jwt = co_await token_of(world, world.kube(), prepared.service_account);
    const auto granted = co_await logged_in(prepared, jwt);
    const auto near =
        request_for("spiffe://other.domain.example/ns/default/sa/web", crypto::KeyType::p256);
    world.expect_refused(
        co_await world.vault().admin.with_token(granted.token).sign_at(prepared.pki_path(), near),
        "URI Subject Alternative Names",
        "signing for a domain that only begins like the allowed one");

    // "The trust domain must exactly match the allowed_uri_sans value."
    require(co_await world.vault().admin.call(
                "PUT", prepared.intermediate_mount + "/roles/" + prepared.pki_role,
                vault::Json{{"allowed_uri_sans", "spiffe://" + prepared.trust_domain + "/*"},
                            {"require_cn", false},
                            {"key_type", "any"},
                            {"max_ttl", fmt::format("{}s", whole_seconds(world.leaf_ttl()))}}),
            "correct the signing role");
    co_await all_ready(world, cluster);
    co_await deploy_ready(world, cluster, {"api"});
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "with the right role");
    const auto healed = co_await await_health(world, "alpha", true);
    world.expect(healed.connected, "with the right role the cluster is \"{}\": {}", healed.text(),
                 healed.reason);
}

}  // namespace

extern const run::Scenario security_wrong_trust_domain{
    .id = "security/wrong-trust-domain",
    .sentence =
        "A signing role for another trust domain gives no leaf, says which field to correct, and "
        "works once it matches.",
    .source = "integration page §16 §39 §42 (step 7, Important); wire contract 111",
    .run = wrong_trust_domain,
};

}  // namespace meshproof::scenarios
