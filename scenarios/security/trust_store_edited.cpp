#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

bool told(World& world, std::string_view what) {
    return std::ranges::any_of(world.trace().events(),
                               [&](const auto& event) { return event.kind == what; });
}

bool all_pods(const mesh::Cluster& cluster, bool ready) {
    return std::ranges::all_of(cluster.pods(), [&](const auto& pod) { return pod.ready == ready; });
}

// Another root, written over the bundle, so that nobody can write it back.
Task<void> expect_foreign_trust_seen(World& world, mesh::Cluster cluster, std::string foreign) {
    co_await patch_mesh_secret(world, trust_key, {{trust_key, std::move(foreign)}}, true);
    world.expect(co_await await(
                     world, [&] { return all_pods(cluster, false); }, world.leaf_ttl() / 4),
                 "pods are ready though the trust store holds no anchor above their leaves");
    const auto shop = require(co_await world.mesh().global_namespace_health("shop"),
                              "the global namespace's health");
    world.expect(!shop.healthy && shop.reason.find("trust store") != std::string::npos,
                 "with a foreign trust store the global namespace is Healthy or says only \"{}\"",
                 shop.reason);
    co_await expect_silence(world, {cluster, "web"}, {cluster, "api"}, "after trust was withdrawn");

    co_await delete_mesh_secret(world, trust_key);
    co_await all_ready(world, cluster);
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"},
                         "after the trust store was repaired");
}

Task<void> trust_store_edited(World& world) {
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    const auto stranger = co_await world.prepare_vault(world.vault(), world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    require(co_await world.mesh().create_global_namespace("shop", {"alpha"}),
            "create a global namespace");
    co_await deploy_ready(world, cluster, {"web", "api"});
    co_await expect_foreign_trust_seen(world, cluster, stranger.ca_chain_pem);

    // The configuration, too: nobody asks for health meanwhile.
    co_await delete_mesh_secret(world, config_key);
    world.expect(co_await await(
                     world, [&] { return told(world, "ca disconnected"); }, world.leaf_ttl() / 4),
                 "nobody noticed that the CA configuration was deleted");
    world.expect(co_await cluster.wait_in_sync(world.leaf_ttl()),
                 "a deleted CA configuration was not put back: the cluster is \"{}\"",
                 cluster.status());
    const auto shop = require(co_await world.mesh().global_namespace_health("shop"),
                              "the global namespace's health");
    world.expect(shop.healthy, "after the repair the global namespace is not Healthy: {}",
                 shop.reason);
}

}  // namespace

extern const run::Scenario security_trust_store_edited{
    .id = "security/trust-store-edited",
    .sentence =
        "A trust store or configuration that somebody edits in the cluster is noticed at once: "
        "pods are ready only while their peers trust them, no global namespace is Healthy, and "
        "what is wanted comes back.",
    .source =
        "integration page §6-7 §43 (introduction, trust store; Results, \"synced and applied\")",
    .run = trust_store_edited,
};

}  // namespace meshproof::scenarios
