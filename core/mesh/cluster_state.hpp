#pragma once

#include "core/mesh/node_agent.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::mesh {

/// A cluster's parts. `tasks` run the node agent and the workload controller.
struct Cluster::State {
    State(const std::shared_ptr<Mesh>& mesh, ClusterSpec its_spec)
        : spec(std::move(its_spec)),
          node(std::make_shared<Node>(mesh, spec)),
          workloads(std::make_shared<Workloads>(node)),
          node_agent(std::make_shared<NodeAgent>(node, workloads)) {}

    ClusterSpec spec;
    std::shared_ptr<Node> node;
    std::shared_ptr<Workloads> workloads;
    std::shared_ptr<NodeAgent> node_agent;
    TaskGroup tasks;

    std::string ca_label;  ///< of the account that it shall be connected to; "" = none
    std::uint64_t pushed_generation = 0;  ///< of the configuration that it shall have
    std::optional<CaHealth> health;       ///< as last found out

    [[nodiscard]] std::shared_ptr<Agent> agent(const std::string& pod) const {
        const auto found = node_agent->agents().find(pod);
        return found == node_agent->agents().end() ? nullptr : found->second;
    }
};

}  // namespace meshproof::mesh
