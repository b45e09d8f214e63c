#include "core/mesh/sync.hpp"

namespace meshproof::mesh {
namespace {

bool all_ready(const Cluster::State& cluster, const std::string& workload) {
    std::map<std::string, int> ready;
    for (const auto& [name, agent] : cluster.cluster_agent->agents()) {
        if (agent->ready() && !agent->deleted()) {
            ++ready[agent->pod().workload];
        }
    }
    const auto& specs = cluster.workloads->specs();
    if (!workload.empty() && !specs.contains(workload)) {
        return false;
    }
    return std::ranges::all_of(specs, [&](const auto& entry) {
        return (!workload.empty() && entry.first != workload) ||
               ready[entry.first] >= entry.second.replicas;
    });
}

// The replacement of a pod that is gone, once it exists (or even is gone itself).
std::optional<std::string> replaced(const Cluster::State& cluster, const std::string& pod) {
    auto by = cluster.workloads->replacement_of(pod);
    if (by && !cluster.agent(*by) && !cluster.workloads->replacement_of(*by)) {
        return std::nullopt;
    }
    return cluster.agent(pod) ? std::nullopt : by;
}

bool observed(const Cluster::State& cluster, const std::string& workload, int replicas) {
    const auto& agents = cluster.cluster_agent->agents();
    return std::ranges::count_if(agents, [&](const auto& entry) {
               return entry.second->pod().workload == workload;
           }) >= replicas;
}

Task<void> follow_configuration(std::shared_ptr<Cluster::State> cluster) {
    co_await ClusterAgent::follow_configuration(cluster->cluster_agent);
}

Task<void> run_cluster_agent(std::shared_ptr<Cluster::State> cluster) {
    co_await ClusterAgent::run(cluster->cluster_agent);
}

// Two restarts at once would begin it twice.
class Restarting {
  public:
    explicit Restarting(bool& flag) : flag_(flag) { flag_ = true; }
    ~Restarting() { flag_ = false; }
    Restarting(const Restarting&) = delete;
    Restarting& operator=(const Restarting&) = delete;

