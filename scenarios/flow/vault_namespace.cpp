#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

bool has_namespaces(World& world) {
    return world.has(run::Feature::namespaces) ||
           world.vault().version.find("+ent") != std::string::npos;
}

// Where the account's cluster logs in, and nowhere else.
Task<void> in_a_namespace(World& world) {
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

bool names_it(std::string_view text) {
    return text.find("has no namespaces and ignores \"team\"") != std::string_view::npos;
}

// HashiCorp's Vault without a licence takes the name for nothing: leaves come, and nobody but
// health says so.
Task<void> ignored(World& world) {
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    auto named = world.account_for(prepared, "named");
    named.vault_namespace = "team";
    require(world.mesh().add_account(named), "add an account with a namespace");
    require(co_await world.mesh().connect_ca("alpha", "Certificate Authority: named"),
            "connect it");
    co_await deploy_ready(world, cluster, {"web", "api"});
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"},
                         "with a namespace that the Vault ignores");
    const auto health = co_await await_health(world, "alpha", true);
    world.expect(health.connected && std::ranges::any_of(health.warnings, names_it),
                 "by a namespace that its Vault ignores the cluster is \"{}\", without a warning",
                 health.text());

    auto astray = named;
    astray.name = "astray";
    astray.role += "-typo";
    require(world.mesh().add_account(astray), "add an account with another role");
    require(co_await world.mesh().connect_ca("alpha", "Certificate Authority: astray"),
            "connect it");
    const auto unknown = co_await await_health(world, "alpha", false);
    world.expect(!unknown.connected && names_it(unknown.reason),
                 "the reason for \"{}\" says nothing of a namespace that its Vault ignores: {}",
                 unknown.text(), unknown.reason);
}

Task<void> vault_namespace(World& world) {
    if (has_namespaces(world)) {
        co_await in_a_namespace(world);
    } else {
        co_await ignored(world);
    }
}

}  // namespace

extern const run::Scenario flow_vault_namespace{
    .id = "flow/vault-namespace",
    .sentence =
        "An account's namespace is where its cluster logs in and has its leaves signed; a Vault "
        "that has none ignores it, and the cluster's health says so.",
    .source = "integration page §31 (step 5, Namespace)",
    .run = vault_namespace,
};

}  // namespace meshproof::scenarios
