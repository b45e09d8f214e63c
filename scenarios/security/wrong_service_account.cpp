#include "core/base/text.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> bind_role(run::PreparedVault prepared, std::string service_account, std::string ns) {
    require(
        co_await prepared.site->admin.write_kubernetes_role(prepared.auth_mount, prepared.auth_role,
                                                            {.service_accounts = {service_account},
                                                             .namespaces = {ns},
                                                             .policies = {prepared.policy},
                                                             .ttl = {},
                                                             .max_ttl = {},
                                                             .audience = {},
                                                             .token_type = {}}),
        "write the named role");
}

Task<void> expect_nothing(World& world, run::PreparedVault prepared, mesh::Cluster cluster,
                          std::string words, std::string field) {
    const auto jwt = co_await token_of(world, world.kube(), prepared.service_account);
    const auto refused =
        co_await login(world.vault(), prepared.auth_mount, prepared.auth_role, jwt);
    world.expect_refused(refused, words, "a login against a role that binds somebody else");
    world.expect(!refused && refused.error().status == 403, "the refusal is not 403");
    const auto health = co_await await_health(world, "alpha", false);
    world.expect(!health.connected && health.reason.find(field) != std::string::npos,
                 "the cluster is \"{}\" and does not name {}: {}", health.text(), field,
                 health.reason);
    const bool told = co_await await(
        world, [&] { return pod_of(cluster, "web").reason.find(field) != std::string::npos; },
        world.leaf_ttl() / 2);
    const auto pod = pod_of(cluster, "web");
    world.expect(told, "the pod does not name {} as its problem: {}", field, pod.reason);
    world.expect(!pod.ready && pod.leaves == 0 && pod.logins == 0,
                 "the pod logged in {} and got {}", counted(pod.logins, "time"),
                 counted(pod.leaves, "leaf", "leaves"));
}

Task<void> wrong_service_account(World& world) {
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    const auto& ns = world.target().mesh_namespace;
    co_await bind_role(prepared, "somebody-else", ns);
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    require(co_await cluster.deploy({.name = "web", .service_account = "web"}), "deploy web");
    co_await expect_nothing(world, prepared, cluster, "service account name not authorized",
                            "bound_service_account_names");

    co_await bind_role(prepared, prepared.service_account, "some-other-namespace");
    co_await expect_nothing(world, prepared, cluster, "namespace not authorized",
                            "bound_service_account_namespaces");

    co_await bind_role(prepared, prepared.service_account, ns);
    co_await all_ready(world, cluster);
    co_await deploy_ready(world, cluster, {"api"});
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "with the right role");
    const auto healed = co_await await_health(world, "alpha", true);
    world.expect(healed.connected, "with the right role the cluster is \"{}\": {}", healed.text(),
                 healed.reason);
}

}  // namespace

extern const run::Scenario security_wrong_service_account{
    .id = "security/wrong-service-account",
    .sentence =
        "A role that binds another service account or namespace lets nobody log in, so nothing is "
        "issued, and the mesh says "
        "which field to correct.",
    .source =
        "integration page §21 §28 §42 (step 1 g); wire contract 146; istio.io pull request 4432",
    .run = wrong_service_account,
};

}  // namespace meshproof::scenarios