  private:
    bool& flag_;
};

Task<Result<void>> delete_one(std::shared_ptr<Cluster::State> state, std::string pod) {
    auto deleted =
        co_await state->context->kube.delete_pod(state->context->workload_namespace, pod);
    if (!deleted) {
        co_return propagate(deleted, fmt::format("pod {}", pod));
    }
    if (const auto agent = state->agent(pod)) {
        agent->mark_deleted();
    }
    co_return Result<void>();
}

}  // namespace

Task<void> start_cluster_agent(std::shared_ptr<Cluster::State> cluster) {
    co_await cluster->agent_tasks.spawn(run_cluster_agent(cluster));
    if (cluster->context->mesh->options.seams.watches_configuration) {
        co_await cluster->agent_tasks.spawn(follow_configuration(cluster));
    }
}

const std::string& Cluster::name() const {
    return state_->spec.name;
}

std::string Cluster::ca_label() const {
    return state_->ca_label();
}

std::string Cluster::status() const {
    const auto why = out_of_sync(*state_);
    return why.empty() ? "in sync" : "out of sync: " + why;
}

Task<bool> Cluster::wait_in_sync(Duration limit) {
    const auto state = state_;
    auto& clock = state->context->mesh->clock;
    const auto deadline = clock.elapsed() + limit;
    while (true) {
        const auto seen = state->context->sync.count();
        if (out_of_sync(*state).empty()) {
            co_return true;
        }
        if (clock.elapsed() >= deadline) {
            co_return false;
        }
        co_await state->context->sync.wait_past(seen, clock, deadline);
    }
}

std::vector<crypto::Certificate> Cluster::trust_store() const {
    return state_->context->trust;
}

Task<Result<void>> Cluster::deploy(WorkloadSpec spec) {
    const auto state = state_;
    auto& clock = state->context->mesh->clock;
    const auto name = spec.name;
    const auto replicas = spec.replicas;
    auto added = co_await Workloads::add(state->workloads, std::move(spec));
    if (!added) {
        co_return added;
    }
    // Usually the cluster agent sees them at once; where its watch is broken, they come later.
    const auto deadline = clock.elapsed() + call_limit(state->context->mesh->usual_life());
    while (clock.elapsed() < deadline) {
        const auto seen = state->context->pods_changed.count();
        if (observed(*state, name, replicas)) {
            break;
        }
        co_await state->context->pods_changed.wait_past(seen, clock, deadline);
    }
    co_return Result<void>();
}

Task<Result<void>> Cluster::redefine(WorkloadSpec spec) {
    const auto state = state_;
    const auto old = co_await Workloads::redefine(state->workloads, std::move(spec));
    if (!old) {
        co_return propagate(old);
    }
    for (const auto& name : *old) {
        if (const auto agent = state->agent(name)) {
            agent->mark_deleted();
        }
    }
    // What cannot be removed now is removed later.
    std::ignore = co_await Workloads::remove_outdated(state->workloads);
    co_return Result<void>();
}

Task<Result<void>> Cluster::delete_pod(std::string pod) {
    const auto state = state_;
    co_return co_await delete_one(state, std::move(pod));
}

Task<Result<void>> Cluster::restart_all_pods() {
    const auto state = state_;
    std::vector<std::string> names;
    for (const auto& [name, agent] : state->cluster_agent->agents()) {
        names.push_back(name);
    }
    for (const auto& name : names) {
        auto deleted = co_await delete_one(state, name);
        if (!deleted && deleted.error().kind != FailureKind::not_found) {
            co_return deleted;
        }
        if (!state->context->mesh->options.seams.restarts_all_pods) {
            break;
        }
    }
    co_return Result<void>();
}

std::vector<PodView> Cluster::pods() const {
    std::vector<PodView> views;
    for (const auto& [name, agent] : state_->cluster_agent->agents()) {
        views.push_back(agent->view());
    }
    return views;
}

std::vector<PodView> Cluster::pods_of(std::string_view workload) const {
    auto views = pods();
    std::erase_if(views, [workload](const PodView& pod) { return pod.workload != workload; });
    return views;
}

std::optional<PodView> Cluster::pod(const std::string& name) const {
    const auto agent = state_->agent(name);
    return agent ? std::optional(agent->view()) : std::nullopt;
}

Task<bool> Cluster::wait_ready(Duration limit, std::string workload) {
    const auto state = state_;
    auto& clock = state->context->mesh->clock;
    const auto deadline = clock.elapsed() + limit;
    while (true) {
        const auto seen = state->context->pods_changed.count();
        if (all_ready(*state, workload)) {
            co_return true;
        }
        if (clock.elapsed() >= deadline) {
            co_return false;
        }
        co_await state->context->pods_changed.wait_past(seen, clock, deadline);
    }
}

Task<Result<std::string>> Cluster::wait_replaced(std::string pod, Duration limit) {
    const auto state = state_;
    auto& clock = state->context->mesh->clock;
    if (!state->agent(pod) && !state->workloads->knows(pod)) {
        co_return fail(FailureKind::not_found, "cluster {} has no pod {}", state->spec.name, pod);
    }
    const auto deadline = clock.elapsed() + limit;
    while (true) {
        const auto seen = state->context->pods_changed.count();
        if (auto replacement = replaced(*state, pod)) {
            co_return std::move(*replacement);
        }
        if (clock.elapsed() >= deadline) {
            co_return fail(FailureKind::timed_out, "pod {} has no replacement after {}", pod,
                           human_duration(limit));
        }
        co_await state->context->pods_changed.wait_past(seen, clock, deadline);
    }
}

Task<Result<void>> Cluster::restart_agent() {
    const auto state = state_;
    if (state->ended || state->restarting) {
        co_return fail(FailureKind::conflict, "the agent of cluster {} ends already",
                       state->spec.name);
    }
    const Restarting mark(state->restarting);
    state->agent_tasks.cancel();
    co_await state->agent_tasks.join();
    co_await ClusterAgent::stop_agents(state->cluster_agent);
    state->context->pods_changed.ring();
    if (state->ended) {
        co_return fail(FailureKind::conflict, "cluster {} is being offboarded", state->spec.name);
    }
    state->context->mesh->tell("node agent restarted", {{"cluster", state->spec.name}});
    state->cluster_agent->begins_anew();
    co_await start_cluster_agent(state);
    co_return Result<void>();
}

void Cluster::renew_now() {
    state_->context->mesh->tell("asked to renew now", {{"cluster", state_->spec.name}});
    for (const auto& [name, agent] : state_->cluster_agent->agents()) {
        agent->renew_now();
    }
}

}  // namespace meshproof::mesh
