#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> vault_namespace(World& world) {
    const auto ns = co_await make_namespace(world, world.vault(), "team");
    auto site = world.vault();
    site.admin = site.admin.with_namespace(ns);
    const auto prepared = co_await world.prepare_vault(site, world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    world.expect(world.mesh().accounts().front().vault_namespace() == ns,
                 "the account does not name the namespace {}", ns);
    co_await deploy_ready(world, cluster, {"web", "api"});
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"},
                         "with leaves from a namespace of Vault");
    const auto health = co_await await_health(world, "alpha", true);
    world.expect(health.connected && health.warnings.empty(),
                 "with a namespace the cluster is \"{}\": {}", health.text(), health.reason);

    // The same mounts are nowhere else: without the namespace nothing is found.
    auto elsewhere = world.account_for(prepared, "elsewhere");
    elsewhere.vault_namespace = world.vault().admin.config().namespace_name;
    require(world.mesh().add_account(elsewhere), "add an account without the namespace");
    require(co_await world.mesh().connect_ca("alpha", "Certificate Authority: elsewhere"),
            "connect it");
    const auto unknown = co_await await_health(world, "alpha", false);
    world.expect(!unknown.connected, "without its namespace the cluster is \"{}\"", unknown.text());
}

}  // namespace

extern const run::Scenario flow_vault_namespace{
    .id = "flow/vault-namespace",
    .sentence = "An account's namespace is where its cluster logs in and has its leaves signed.",
    .source = "integration page §31 (step 5, Namespace)",
    .needs = {run::Feature::namespaces},
    .run = vault_namespace,
};

}  // namespace meshproof::scenarios
