#include "core/mesh/pod_status.hpp"

namespace meshproof::mesh {

PodStatus::PodStatus(std::shared_ptr<Node> node, std::string pod, Prng prng)
    : node_(std::move(node)), pod_(std::move(pod)), backoff_(std::move(prng)) {}

void PodStatus::set(bool ready, std::string reason) {
    wanted_ = Condition{ready, std::move(reason)};
    changed_.ring();
}

Task<void> PodStatus::run() {
    const auto& mesh = *node_->mesh;
    while (true) {
        const auto seen = changed_.count();
        if (wanted_ == reported_) {
            co_await changed_.wait_past(seen);
            continue;
        }
        const auto sent = *wanted_;
        const auto patched = co_await node_->kube.set_pod_status(
            node_->workload_namespace, pod_, "Running", sent.ready, sent.reason);
        // A pod that is gone needs no status any more.
        if (patched || patched.error().kind == FailureKind::not_found) {
            reported_ = sent;
            backoff_.reset();
        } else {
            co_await mesh.clock.sleep_for(backoff_.next(mesh.options, mesh.usual_life()));
        }
    }
}

}  // namespace meshproof::mesh
