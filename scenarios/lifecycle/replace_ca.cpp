#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

bool issued_under(const crypto::Certificate& leaf, const run::PreparedVault& prepared) {
    const auto chain = require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem));
    return leaf.signed_by(chain.front());
}

bool holds_any(const std::vector<crypto::Certificate>& trust, const run::PreparedVault& prepared) {
    const auto chain = require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem));
    return std::ranges::any_of(chain, [&](const auto& certificate) {
        return std::ranges::find(trust, certificate) != trust.end();
    });
}

// Another CA says nothing against a leaf that is good.
Task<void> expect_no_break(World& world, mesh::Cluster cluster) {
    for (const auto& pod : cluster.pods()) {
        world.expect(pod.ready, "connecting another CA made the pod of {} not ready: {}",
                     pod.workload, pod.reason);
    }
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"},
                         "after another CA was connected, with the old leaves");
    require(co_await cluster.delete_pod(pod_of(cluster, "web").name), "restart web");
    co_await all_ready(world, cluster);
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "between leaves of either CA");
}

Task<void> expect_new_trust_only(World& world, mesh::Cluster cluster, run::PreparedVault old_ca) {
    const bool gone = co_await await(
        world, [&] { return !holds_any(cluster.trust_store(), old_ca); }, world.leaf_ttl());
    world.expect(gone, "the trust store still holds the CA before, and no leaf below it lives");
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "with the new CA alone");
}

Task<void> replace_ca(World& world) {
    const auto old_ca = co_await world.prepare_vault(world.vault(), world.kube());
    // On the second Vault where there is one.
    auto& site = world.vault(world.has(run::Feature::two_vaults) ? 1 : 0);
    const auto new_ca = co_await world.prepare_vault(site, world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", old_ca);
    co_await deploy_ready(world, cluster, {"web", "api"});
    world.expect(issued_under(leaf_of(cluster, "web"), old_ca),
                 "the first leaf is not signed by the account's CA");
    world.expect_ok(co_await world.mesh().delete_account("alpha", true),
                    "deleting the first account");

    // "You will need to connect another CA to the cluster."
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

    co_await expect_no_break(world, cluster);

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
    co_await expect_new_trust_only(world, cluster, old_ca);
    const auto health = co_await await_health(world, "alpha", true);
    world.expect(health.connected, "with the new CA the cluster is \"{}\": {}", health.text(),
                 health.reason);
}

}  // namespace

extern const run::Scenario lifecycle_replace_ca{
    .id = "lifecycle/replace-ca",
    .sentence =
        "Another CA ends no mTLS between leaves that are good; a restart of all pods gives leaves "
        "that chain to the new root, and the old one is trusted no longer than they live.",
    .source = "integration page §7 §51 (What to do next, Warning, last sentence)",
    .run = replace_ca,
};

}  // namespace meshproof::scenarios
