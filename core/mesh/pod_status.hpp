#pragma once

#include "core/mesh/backoff.hpp"
#include "core/mesh/bell.hpp"
#include "core/mesh/cluster_context.hpp"

namespace meshproof::mesh {

/// Keeps a pod's status in the API server up to date, in its own time: an API server that is down
/// holds up nothing else.
class PodStatus {
  public:
    PodStatus(std::shared_ptr<ClusterContext> context, std::string pod, Prng prng);

    /// What the API server shall say from now on.
    void set(bool ready, std::string reason);
    /// Until cancelled.
    [[nodiscard]] Task<void> run();

  private:
    struct Condition {
        bool ready = false;
        std::string reason;
        friend bool operator==(const Condition&, const Condition&) = default;
    };

    std::shared_ptr<ClusterContext> context_;
    std::string pod_;
    Backoff backoff_;
    std::optional<Condition> wanted_, reported_;
    Bell changed_;
};

}  // namespace meshproof::mesh
