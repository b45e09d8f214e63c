#pragma once

#include "core/mesh/backoff.hpp"
#include "core/mesh/bell.hpp"
#include "core/mesh/cluster_context.hpp"

namespace meshproof::mesh {

/// Keeps the number of each workload's pods: a ReplicaSet in small. It sees pods as the cluster
/// agent observes them.
class Workloads {
  public:
    explicit Workloads(std::shared_ptr<ClusterContext> context);

    /// Creates the pods now; on a failure nothing of the workload stays wanted.
    [[nodiscard]] static Task<Result<void>> add(std::shared_ptr<Workloads> self, WorkloadSpec spec);
    /// Another definition of a workload that there is: its pods are made first, and with them all
    /// is as wanted; then those of before are nobody's any more (`remove_outdated`). On a failure
    /// all stays as it was. Of two definitions at once the later holds. Gives the pods of before.
    [[nodiscard]] static Task<Result<std::vector<std::string>>> redefine(
        std::shared_ptr<Workloads> self, WorkloadSpec spec);
    /// One attempt for each pod of an earlier definition. Gives why one is still there; `keep`
    /// tries again.
    [[nodiscard]] static Task<std::optional<Failure>> remove_outdated(
        std::shared_ptr<Workloads> self);
    /// Replaces lost pods, and removes those that are outdated, until cancelled.
    [[nodiscard]] static Task<void> keep(std::shared_ptr<Workloads> self);

    /// The cluster agent begins to list; gives the number of this list.
    [[nodiscard]] std::uint64_t list_begins() { return ++lists_; }
    /// What that list held: what it should have held and did not is lost.
    void listed(std::uint64_t list, const std::set<std::string>& names);
    void lost(const std::string& pod);

    [[nodiscard]] const std::map<std::string, WorkloadSpec>& specs() const { return specs_; }
    /// The pod that was created for a lost one.
    [[nodiscard]] std::optional<std::string> replacement_of(const std::string& pod) const;
    [[nodiscard]] bool knows(const std::string& pod) const;

  private:
    struct Lost {
        std::string pod, workload;
        std::uint64_t definition = 0;  ///< of the workload that it belonged to
        std::string replacement{};     ///< what comes for it is named so, since it was first tried
    };
    /// The definition that a new pod of the workload belongs to; nothing where it is not wanted.
    [[nodiscard]] std::optional<std::uint64_t> definition_of(const std::string& workload) const;
    /// What that definition says, while pods of it are wanted; else null.
    [[nodiscard]] const WorkloadSpec* wanted(const std::string& workload,
                                             std::uint64_t definition) const;

    [[nodiscard]] std::string new_name(const std::string& workload);
    [[nodiscard]] Result<WorkloadSpec> completed(WorkloadSpec spec) const;
    [[nodiscard]] static Task<Result<void>> have_service_account(std::shared_ptr<Workloads> self,
                                                                 std::string name);
    /// All of a definition's pods; on a failure none of them stays.
    [[nodiscard]] static Task<Result<void>> create_all(std::shared_ptr<Workloads> self,
                                                       std::string workload,
                                                       std::uint64_t definition, int replicas);
    /// Fails where that definition of the workload is gone, or goes meanwhile.
    [[nodiscard]] static Task<Result<void>> create(std::shared_ptr<Workloads> self,
                                                   std::string workload, std::uint64_t definition,
                                                   std::string name);
    /// One attempt for each lost pod. Gives why the last one that is still wanted was not replaced.
    [[nodiscard]] static Task<std::optional<Failure>> replace_each(std::shared_ptr<Workloads> self);

    std::shared_ptr<ClusterContext> context_;
    Prng names_;
    Backoff backoff_;
    std::map<std::string, WorkloadSpec> specs_;
    std::map<std::string, std::uint64_t> definitions_;  ///< of the same workloads
    std::uint64_t defined_ = 0;                         ///< how many definitions there were
    std::map<std::uint64_t, WorkloadSpec> coming_;      ///< definitions whose pods are being made
    std::vector<std::string> outdated_;                 ///< pods that nobody wants any more
    struct Alive {
        std::string workload;
        std::uint64_t definition = 0;
        std::uint64_t created_after_list =
            0;  ///< a list with this number or an older one may lack it
    };
    std::map<std::string, Alive> alive_;
    std::deque<Lost> lost_;
    std::map<std::string, std::string> replaced_by_;
    std::uint64_t lists_ = 0;
    Bell work_;
};

}  // namespace meshproof::mesh
