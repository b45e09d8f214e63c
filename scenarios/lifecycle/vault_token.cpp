#include "core/base/text.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

constexpr int lives_of_a_token = 20;

Task<void> expect_no_failure(World& world, mesh::Cluster cluster, Duration duration,
                             std::string when) {
    const auto traffic = co_await world.drive(cluster, "web", "api", duration);
    world.expect(traffic.attempted > 0, "{}: no request was sent, so nothing was shown", when);
    world.expect(traffic.failures.empty(), "{}: {} of {} requests failed", when,
                 traffic.failures.size(), traffic.attempted);
}

void expect_logins(World& world, const mesh::Cluster& cluster, std::size_t logins,
                   std::size_t leaves, std::string_view when) {
    for (const auto& pod : cluster.pods()) {
        world.expect(pod.leaves >= leaves, "{}: {} got {}, expected {} or more", when, pod.workload,
                     counted(pod.leaves, "leaf", "leaves"), leaves);
        world.expect(pod.logins == logins, "{}: {} logged in {} for {}, expected {}", when,
                     pod.workload, counted(pod.logins, "time"),
                     counted(pod.leaves, "leaf", "leaves"), logins);
    }
}

Task<void> vault_token(World& world) {
    const auto life = world.leaf_ttl();
    run::Recipe recipe;
    recipe.token_ttl = life * lives_of_a_token;
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube(), recipe);
    const auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    co_await deploy_ready(world, cluster, {"web", "api"});
    co_await expect_no_failure(world, cluster, life * 3 / 2, "while the first token lives");
    expect_logins(world, cluster, 1, 2, "while the first token lives");

    // Behind the agents' back: the next signature says so.
    require(co_await world.vault().admin.call(
                "PUT", fmt::format("sys/leases/revoke-prefix/auth/{}/login", prepared.auth_mount)),
            "revoke the agents' Vault tokens");
    co_await expect_no_failure(world, cluster, life * 5 / 4, "after the tokens were revoked");
    expect_logins(world, cluster, 2, 3, "after the tokens were revoked");
}

}  // namespace

extern const run::Scenario lifecycle_vault_token{
    .id = "lifecycle/vault-token",
    .sentence =
        "One login serves for as long as its Vault token lives, and a token that Vault revokes is "
        "given up for another login before a leaf ends.",
    .source =
        "cert-manager issues 3941 and 7097; istio/istio issues 2090 and 3155; wire contract 18",
    .run = vault_token,
};

}  // namespace meshproof::scenarios
