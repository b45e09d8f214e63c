#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> ca_deletion(World& world) {
    auto [cluster, client, server] = co_await world.start_pair("web", "api");
    co_await deploy_ready(world, cluster, {"job"});
    const auto web = leaf_of(cluster, client), api = leaf_of(cluster, server);
    const auto end = std::min(end_of(web), end_of(api));

    // "If any clusters use the Vault CA configuration from the account, a warning is displayed."
    world.expect_refused(
        co_await world.mesh().delete_account("alpha"), cluster.name(),
        "deleting a used account without \"I understand the consequences of this action\"");
    world.expect(world.mesh().accounts().size() == 1, "the refused deletion deleted the account");
    world.expect_ok(co_await world.mesh().delete_account("alpha", true),
                    "deleting the account knowingly");
    world.expect(world.mesh().accounts().empty(), "the account is still there after its deletion");
    const auto health = co_await await_health(world, cluster.name(), false);
    world.expect(!health.connected, "the cluster is still \"{}\" after its account was deleted",
                 health.text());

    // "If a pod gets deleted, it won't be automatically recreated": its replacement never gets a
    // leaf.
    const auto job = pod_of(cluster, "job");
    require(co_await cluster.delete_pod(job.name), "delete the pod of job");
    world.expect_ok(co_await cluster.wait_replaced(job.name, world.leaf_ttl()),
                    "a new pod for job");

    // "The pods will continue to have the certificates until they expire."
    const auto traffic = co_await world.drive(cluster, client, server,
                                              end - world.clock().now() - world.leaf_ttl() / 10);
    world.expect(traffic.attempted > 0, "no request was sent before the leaves expired");
    world.expect(traffic.failures.empty(), "{} of {} requests failed before the leaves expired",
                 traffic.failures.size(), traffic.attempted);
    world.expect(leaf_of(cluster, client) == web && leaf_of(cluster, server) == api,
                 "a pod holds another leaf than when the CA was deleted");

    // "When the certificates expire, mTLS connectivity between the services will fail."
    co_await world.clock().sleep_until(end);
    co_await expect_silence(world, {cluster, client}, {cluster, server},
                            "after the leaves expired");
    co_await world.clock().sleep_until(std::max(end_of(web), end_of(api)) + world.leaf_ttl() / 20);
    for (const auto& pod : cluster.pods()) {
        world.expect(!pod.ready, "the pod of {} is ready without a valid leaf", pod.workload);
        world.expect(pod.leaves <= 1, "the pod of {} received {} leaves", pod.workload, pod.leaves);
    }
    world.expect(!pod_of(cluster, "job").leaf,
                 "the pod that replaced a deleted one got a leaf without a CA");
}

}  // namespace

extern const run::Scenario lifecycle_ca_deletion{
    .id = "lifecycle/ca-deletion",
    .sentence =
        "After the integration is deleted, pods talk until their leaves expire, what replaces a "
        "deleted pod never gets a leaf, and nothing new is signed.",
    .source = "integration page §48-50 (What to do next, Warning)",
    .run = ca_deletion,
};

}  // namespace meshproof::scenarios
