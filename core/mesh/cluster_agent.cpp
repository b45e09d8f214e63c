#include "core/mesh/cluster_agent.hpp"

#include "core/mesh/following.hpp"

namespace meshproof::mesh {

ClusterAgent::ClusterAgent(std::shared_ptr<ClusterContext> context,
                           std::shared_ptr<Workloads> workloads)
    : context_(std::move(context)),
      workloads_(std::move(workloads)),
      // The word decides what is drawn, so it stays what it was: digests are compared over
      // versions.
      backoff_(context_->mesh->prng.fork("node agent of " + context_->cluster)),
      configuration_backoff_(context_->mesh->prng.fork("configuration of " + context_->cluster)) {}

Task<void> ClusterAgent::run(std::shared_ptr<ClusterAgent> self) {
    co_await keep_following(
        *self->context_->mesh, self->backoff_, [&self] { return self->list(); },
        [&self](std::string version) { return self->watch(std::move(version)); });
}

Task<Result<std::string>> ClusterAgent::watch(std::string version) {
    const auto& mesh = *context_->mesh;
    auto ended = co_await watch_once(
        mesh,
        context_->kube.watch_pods(context_->workload_namespace, context_->selector, version,
                                  watch_limit(mesh)),
        version, [this](kube::WatchEvent<kube::Pod> event) { return take(std::move(event)); });
    if (!mesh.options.seams.watches_pods_again) {
        co_await mesh.clock.sleep_for(mesh.usual_life() * 10'000);
    }
    co_return ended;
}

Task<Result<void>> ClusterAgent::take(kube::WatchEvent<kube::Pod> event) {
    auto& pod = event.object;
    if (event.kind == kube::WatchKind::deleted) {
        workloads_->lost(pod.meta.name);
        co_await gone(pod.meta.name);
    } else {
        co_await added(std::move(pod));
    }
    co_return Result<void>();
}

Task<Result<std::string>> ClusterAgent::list() {
    const auto number = workloads_->list_begins();
    auto listed =
        co_await context_->kube.list_pods(context_->workload_namespace, context_->selector);
    if (!listed) {
        co_return propagate(listed);
    }
    std::set<std::string> names;
    for (const auto& pod : listed->items) {
        names.insert(pod.meta.name);
    }
    workloads_->listed(number, names);
    std::vector<std::string> missing;
    for (const auto& [name, agent] : agents_) {
        if (!names.contains(name)) {
            missing.push_back(name);
        }
    }
    for (const auto& name : missing) {
        co_await gone(name);
    }
    if (restarted_ && !context_->mesh->options.seams.takes_pods_up_again) {
        co_return listed->resource_version;
    }
    for (auto& pod : listed->items) {
        co_await added(std::move(pod));
    }
    co_return listed->resource_version;
}

Task<void> ClusterAgent::added(kube::Pod pod) {
    if (const auto known = agents_.find(pod.meta.name); known != agents_.end()) {
        if (known->second->pod().uid == pod.meta.uid) {
            co_return;
        }
        co_await gone(pod.meta.name);  // deleted and made again under its name
    }
    const auto workload = pod.meta.labels.find(std::string(workload_label));
    auto agent = std::make_shared<Agent>(
        context_, Agent::Pod{pod.meta.name, pod.meta.uid,
                             workload == pod.meta.labels.end() ? std::string() : workload->second,
                             pod.service_account});
    agents_.emplace(pod.meta.name, agent);
    context_->mesh->tell("pod added", {{"cluster", context_->cluster},
                                       {"pod", context_->mesh->logical(pod.meta.name)}});
    co_await Agent::start(agent);
    context_->pods_changed.ring();
}

Task<void> ClusterAgent::gone(std::string pod) {
    if (!context_->mesh->options.seams.stops_deleted_pods) {
        co_return;
    }
    const auto found = agents_.extract(pod);
    if (!found) {
        co_return;
    }
    context_->mesh->tell("pod deleted",
                         {{"cluster", context_->cluster}, {"pod", context_->mesh->logical(pod)}});
    context_->pods_changed.ring();
    co_await found.mapped()->stop();
}

Task<void> ClusterAgent::stop_agents(std::shared_ptr<ClusterAgent> self) {
    std::exception_ptr first;
    for (const auto& [name, agent] : std::exchange(self->agents_, {})) {
        try {
            co_await agent->stop();
        } catch (...) {
            first = first ? first : std::current_exception();
        }
    }
    if (first) {
        std::rethrow_exception(first);
    }
}

}  // namespace meshproof::mesh
