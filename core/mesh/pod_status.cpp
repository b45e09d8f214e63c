#include "core/mesh/pod_status.hpp"

namespace meshproof::mesh {

PodStatus::PodStatus(std::shared_ptr<ClusterContext> context, std::string pod, Prng prng)
    : context_(std::move(context)), pod_(std::move(pod)), backoff_(std::move(prng)) {}

void PodStatus::set(bool ready, std::string reason) {
    wanted_ = Condition{ready, std::move(reason)};
    changed_.ring();
}

Task<void> PodStatus::run() {
    const auto& mesh = *context_->mesh;
    while (true) {
        const auto seen = changed_.count();
        if (wanted_ == reported_) {
            co_await changed_.wait_past(seen);
            continue;
        }
        const auto sent = *wanted_;
        const auto patched = co_await context_->kube.set_pod_status(
            context_->workload_namespace, pod_, "Running", sent.ready, sent.reason);
        // A pod that is gone needs no status any more.
        if (patched || patched.error().kind == FailureKind::not_found) {
            reported_ = sent;
            backoff_.reset();
        } else {
            co_await mesh.clock.sleep_for(backoff_.after(Action::retry, mesh.options.schedule,
                                                         mesh.usual_life(),
                                                         patched.error().retry_after));
        }
    }
}

}  // namespace meshproof::mesh
