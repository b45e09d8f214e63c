#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

constexpr std::size_t replicas = 12;

Task<void> spread_renewals(World& world) {
    const auto life = world.leaf_ttl();
    const auto [cluster, client, server] = co_await world.start_pair("web", "api");
    auto all = cluster;
    require(co_await all.deploy(
                {.name = "job", .service_account = "job", .replicas = static_cast<int>(replicas)}),
            "deploy job");
    co_await all_ready(world, all);
    std::map<std::string, Duration> renewed;  // by the pod's uid: when it was seen with another
    const auto every_one = [&] {
        for (const auto& pod : all.pods_of("job")) {
            if (pod.leaves > 1) {
                renewed.emplace(pod.uid, world.clock().elapsed());
            }
        }
        return renewed.size() == replicas;
    };
    world.expect(co_await await(world, every_one, life), "{} of {} pods were renewed in a life",
                 renewed.size(), replicas);
    std::set<Duration> times;
    for (const auto& [uid, at] : renewed) {
        times.insert(at);
    }
    // Drawn from a tenth of a life, and looked at every hundredth: that twelve seem to lie so near
    // is one chance in four millions.
    world.expect(!times.empty() && *times.rbegin() - *times.begin() > life / 100,
                 "{} pods that began together renewed together", renewed.size());
    co_await expect_talk(world, {all, client}, {all, server}, "after all were renewed");
}

}  // namespace

extern const run::Scenario lifecycle_spread_renewals{
    .id = "lifecycle/spread-renewals",
    .sentence = "Pods that began together do not renew together.",
    .source = "cert-manager issue 3941; docs/architecture.md, The mesh",
    .run = spread_renewals,
};

}  // namespace meshproof::scenarios
