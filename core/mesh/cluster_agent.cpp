#include "core/mesh/cluster_agent.hpp"

#include "core/time/within.hpp"

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
    const auto& mesh = *self->context_->mesh;
    while (true) {
        const auto followed = co_await self->follow();
        if (!followed) {
            co_await mesh.clock.sleep_for(self->backoff_.after(Action::retry, mesh.options.schedule,
                                                               mesh.usual_life(),
                                                               followed.error().retry_after));
        }
    }
}

// One list, then watch after watch, each from where the last one ended. Ends with what broke it:
// then we list again.
Task<Result<void>> ClusterAgent::follow() {
    auto version = co_await list();
    while (version) {
        backoff_.reset();
        version = co_await watch(*version);
    }
    co_return propagate(version);
}

// The version at its clean end.
Task<Result<std::string>> ClusterAgent::watch(std::string version) {
    auto& clock = context_->mesh->clock;
    const auto begun = clock.elapsed();
    const auto limit =
        std::max<Duration>(context_->mesh->usual_life() / 4, std::chrono::seconds(1));
    auto watch = co_await context_->kube.watch_pods(context_->workload_namespace,
                                                    context_->selector, version, limit);
    if (!watch) {
        co_return propagate(watch);
    }
    while (true) {
        // A connection that went silent looks like a quiet cluster, but for the end that the server
        // owes us.
        auto event = co_await within(clock, limit * 2, watch->next());
        if (!event) {
            co_return propagate(event);
        }
        if (!*event) {
            break;
        }
        auto& pod = (*event)->object;
        switch ((*event)->kind) {
            case kube::WatchKind::added:
            case kube::WatchKind::modified:
                co_await added(std::move(pod));
                break;
            case kube::WatchKind::deleted:
                workloads_->lost(pod.meta.name);
                co_await gone(pod.meta.name);
                break;
            case kube::WatchKind::bookmark:
                break;
            case kube::WatchKind::error:
                co_return fail(FailureKind::server, "the watch ended: {}", (*event)->error);
        }
        version = (*event)->resource_version;
    }
    if (clock.elapsed() - begun < limit / 2) {
        co_return fail(FailureKind::closed, "the watch ended before its time");
    }
    co_return version;
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
