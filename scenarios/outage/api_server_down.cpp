#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> api_server_down(World& world) {
    const auto life = world.leaf_ttl();
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    co_await deploy_ready(world, cluster, {"web", "api"});

    world.kube().link->set(http::LinkMode::refuse);
    // Vault cannot review the token, and says so with the words of a bad token.
    const auto jwt = co_await token_of(world, world.kube(), prepared.service_account);
    expect_bare_denial(world,
                       co_await login(world.vault(), prepared.auth_mount, prepared.auth_role, jwt),
                       "a login while Vault cannot reach the API server");
    const auto health = co_await await_health(world, "alpha", false);
    world.expect(!health.connected && health.reason.find("API server") != std::string::npos,
                 "while Vault cannot reach the API server the cluster is \"{}\": {}", health.text(),
                 health.reason);

    require(co_await cluster.deploy({.name = "late", .service_account = "late"}), "deploy late");
    const auto traffic = co_await world.drive(cluster, "web", "api", life / 4);
    world.expect(traffic.attempted > 0,
                 "no request was sent during the outage, so nothing was shown");
    world.expect(traffic.failures.empty(),
                 "{} of {} requests of running pods failed during the outage",
                 traffic.failures.size(), traffic.attempted);
    world.expect(!pod_of(cluster, "late").ready, "a new pod got its leaf without a login");

    world.kube().link->set(http::LinkMode::pass);
    co_await all_ready(world, cluster);
    co_await expect_talk(world, {cluster, "web"}, {cluster, "late"},
                         "after the API server came back");
    const auto healed = co_await await_health(world, "alpha", true);
    world.expect(healed.connected, "after the API server came back the cluster is \"{}\": {}",
                 healed.text(), healed.reason);
}

}  // namespace

extern const run::Scenario outage_api_server_down{
    .id = "outage/api-server-down",
    .sentence =
        "While Vault cannot reach the API server logins are denied without a reason, running pods "
        "go on, new pods wait, "
        "and all heals by itself.",
    .source = "wire contract 148",
    .needs = {run::Feature::cut_vault_to_kube},
    .run = api_server_down,
};

}  // namespace meshproof::scenarios
