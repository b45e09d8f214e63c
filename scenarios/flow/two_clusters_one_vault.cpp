#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

// A token that names the same service account and namespace, and comes from another cluster.
Task<void> expect_foreign_token_refused(World& world, run::PreparedVault prepared,
                                        run::KubeSite& foreign) {
    const auto kube = foreign.admin;
    const auto ns = world.target().mesh_namespace;
    const auto name = prepared.service_account;
    world.at_end("service account " + name,
                 [kube, ns, name] { return kube.delete_service_account(ns, name); });
    require(co_await kube.create_service_account({.name = name,
                                                  .namespace_name = ns,
                                                  .uid = {},
                                                  .resource_version = {},
                                                  .labels = world.labels(),
                                                  .annotations = {}}),
            "create the same service account in the other cluster");
    const auto jwt = co_await token_of(world, foreign, name);
    expect_bare_denial(world,
                       co_await login(*prepared.site, prepared.auth_mount, prepared.auth_role, jwt),
                       "a login with another cluster's token");
}

Task<void> two_clusters_one_vault(World& world) {
    const auto first = co_await world.prepare_vault(world.vault(), world.kube(0));
    run::Recipe recipe;
    recipe.shared_pki = &first;
    const auto second = co_await world.prepare_vault(world.vault(), world.kube(1), recipe);
    const auto alpha = co_await world.connected_cluster_with("alpha", first);
    const auto beta = co_await world.connected_cluster_with("beta", second);
    world.expect(alpha.ca_label() != beta.ca_label(), "both clusters use the label {}",
                 alpha.ca_label());
    co_await deploy_ready(world, alpha, {"web"});
    co_await deploy_ready(world, beta, {"api"});

    co_await expect_talk(world, {alpha, "web"}, {beta, "api"}, "between clusters under one root");
    require(co_await world.mesh().create_global_namespace("shop", {"alpha", "beta"}),
            "create a global namespace");
    const auto shop = require(co_await world.mesh().global_namespace_health("shop"),
                              "the global namespace's health");
    world.expect(shop.healthy, "the global namespace over both clusters is not Healthy: {}",
                 shop.reason);
    for (const auto& [name, health] : shop.clusters) {
        world.expect(health.connected, "cluster {} is \"{}\": {}", name, health.text(),
                     health.reason);
    }
    co_await expect_foreign_token_refused(world, first, world.kube(1));
    co_await expect_foreign_token_refused(world, second, world.kube(0));

    // The accounts are independent: without one of them, only its own cluster is cut off.
    world.expect_ok(co_await world.mesh().delete_account("beta", true),
                    "deleting the second account");
    world.expect(!(co_await await_health(world, "beta", false)).connected,
                 "a cluster without its account is CA: Connected");
    const auto left = co_await await_health(world, "alpha", true);
    world.expect(left.connected, "the other cluster is \"{}\": {}", left.text(), left.reason);
    co_await expect_talk(world, {alpha, "web"}, {beta, "api"}, "while both leaves live");
}

}  // namespace

extern const run::Scenario flow_two_clusters_one_vault{
    .id = "flow/two-clusters-one-vault",
    .sentence =
        "Two clusters under one Vault, each with its own auth mount, account and label, talk by "
        "mTLS, and neither's tokens "
        "open the other's mount.",
    .source = "integration page §3 §19 §43 (step 1, \"for each cluster\", and step 1 e)",
    .needs = {run::Feature::two_clusters},
    .run = two_clusters_one_vault,
};

}  // namespace meshproof::scenarios
