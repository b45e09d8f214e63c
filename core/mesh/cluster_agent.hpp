#pragma once

#include "core/mesh/agent.hpp"
#include "core/mesh/config_store.hpp"
#include "core/mesh/workloads.hpp"

namespace meshproof::mesh {

/// A cluster's kubelet in small: lists and watches the cluster's pods and runs an agent for each.
/// What it knows comes from the API server only; while that is down, the agents go on with what
/// they have.
class ClusterAgent : public std::enable_shared_from_this<ClusterAgent> {
  public:
    ClusterAgent(std::shared_ptr<ClusterContext> context, std::shared_ptr<Workloads> workloads);

    /// Follows the API server until cancelled.
    [[nodiscard]] static Task<void> run(std::shared_ptr<ClusterAgent> self);
    /// Watches the Secrets that hold configuration and trust store, and applies what is there,
    /// whoever wrote it; until cancelled.
    [[nodiscard]] static Task<void> follow_configuration(std::shared_ptr<ClusterAgent> self);
    /// Reads them now and applies what is there. Each read begins after the one before has ended,
    /// so that a slow one brings nothing old back. What cannot be read is not applied: the pods go
    /// on with what they have.
    [[nodiscard]] static Task<Result<void>> apply_configuration(std::shared_ptr<ClusterAgent> self);
    /// Ends every agent. Throws the first exception that ended one, after all have ended.
    [[nodiscard]] static Task<void> stop_agents(std::shared_ptr<ClusterAgent> self);

    /// After all that ran was ended: what follows begins as in another process.
    void begins_anew() { restarted_ = true; }

    [[nodiscard]] const std::map<std::string, std::shared_ptr<Agent>>& agents() const {
        return agents_;
    }

  private:
    [[nodiscard]] Task<Result<std::string>> list();
    [[nodiscard]] Task<Result<std::string>> watch(std::string version);
    [[nodiscard]] Task<Result<void>> take(kube::WatchEvent<kube::Pod> event);
    [[nodiscard]] Task<void> added(kube::Pod pod);
    [[nodiscard]] Task<void> gone(std::string pod);
    [[nodiscard]] Task<Result<std::string>> list_configuration();
    [[nodiscard]] Task<Result<std::string>> watch_configuration(std::string version);
    [[nodiscard]] Task<Result<void>> take(kube::WatchEvent<kube::SecretObject> event);
    [[nodiscard]] bool shows_news(const kube::WatchEvent<kube::SecretObject>& event) const;
    void take(StoredConfiguration stored);

    std::shared_ptr<ClusterContext> context_;
    std::shared_ptr<Workloads> workloads_;
    Backoff backoff_;
    std::map<std::string, std::shared_ptr<Agent>> agents_;
    bool restarted_ = false;  ///< once at least

    Backoff configuration_backoff_;
    StoredSecrets seen_;    ///< as last read
    bool reading_ = false;  ///< a read is under way
    Bell read_;             ///< one has ended
};

}  // namespace meshproof::mesh
