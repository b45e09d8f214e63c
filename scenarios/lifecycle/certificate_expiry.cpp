#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> certificate_expiry(World& world) {
    const auto life = world.leaf_ttl();
    const auto [cluster, client, server] = co_await world.start_pair("web", "api");
    const Place web{cluster, client}, api{cluster, server};
    world.vault().link->set(http::LinkMode::refuse);
    const auto first = std::min(end_of(leaf_of(cluster, client)), end_of(leaf_of(cluster, server)));
    const auto last = std::max(end_of(leaf_of(cluster, client)), end_of(leaf_of(cluster, server)));

    const auto traffic =
        co_await world.drive(cluster, client, server, first - world.clock().now() - life / 10);
    world.expect(traffic.attempted > 0, "no request was sent before the leaves expired");
    if (!traffic.failures.empty()) {
        require_in_time(world, first, "requests before the leaves expire");
    }
    world.expect(traffic.failures.empty(), "{} of {} requests failed before a leaf expired",
                 traffic.failures.size(), traffic.attempted);
    const auto out = co_await world.request(cluster, client, cluster, server);
    const auto back = co_await world.request(cluster, server, cluster, client);
    if (!out.ok || !back.ok) {
        require_in_time(world, first, "requests just before the leaves expire");
    }
    for (const auto& seen : {out, back}) {
        world.expect(seen.ok, "just before the leaves expire: they could not talk: {}",
                     seen.failure ? seen.failure->message : "no reason given");
    }

    co_await world.clock().sleep_until(first);
    co_await expect_silence(world, web, api, "just after the first leaf expired");
    co_await world.clock().sleep_until(last);
    for (const auto& workload : {client, server}) {
        world.expect(co_await await(
                         world, [&] { return !pod_of(cluster, workload).ready; }, life / 10),
                     "the pod of {} is still ready with an expired leaf", workload);
        world.expect(end_of(leaf_of(cluster, workload)) <= last,
                     "the pod of {} got a leaf with the signing path cut", workload);
    }

    world.vault().link->set(http::LinkMode::pass);
    co_await all_ready(world, cluster);
    world.expect(leaf_of(cluster, client).valid_at(world.clock().now()),
                 "the new leaf of {} is not valid", client);
    co_await expect_talk(world, web, api, "after the signing path came back");
}

}  // namespace

extern const run::Scenario lifecycle_certificate_expiry{
    .id = "lifecycle/certificate-expiry",
    .sentence =
        "A leaf is accepted until it expires and not after, and mTLS works again once a new one "
        "can be had.",
    .source = "integration page §49 (What to do next, Warning); RFC 5280 4.1.2.5",
    .run = certificate_expiry,
};

}  // namespace meshproof::scenarios
