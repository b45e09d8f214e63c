#include "core/base/text.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

constexpr double attempts_a_life =
    60;  // no faster than one in the longest backoff, twice over, and a few to get there

Task<void> truncated_issuer(World& world) {
    const auto life = world.leaf_ttl();
    run::Recipe recipe;
    recipe.intermediate_ttl = life;
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube(), recipe);
    const auto issuer = require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem)).front();
    require(
        co_await world.vault().admin.call("POST", prepared.intermediate_mount + "/issuer/default",
                                          vault::Json{{"leaf_not_after_behavior", "truncate"}}),
        "let the issuer truncate");
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    co_await deploy_ready(world, cluster, {"web", "api"});
    for (const auto& workload : {"web", "api"}) {
        world.expect(leaf_of(cluster, workload).not_after() <= issuer.not_after(),
                     "the leaf of {} outlives its issuer", workload);
    }

    co_await world.clock().sleep_until(end_of(issuer));
    co_await expect_silence(world, {cluster, "web"}, {cluster, "api"}, "after the issuer expired");
    const auto before = pod_of(cluster, "web");
    co_await world.clock().sleep_for(life / 2);
    // Vault goes on answering 200, with leaves that are born expired: the agent must look, and must
    // not ask in a loop.
    const auto after = pod_of(cluster, "web");
    world.expect(after.leaves > before.leaves, "the agent gave up asking");
    world.expect(static_cast<double>(after.leaves - before.leaves) < attempts_a_life / 2,
                 "the agent asked {} in half a leaf's life for leaves that are born expired",
                 counted(after.leaves - before.leaves, "time"));
    world.expect(!after.ready, "a pod is ready with a leaf that was born expired");
    const auto health = co_await await_health(world, "alpha", false);
    world.expect(!health.connected, "with an expired issuer the cluster is \"{}\"", health.text());
}

}  // namespace

extern const run::Scenario rotation_truncated_issuer{
    .id = "rotation/truncated-issuer",
    .sentence =
        "An expired issuer that truncates hands out leaves that are born expired; agents refuse "
        "them and do not ask in a loop.",
    .source = "hashicorp/vault issue 30621, cert-manager issue 7741; wire contract 95",
    .run = truncated_issuer,
};

}  // namespace meshproof::scenarios
