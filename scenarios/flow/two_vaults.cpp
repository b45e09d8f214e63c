#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> two_vaults(World& world) {
    const std::array prepared = {co_await world.prepare_vault(world.vault(0), world.kube(0)),
                                 co_await world.prepare_vault(world.vault(1), world.kube(1))};
    const std::array clusters = {co_await world.connected_cluster_with("alpha", prepared[0]),
                                 co_await world.connected_cluster_with("beta", prepared[1])};
    for (std::size_t i = 0; i < clusters.size(); ++i) {
        co_await deploy_ready(world, clusters[i], {"web", "api"});
        const auto own =
            require(crypto::Certificate::all_from_pem(prepared[i].ca_chain_pem)).front();
        const auto other =
            require(crypto::Certificate::all_from_pem(prepared[1 - i].ca_chain_pem)).front();
        const auto leaf = leaf_of(clusters[i], "web");
        world.expect(leaf.signed_by(own) && !leaf.signed_by(other),
                     "the leaf in {} is not from the Vault of its label \"{}\"", clusters[i].name(),
                     clusters[i].ca_label());
        const auto health = co_await await_health(world, clusters[i].name(), true);
        world.expect(health.connected, "{} is \"{}\": {}", clusters[i].name(), health.text(),
                     health.reason);
        co_await expect_talk(world, {clusters[i], "web"}, {clusters[i], "api"},
                             "within " + clusters[i].name());
    }
    co_await expect_silence(world, {clusters[0], "web"}, {clusters[1], "api"},
                            "between clusters that share no root");

    // One Vault away: the other label's cluster does not notice.
    world.vault(1).link->set(http::LinkMode::refuse);
    world.expect(!(co_await await_health(world, "beta", false)).connected,
                 "a cluster without its Vault is CA: Connected");
    const auto health = co_await await_health(world, "alpha", true);
    world.expect(health.connected, "the cluster of the other Vault is \"{}\": {}", health.text(),
                 health.reason);
}

}  // namespace

extern const run::Scenario flow_two_vaults{
    .id = "flow/two-vaults",
    .sentence =
        "The label decides which Vault signs; clusters of different roots work by themselves and "
        "do not trust each other.",
    .source =
        "integration page §1 §7 §27 §42 §45 (introduction, \"one or multiple Vault servers\")",
    .needs = {run::Feature::two_vaults, run::Feature::two_clusters},
    .run = two_vaults,
};

}  // namespace meshproof::scenarios
