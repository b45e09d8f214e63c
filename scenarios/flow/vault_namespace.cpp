#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

// OpenBao answers first and then removes what lies in it.
Task<Result<void>> remove_namespace(Clock& clock, Duration pause, vault::Client admin,
                                    std::string name) {
    auto removed = co_await admin.call("DELETE", "sys/namespaces/" + name);
    if (!removed) {
        co_return propagate(removed);
    }
    constexpr int patience = 100;
    for (int i = 0; i < patience; ++i) {
        if (!co_await admin.call("GET", "sys/namespaces/" + name)) {
            co_return Result<void>();
        }
        co_await clock.sleep_for(pause);
    }
    co_return fail(FailureKind::timed_out, "namespace {} is still there", name);
}

// A namespace of this run, below the target's own.
Task<std::string> make_namespace(World& world) {
    const auto admin = world.vault().admin;
    const auto name = world.name("team");
    world.at_end("namespace " + name,
                 [&clock = world.clock(), pause = world.leaf_ttl() / 100, admin, name] {
                     return remove_namespace(clock, pause, admin, name);
                 });
    require(co_await admin.call(
                "PUT", "sys/namespaces/" + name,
                vault::Json{{"custom_metadata", {{"meshproof-run", world.mark().run_id()}}}}),
            "make a namespace");
    const auto& parent = admin.config().namespace_name;
    co_return parent.empty() ? name : parent + "/" + name;
}

Task<void> vault_namespace(World& world) {
    const auto ns = co_await make_namespace(world);
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
