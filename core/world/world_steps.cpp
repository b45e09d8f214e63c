// What scenarios do with their world: a Vault prepared, a cluster connected, pods that are ready.
#include "core/world/world.hpp"

namespace meshproof::run {

Task<PreparedVault> World::prepare_vault(VaultSite& site, KubeSite& cluster, Recipe recipe) {
    const int number = ++counter();
    PreparedVault made{co_await prepare(ledger(),
                                        {.vault = site.admin,
                                         .kube = cluster.admin,
                                         .review_url = cluster.review_url,
                                         .cluster_ca_pem = cluster.ca_pem,
                                         .mesh_namespace = target().mesh_namespace,
                                         .leaf_ttl = leaf_ttl()},
                                        std::move(recipe), number),
                       &site, &cluster};
    if (made.issuer) {
        monitors().limit_leaves(*made.issuer, made.role_max_ttl);
    }
    co_return made;
}

mesh::AccountSpec World::account_for(const PreparedVault& prepared,
                                     std::string_view account_name) const {
    return {.name = std::string(account_name),
            .description = {},
            .label = {},
            .url = prepared.site->agent_url.text(),
            .service_account = prepared.service_account,
            .role = prepared.auth_role,
            .pki_path = prepared.pki_path(),
            .mount_path = prepared.mount_path(),
            .vault_namespace = prepared.site->admin.config().namespace_name,
            .ca_chain_pem = prepared.ca_chain_pem};
}

Task<mesh::Cluster> World::connected_cluster_with(std::string cluster_name,
                                                  PreparedVault prepared) {
    require(mesh().add_account(account_for(prepared, cluster_name)), "add the integration account");
    if (mesh().trust_domain().empty()) {
        require(mesh().set_trust_domain(prepared.trust_domain), "set the trust domain");
    }
    co_return require(co_await mesh().onboard({.name = cluster_name,
                                               .ca_label = "Certificate Authority: " + cluster_name,
                                               .kube = prepared.cluster->admin,
                                               .mesh_namespace = target().mesh_namespace,
                                               .workload_namespace = target().workload_namespace}),
                      "onboard the cluster");
}

Task<mesh::Cluster> World::connected_cluster(std::string cluster_name, std::size_t vault_index,
                                             std::size_t kube_index) {
    auto prepared = co_await prepare_vault(vault(vault_index), kube(kube_index));
    co_return co_await connected_cluster_with(std::move(cluster_name), std::move(prepared));
}

Task<World::Pair> World::start_pair(std::string client, std::string server) {
    Pair pair{co_await connected_cluster("alpha"), client, server};
    require(co_await pair.cluster.deploy({.name = client, .service_account = client}),
            "deploy " + client);
    require(co_await pair.cluster.deploy({.name = server, .service_account = server}),
            "deploy " + server);
    if (!co_await pair.cluster.wait_ready(leaf_ttl())) {
        std::string reasons;
        for (const auto& pod : pair.cluster.pods()) {
            if (!pod.ready) {
                reasons +=
                    fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", pod.workload, pod.reason);
            }
        }
        throw ScenarioEnded("pods did not become ready: " + reasons);
    }
    co_return pair;
}

}  // namespace meshproof::run
