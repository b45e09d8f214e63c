#pragma once

#include "core/mesh/cluster.hpp"
#include "core/mesh/cluster_agent.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::mesh {

/// A cluster's parts. `tasks` run the cluster agent and the workload controller.
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
    TaskGroup tasks;

    std::string ca_label;  ///< of the account that it shall be connected to; "" = none
    std::uint64_t pushed_generation = 0;  ///< of the configuration that it shall have
    std::optional<CaHealth> health;       ///< as last found out

    [[nodiscard]] std::shared_ptr<Agent> agent(const std::string& pod) const {
        const auto found = cluster_agent->agents().find(pod);
        return found == cluster_agent->agents().end() ? nullptr : found->second;
    }
};

}  // namespace meshproof::mesh
