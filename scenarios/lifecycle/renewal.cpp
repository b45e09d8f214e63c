#include "core/base/text.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

const Duration vault_token_life = as_written("1h");  // ttl=1h of the page's step 1 g

Task<void> renewal(World& world) {
    const auto life = world.leaf_ttl();
    const auto [cluster, client, server] = co_await world.start_pair("web", "api");
    std::map<std::string, std::set<std::string>> serials, keys;
    const auto begin = world.clock().elapsed();
    while (world.clock().elapsed() - begin < life * 5 / 2) {
        for (const auto& workload : {client, server}) {
            const auto leaf = leaf_of(cluster, workload);
            world.expect(leaf.valid_at(world.clock().now()),
                         "{} held an expired leaf though the CA works", workload);
            serials[workload].insert(leaf.serial());
            keys[workload].insert(to_hex(leaf.public_key().key_id()));
        }
        const auto traffic = co_await world.drive(cluster, client, server, life / 4);
        world.expect(traffic.failures.empty(), "{} of {} requests failed: {}",
                     traffic.failures.size(), traffic.attempted,
                     traffic.failures.empty() ? "" : traffic.failures.front().failure->message);
    }
    const auto lasted = world.clock().elapsed() - begin;
    for (const auto& workload : {client, server}) {
        const auto pod = pod_of(cluster, workload);
        world.expect(pod.leaves > static_cast<std::size_t>(lasted / life), "{} got {} in {} lives",
                     workload, counted(pod.leaves, "leaf", "leaves"),
                     static_cast<double>(lasted.count()) / static_cast<double>(life.count()));
        world.expect(pod.leaves <= static_cast<std::size_t>(lasted / (life / 2)) + 1,
                     "{} got {}: it renews more often than at half of a life", workload,
                     counted(pod.leaves, "leaf", "leaves"));
        world.expect(keys[workload].size() == serials[workload].size(), "{} used {} for {}",
                     workload, counted(keys[workload].size(), "key"),
                     counted(serials[workload].size(), "leaf", "leaves"));
        // One login serves for as long as its Vault token lives, and no leaf needs more than one.
        const auto logins =
            std::min(pod.leaves, 1 + static_cast<std::size_t>(lasted / (vault_token_life / 2)));
        world.expect(pod.logins <= logins, "{} logged in {} for {}", workload,
                     counted(pod.logins, "time"), counted(pod.leaves, "leaf", "leaves"));
    }
}

}  // namespace

extern const run::Scenario lifecycle_renewal{
    .id = "lifecycle/renewal",
    .sentence =
        "Leaves are renewed before they expire, each with a fresh key and few logins, and no "
        "request fails.",
    .source = "cert-manager issues 3941 and 7097; istio/istio issues 2090 and 3155",
    .run = renewal,
};

}  // namespace meshproof::scenarios
