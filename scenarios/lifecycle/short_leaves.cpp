#include "core/base/text.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

constexpr int share = 30;  // of what is asked for: shorter than the longest wait, a twentieth

Task<void> short_leaves(World& world) {
    run::Recipe recipe;
    recipe.role_max_ttl = world.leaf_ttl() / share;
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube(), recipe);
    const auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    co_await deploy_ready(world, cluster, {"web", "api"});
    const auto begin = world.clock().elapsed();
    Duration longest{};
    int asked = 0;
    while (world.clock().elapsed() - begin < recipe.role_max_ttl * 10) {
        for (const auto& pod : cluster.pods()) {
            world.expect(pod.ready, "the pod of {} is not ready though the CA works: {}",
                         pod.workload, pod.reason);
            longest =
                std::max(longest, leaf_of(cluster, pod.workload).not_after() - world.clock().now());
        }
        co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "with short leaves");
        ++asked;
        co_await world.clock().sleep_for(recipe.role_max_ttl / 8);
    }
    world.expect(asked > 0 && longest <= recipe.role_max_ttl,
                 "a leaf lived for {}: the role gives {}", human_duration(longest),
                 human_duration(recipe.role_max_ttl));
    const auto lives = (world.clock().elapsed() - begin) / recipe.role_max_ttl;
    for (const auto& pod : cluster.pods()) {
        world.expect(pod.leaves <= static_cast<std::size_t>(2 * lives + 2),
                     "the pod of {} got {} in {} lives", pod.workload,
                     counted(pod.leaves, "leaf", "leaves"), lives);
    }
}

}  // namespace

extern const run::Scenario lifecycle_short_leaves{
    .id = "lifecycle/short-leaves",
    .sentence =
        "Where the role's max_ttl gives a fraction of the life that is asked for, leaves are "
        "renewed by the life that they have, and no request fails.",
    .source = "integration page §14, step 1 b (max_ttl); wire contract 95",
    .needs = {run::Feature::virtual_time},
    .run = short_leaves,
};

}  // namespace meshproof::scenarios
