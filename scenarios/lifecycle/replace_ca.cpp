#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

bool issued_under(const crypto::Certificate& leaf, const run::PreparedVault& prepared) {
    const auto chain = require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem));
    return leaf.signed_by(chain.front());
}

Task<void> run(World& world) {
    const auto old_ca = co_await world.prepare_vault(world.vault(), world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", old_ca);
    co_await deploy_ready(world, cluster, {"web", "api"});
    world.expect(issued_under(leaf_of(cluster, "web"), old_ca),
                 "the first leaf is not signed by the account's CA");
    world.expect_ok(co_await world.mesh().delete_account("alpha", true),
                    "deleting the first account");

    // "You will need to connect another CA to the cluster": on the second Vault where there is one.
    auto& site = world.vault(world.has(run::Feature::two_vaults) ? 1 : 0);
    const auto new_ca = co_await world.prepare_vault(site, world.kube());
    require(world.mesh().add_account(world.account_for(new_ca, "replacement")),
            "add the second account");
    const auto before = leaf_of(cluster, "web");
    world.expect_ok(co_await world.mesh().connect_ca("alpha", "Certificate Authority: replacement"),
                    "connecting another CA");
    world.expect(cluster.ca_label() == "Certificate Authority: replacement",
                 "the cluster's label is {}", cluster.ca_label());
    world.expect(leaf_of(cluster, "web") == before,
                 "connecting another CA replaced the leaf of a running pod");
    const auto trust = cluster.trust_store();
    for (const auto& certificate :
         require(crypto::Certificate::all_from_pem(new_ca.ca_chain_pem))) {
        world.expect(std::ranges::find(trust, certificate) != trust.end(),
                     "the trust store lacks the new CA's \"{}\"", certificate.subject_line());
    }

    // "… and restart all the pods so that they can start using the new CA's certificates."
    std::set<std::string> old_pods;
    for (const auto& pod : cluster.pods()) {
        old_pods.insert(pod.uid);
    }
    require(co_await cluster.restart_all_pods(), "restart all pods");
    const auto replaced = [&] {
        const auto pods = cluster.pods();
        return pods.size() == old_pods.size() && std::ranges::none_of(pods, [&](const auto& pod) {
                   return old_pods.contains(pod.uid);
               });
    };
    world.expect(co_await await(world, replaced, world.leaf_ttl()),
                 "not every pod was replaced after the restart");
    co_await all_ready(world, cluster);
    for (const auto& workload : {"web", "api"}) {
        world.expect(issued_under(leaf_of(cluster, workload), new_ca),
                     "the new leaf of {} does not come from the new CA", workload);
    }
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "with the new CA");
    const auto health = co_await await_health(world, "alpha", true);
    world.expect(health.connected, "with the new CA the cluster is \"{}\": {}", health.text(),
                 health.reason);
}

}  // namespace

extern const run::Scenario lifecycle_replace_ca{
    .id = "lifecycle/replace-ca",
    .sentence =
        "Connecting another CA and restarting all pods brings mTLS back, with leaves that chain to "
        "the new root.",
    .source = "integration page, What to do next, Warning, last sentence",
    .run = run,
};

}  // namespace meshproof::scenarios
