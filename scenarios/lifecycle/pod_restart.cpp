#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

constexpr int restarts = 3;

Task<void> pod_restart(World& world) {
    auto [cluster, client, server] = co_await world.start_pair("web", "api");
    co_await deploy_ready(world, cluster, {"job"});
    for (int i = 0; i < restarts; ++i) {
        const auto old_pod = pod_of(cluster, "job");
        const auto old_leaf = leaf_of(cluster, "job");
        require(co_await cluster.delete_pod(old_pod.name), "delete the pod of job");
        const auto traffic = co_await world.drive(cluster, client, server, world.leaf_ttl() / 10);
        world.expect(traffic.failures.empty(),
                     "{} of {} requests of other pods failed during the restart",
                     traffic.failures.size(), traffic.attempted);
        const auto name = co_await cluster.wait_replaced(old_pod.name, world.leaf_ttl());
        if (!world.expect_ok(name, "a new pod for job")) {
            co_return;
        }
        co_await all_ready(world, cluster);

        const auto pod = pod_of(cluster, "job");
        world.expect(pod.uid != old_pod.uid, "the replacement has the uid of the deleted pod");
        world.expect(pod.id == old_pod.id, "the replacement is {}, the deleted pod was {}",
                     pod.id.text(), old_pod.id.text());
        world.expect(!(leaf_of(cluster, "job").public_key() == old_leaf.public_key()),
                     "the replacement uses the key of the deleted pod");
        co_await expect_talk(world, {cluster, client}, {cluster, "job"}, "after the restart");
    }
}

}  // namespace

extern const run::Scenario lifecycle_pod_restart{
    .id = "lifecycle/pod-restart",
    .sentence =
        "While the CA works a deleted pod comes back with a fresh key and the same identity, at no "
        "cost to the others.",
    .source = "integration page §2 §50 (introduction and Warning); istio/istio issue 33146",
    .run = pod_restart,
};

}  // namespace meshproof::scenarios
