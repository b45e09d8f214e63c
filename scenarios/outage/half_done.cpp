#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

// The state of a cluster that shall have another CA and cannot be told so: a person made the
// Secret with its configuration immutable.
Task<void> expect_half_done(World& world, mesh::Cluster cluster) {
    world.expect(cluster.status().starts_with("out of sync: "),
                 "the cluster is \"{}\" though its configuration could not be replaced",
                 cluster.status());
    const auto health = co_await world.mesh().check_health("alpha");
    world.expect(std::ranges::any_of(
                     health.warnings,
                     [](const auto& warning) { return warning.starts_with("out of sync: "); }),
                 "the cluster's health does not say that it is out of sync");
    const auto shop = require(co_await world.mesh().global_namespace_health("shop"),
                              "the global namespace's health");
    world.expect(!shop.healthy && shop.reason.find("out of sync") != std::string::npos,
                 "the global namespace is Healthy though its configuration is not applied: \"{}\"",
                 shop.reason);
    // It still runs the CA before: its account is in use.
    world.expect_refused(co_await world.mesh().delete_account("alpha"), "alpha",
                         "deleting an account whose CA a cluster still runs");
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "while half of it is done");
}

Task<void> half_done(World& world) {
    const auto before = co_await world.prepare_vault(world.vault(), world.kube());
    const auto after = co_await world.prepare_vault(world.vault(), world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", before);
    require(world.mesh().add_account(world.account_for(after, "next")), "add the second account");
    require(co_await world.mesh().create_global_namespace("shop", {"alpha"}),
            "create a global namespace");
    co_await deploy_ready(world, cluster, {"web", "api"});

    co_await patch_mesh_secret(world, config_key, {}, true);
    world.expect_ok(co_await world.mesh().connect_ca("alpha", "Certificate Authority: next"),
                    "connecting another CA");
    co_await expect_half_done(world, cluster);

    co_await delete_mesh_secret(world, config_key);
    world.expect(co_await cluster.wait_in_sync(world.leaf_ttl()),
                 "what could be applied again was not: the cluster is \"{}\"", cluster.status());
    const auto shop = require(co_await world.mesh().global_namespace_health("shop"),
                              "the global namespace's health");
    world.expect(shop.healthy, "the global namespace is not Healthy: {}", shop.reason);
    world.expect_ok(co_await world.mesh().delete_account("alpha"),
                    "deleting the account that no cluster runs any more");
    require(co_await cluster.restart_all_pods(), "restart all pods");
    co_await all_ready(world, cluster);
    const auto issuer = require(crypto::Certificate::all_from_pem(after.ca_chain_pem)).front();
    world.expect(leaf_of(cluster, "web").signed_by(issuer),
                 "the new leaf does not come from the CA that was connected");
}

}  // namespace

extern const run::Scenario outage_half_done{
    .id = "outage/half-done",
    .sentence =
        "What could not be applied in a cluster is shown as out of sync, counts in warnings, and "
        "is applied once it can be.",
    .source = "integration page §43 §48 (Results, \"synced and applied\"; What to do next, Delete)",
    .run = half_done,
};

}  // namespace meshproof::scenarios
