#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> kept_connections(World& world) {
    const auto life = world.leaf_ttl();
    auto cluster = co_await world.connected_cluster("alpha");
    co_await deploy_ready(world, cluster, {"web"});
    // So that not both leaves end in the same second: either side has to notice the other's end.
    co_await world.clock().sleep_for(life / 10);
    co_await deploy_ready(world, cluster, {"api"});
    const Place web{cluster, "web"}, api{cluster, "api"};
    const mesh::Travel kept{.keep = true, .arrives_at = {}};
    world.vault().link->set(http::LinkMode::refuse);
    const auto first = std::min(end_of(leaf_of(cluster, "web")), end_of(leaf_of(cluster, "api")));
    int requests = 0;
    while (world.clock().now() < first - life / 10) {
        co_await expect_talk(world, web, api, "over connections that are kept", kept);
        ++requests;
        co_await world.clock().sleep_for(life / 20);
    }
    world.expect(requests > 1, "no connection was used twice before a leaf ended");

    co_await world.clock().sleep_until(first);
    co_await expect_silence(world, web, api, "over kept connections, after a leaf's end", kept);
    co_await expect_silence(world, web, api, "over fresh connections, after a leaf's end");

    world.vault().link->set(http::LinkMode::pass);
    co_await all_ready(world, cluster);
    co_await expect_talk(world, web, api, "with new leaves, over what was kept", kept);
}

}  // namespace

extern const run::Scenario lifecycle_kept_connections{
    .id = "lifecycle/kept-connections",
    .sentence =
        "A connection between pods that is kept open carries requests until a leaf of either side "
        "ends, and not one after it.",
    .source =
        "integration page §49, What to do next, Warning (\"When the certificates expire, mTLS "
        "connectivity between the services will fail\")",
    .run = kept_connections,
};

}  // namespace meshproof::scenarios
