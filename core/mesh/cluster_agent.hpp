#pragma once

#include "core/mesh/agent.hpp"
#include "core/mesh/workloads.hpp"

namespace meshproof::mesh {

/// A cluster's kubelet in small: lists and watches the cluster's pods and runs an agent for each.
/// What it knows comes from the API server only; while that is down, the agents go on with what
/// they have.
class ClusterAgent {
  public:
    ClusterAgent(std::shared_ptr<ClusterContext> context, std::shared_ptr<Workloads> workloads);

    /// Follows the API server until cancelled.
    [[nodiscard]] static Task<void> run(std::shared_ptr<ClusterAgent> self);
    /// Reads configuration and trust store back from the cluster and applies what is there.
    [[nodiscard]] static Task<Result<void>> apply_configuration(std::shared_ptr<ClusterAgent> self);
    /// Ends every agent. Throws the first exception that ended one, after all have ended.
    [[nodiscard]] static Task<void> stop_agents(std::shared_ptr<ClusterAgent> self);

    [[nodiscard]] const std::map<std::string, std::shared_ptr<Agent>>& agents() const {
        return agents_;
    }

  private:
    [[nodiscard]] Task<Result<void>> follow();
    [[nodiscard]] Task<Result<std::string>> list();
    [[nodiscard]] Task<Result<std::string>> watch(std::string version);
    [[nodiscard]] Task<void> added(kube::Pod pod);
    [[nodiscard]] Task<void> gone(std::string pod);

    std::shared_ptr<ClusterContext> context_;
    std::shared_ptr<Workloads> workloads_;
    Backoff backoff_;
    std::map<std::string, std::shared_ptr<Agent>> agents_;
};

}  // namespace meshproof::mesh
