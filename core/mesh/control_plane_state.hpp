#pragma once

#include "core/mesh/cluster_state.hpp"
#include "core/mesh/control_plane.hpp"

namespace meshproof::mesh {

/// The management side's memory, and the steps that several of its calls share.
struct ControlPlane::State {
    State(Clock& clock, http::Transport& transport, Prng prng, Observer& observer,
          ControlPlaneOptions options)
        : mesh(std::make_shared<Mesh>(clock, transport, std::move(prng), observer,
                                      std::move(options))) {}

    std::shared_ptr<Mesh> mesh;
    std::vector<IntegrationAccount> accounts;  ///< in the order in which they were added
    std::map<std::string, std::shared_ptr<Cluster::State>> clusters;
    std::map<std::string, std::vector<std::string>> global_namespaces;

    [[nodiscard]] IntegrationAccount* account(std::string_view name);
    [[nodiscard]] IntegrationAccount* account_labelled(std::string_view label);
    [[nodiscard]] Result<std::shared_ptr<Cluster::State>> cluster(const std::string& name) const;
    /// Those that are connected to this account's CA, or shall be.
    [[nodiscard]] std::vector<std::shared_ptr<Cluster::State>> clusters_of(
        const IntegrationAccount& account) const;
    [[nodiscard]] std::shared_ptr<Agent> agent(const std::string& pod) const;
};

/// Makes the account's service account in the mesh namespace; one that is there already is taken as
/// it is.
[[nodiscard]] Task<Result<void>> ensure_service_account(std::shared_ptr<ClusterContext> context,
                                                        std::string name);
/// Removes it again if we made it.
[[nodiscard]] Task<Result<void>> remove_service_account(std::shared_ptr<ClusterContext> context,
                                                        std::string name);
/// Removes everything that carries the cluster's labels there, as far as the API server lets us.
[[nodiscard]] Task<void> remove_made_objects(std::shared_ptr<ClusterContext> context);
/// By the same calls that a pod makes.
[[nodiscard]] Task<CaHealth> find_out_health(std::shared_ptr<Cluster::State> cluster);

}  // namespace meshproof::mesh
