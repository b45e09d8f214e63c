#pragma once

#include "core/mesh/cluster.hpp"
#include "core/mesh/cluster_agent.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::mesh {

/// A cluster's parts. `tasks` run what keeps it as it is wanted: the workload controller, and what
/// applies configuration; `agent_tasks` the cluster's agent.
struct Cluster::State {
    State(const std::shared_ptr<Mesh>& mesh, ClusterSpec its_spec)
        : spec(std::move(its_spec)),
          context(std::make_shared<ClusterContext>(mesh, spec)),
          workloads(std::make_shared<Workloads>(context)),
          cluster_agent(std::make_shared<ClusterAgent>(context, workloads)) {}

    ClusterSpec spec;
    std::shared_ptr<ClusterContext> context;
    std::shared_ptr<Workloads> workloads;
    std::shared_ptr<ClusterAgent> cluster_agent;
    TaskGroup tasks, agent_tasks;
    bool restarting = false;  ///< its agent ends, to begin anew

    // What the cluster shall have (sync.hpp); what it has is in the context.
    std::optional<IntegrationAccount> wanted;  ///< whose CA it shall be connected to
    TrustStore wanted_trust;
    std::uint64_t generation = 0;                ///< of the configuration that it shall have
    std::set<std::string> old_service_accounts;  ///< that nothing wanted uses any more
    std::uint64_t wishes = 0;                    ///< counts the changes of all this
    std::uint64_t tried = 0;                     ///< the newest wish for which an attempt has ended
    std::string trouble;                         ///< why the last attempt failed; "" = it did not
    std::optional<Duration> no_sooner;  ///< and for how long its API server wanted quiet then
    bool ended = false;                 ///< nobody applies anything any more

    std::optional<CaHealth> health;  ///< as last found out

    /// The label of the account that is wanted, "" = none.
    [[nodiscard]] std::string ca_label() const { return wanted ? wanted->label() : std::string(); }

    [[nodiscard]] std::shared_ptr<Agent> agent(const std::string& pod) const {
        const auto found = cluster_agent->agents().find(pod);
        return found == cluster_agent->agents().end() ? nullptr : found->second;
    }
};

/// Its agent begins to follow the API server.
[[nodiscard]] Task<void> start_cluster_agent(std::shared_ptr<Cluster::State> cluster);

}  // namespace meshproof::mesh
