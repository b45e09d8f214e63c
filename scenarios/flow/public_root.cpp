#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> public_root(World& world) {
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    const auto chain = require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem));
    auto account = world.account_for(prepared, "alpha");
    account.ca_chain_pem.clear();
    require(world.mesh().add_account(account), "add an account without a bundle");
    require(world.mesh().set_trust_domain(prepared.trust_domain), "set the trust domain");
    // As on machines whose CA store knows the root.
    world.mesh().trust_public_root(chain.back());
    auto cluster = require(
        co_await world.mesh().onboard({.name = "alpha",
                                       .ca_label = "Certificate Authority: alpha",
                                       .kube = world.kube().admin,
                                       .mesh_namespace = world.target().mesh_namespace,
                                       .workload_namespace = world.target().workload_namespace}),
        "onboard the cluster");
    co_await deploy_ready(world, cluster, {"web", "api"});
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "without a bundle");
    const auto health = co_await await_health(world, "alpha", true);
    world.expect(health.connected, "without a bundle the cluster is \"{}\": {}", health.text(),
                 health.reason);
}

}  // namespace

extern const run::Scenario flow_public_root{
    .id = "flow/public-root",
    .sentence = "An account whose root the machines trust anyway needs no bundle.",
    .source =
        "integration page §32 (step 5, Certificate Authority Chain: \"you don't need to provide "
        "a CA bundle\")",
    .run = public_root,
};

}  // namespace meshproof::scenarios
