#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

// A new name in Vault's role, as step 1 g writes it, with the right that its logins need.
Task<void> bind_in_vault(World& world, run::PreparedVault prepared, std::string service_account) {
    require(co_await prepared.site->admin.write_kubernetes_role(
                prepared.auth_mount, prepared.auth_role,
                {.service_accounts = {service_account},
                 .namespaces = {world.target().mesh_namespace},
                 .policies = {prepared.policy},
                 .ttl = {},
                 .max_ttl = {},
                 .audience = {},
                 .token_type = {}}),
            "change the service account name in Vault's role");
}

Task<void> let_review(World& world, std::string service_account) {
    const auto kube = world.kube().admin;
    world.at_end("cluster role binding " + service_account, [kube, service_account] {
        return kube.delete_cluster_role_binding(service_account);
    });
    require(co_await kube.bind_auth_delegator(service_account, world.target().mesh_namespace,
                                              service_account, world.labels()),
            "grant system:auth-delegator");
}

Task<void> service_account_rename(World& world) {
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    co_await deploy_ready(world, cluster, {"web", "api"});
    const auto second = world.name("issuer-b"), third = world.name("issuer-c");
    co_await let_review(world, second);
    co_await let_review(world, third);

    // The right order: "before changing the service account name in the integration account, change
    // [it] in the role".
    co_await bind_in_vault(world, prepared, second);
    world.expect_ok(
        co_await world.mesh().edit_account("alpha", {.description = {}, .service_account = second}),
        "editing the service account name");
    world.expect_ok(
        co_await world.kube().admin.service_account(world.target().mesh_namespace, second),
        "the new service account in the mesh's namespace");
    const auto old = co_await world.kube().admin.service_account(world.target().mesh_namespace,
                                                                 prepared.service_account);
    world.expect(!old && old.error().kind == FailureKind::not_found,
                 "the old service account {} is still in the mesh's namespace",
                 prepared.service_account);
    co_await deploy_ready(world, cluster, {"job"});
    const auto traffic = co_await world.drive(cluster, "web", "api", world.leaf_ttl());
    world.expect(traffic.failures.empty(),
                 "{} of {} requests failed after a rename in the right order",
                 traffic.failures.size(), traffic.attempted);
    const auto renamed = co_await await_health(world, "alpha", true);
    world.expect(renamed.connected, "after a rename in the right order the cluster is \"{}\": {}",
                 renamed.text(), renamed.reason);

    // The wrong order: nobody can log in until Vault's role follows, and pods with a leaf go on
    // meanwhile.
    world.expect_ok(
        co_await world.mesh().edit_account("alpha", {.description = {}, .service_account = third}),
        "editing the service account name again");
    const auto refused = co_await login(world.vault(), prepared.auth_mount, prepared.auth_role,
                                        co_await token_of(world, world.kube(), third));
    world.expect_refused(refused, "service account name not authorized",
                         "a login as the new service account");
    const auto unknown = co_await await_health(world, "alpha", false);
    world.expect(!unknown.connected &&
                     unknown.reason.find("does not bind service account") != std::string::npos,
                 "after a rename in the wrong order the cluster is \"{}\": {}", unknown.text(),
                 unknown.reason);
    require(co_await cluster.deploy({.name = "late", .service_account = "late"}), "deploy late");
    world.expect(!co_await cluster.wait_ready(world.leaf_ttl() / 10, "late"),
                 "a pod got its leaf though nobody can log in");
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"},
                         "while Vault's role lags behind");

    co_await bind_in_vault(world, prepared, third);
    co_await all_ready(world, cluster);
    const auto healed = co_await await_health(world, "alpha", true);
    world.expect(healed.connected, "after Vault's role followed the cluster is \"{}\": {}",
                 healed.text(), healed.reason);
}

}  // namespace

extern const run::Scenario lifecycle_service_account_rename{
    .id = "lifecycle/service-account-rename",
    .sentence =
        "Renaming the service account in Vault's role first and in the account second fails "
        "nothing; the other way "
        "round nobody can log in until the role follows.",
    .source = "integration page §46-47 (What to do next, Important)",
    .run = service_account_rename,
};

}  // namespace meshproof::scenarios
