#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/mesh/options.hpp"
#include "core/mesh/views.hpp"

namespace meshproof::mesh {

/// An onboarded cluster: its CA configuration, trust store, cluster agent and pods. Owned by the
/// control plane.
class Cluster {
  public:
    struct State;
    explicit Cluster(std::shared_ptr<State> state) : state_(std::move(state)) {}

    [[nodiscard]] const std::string& name() const;
    /// Of the account that it shall be connected to; "" = none.
    [[nodiscard]] std::string ca_label() const;
    [[nodiscard]] std::vector<crypto::Certificate> trust_store() const;

    /// "in sync", or "out of sync: …" while what is wanted of it is not (all) applied. It is tried
    /// again until it is.
    [[nodiscard]] std::string status() const;
    /// True once it is in sync; false when `limit` passes.
    [[nodiscard]] Task<bool> wait_in_sync(Duration limit);

    /// Creates the workload's pods in the API server and keeps their number: a deleted pod is
    /// replaced by a new one.
    [[nodiscard]] Task<Result<void>> deploy(WorkloadSpec spec);
    /// Another definition of a workload that was deployed: pods by it come, and then those of
    /// before go. On a failure nothing has changed.
    [[nodiscard]] Task<Result<void>> redefine(WorkloadSpec spec);
    /// Deletes one pod in the API server, as kubectl would. The replacement comes by itself, ready
    /// or not.
    [[nodiscard]] Task<Result<void>> delete_pod(std::string pod);
    /// Deletes every pod of the cluster ("restart all the pods").
    [[nodiscard]] Task<Result<void>> restart_all_pods();
    [[nodiscard]] std::vector<PodView> pods() const;  ///< all, by name
    [[nodiscard]] std::vector<PodView> pods_of(std::string_view workload) const;
    [[nodiscard]] std::optional<PodView> pod(const std::string& name) const;
    /// True once every replica of every workload (or of this one) is ready; false when `limit`
    /// passes.
    [[nodiscard]] Task<bool> wait_ready(Duration limit, std::string workload = {});
    /// Waits until the pod is gone and its replacement exists (ready or not): gives the
    /// replacement's name.
    [[nodiscard]] Task<Result<std::string>> wait_replaced(std::string pod, Duration limit);
    /// Lets the agents of these pods renew now, without waiting for their schedule.
    void renew_now();
    /// The cluster's agent ends and begins anew, as a process does: it lists and watches from the
    /// beginning, and takes up the pods that are there. Their keys were in its memory, so each gets
    /// another leaf, where one can be had. Conflict where it ends already.
    [[nodiscard]] Task<Result<void>> restart_agent();

  private:
    std::shared_ptr<State> state_;
};

}  // namespace meshproof::mesh
