// What others than the mesh do with pods: they come, and go, by the API server alone.
#include "scenarios/explore/commands.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios::explore {
namespace {

run::KubeSite& kube_site_of(Play& play, const Step& step) {
    return play.world.kube(field(step, "cluster") == "beta" ? 1 : 0);
}

std::optional<mesh::PodView> pod_named(const mesh::Cluster& cluster, const std::string& name) {
    for (auto& pod : cluster.pods()) {
        if (pod.name == name) {
            return pod;
        }
    }
    return std::nullopt;
}

// One that is there by hand, and that nobody has deleted meanwhile.
std::string pod_by_hand(const Play& play, const Step& step) {
    const auto cluster = play.clusters.find(field(step, "cluster"));
    if (cluster != play.clusters.end()) {
        for (const auto& pod : cluster->second.pods_of(field(step, "workload"))) {
            if (play.by_hand.contains(pod.name)) {
                return pod.name;
            }
        }
    }
    return {};
}

// Another pod of the workload, as its ReplicaSet would make it. The mesh was told nothing: its
// agents see it, and give it what every pod of the workload gets.
Task<void> scale_up(Play& play, Step step) {
    const auto cluster = cluster_of(play, step);
    const auto workload = field(step, "workload");
    const auto& kube = kube_site_of(play, step).admin;
    const auto pods = cluster.pods_of(workload);
    if (pods.empty()) {
        co_return;
    }
    const auto ns = play.world.target().workload_namespace;
    const auto beside = co_await kube.pod(ns, pods.front().name);
    if (!beside) {
        co_return;  // it was deleted, and the mesh has not seen that yet
    }
    kube::Pod pod;
    pod.meta.name =
        fmt::format("{}-more{}-{}", workload, play.by_hand.size() + 1, play.world.mark().run_id());
    pod.meta.namespace_name = ns;
    pod.meta.labels = beside->meta.labels;
    pod.service_account = beside->service_account;
    const auto name = pod.meta.name;
    play.by_hand[name] = field(step, "cluster");
    require(co_await kube.create_pod(std::move(pod)), "create another pod of " + workload);
    play.reach("a workload was scaled up");
    const bool works = play.model.works(field(step, "cluster"));
    const auto seen = [&cluster, &name, works] {
        const auto found = pod_named(cluster, name);
        return found && (found->ready || !works);
    };
    const bool came = co_await await(play.world, seen, play.model.recovery());
    play.expect(came, "liveness", "another pod of {} is {} after {}", workload,
                works ? "not ready" : "not seen", human_duration(play.model.recovery()));
}

std::string nobody_by_hand(const Play& play, const Step& step) {
    const auto why = no_workload(play, step);
    return why.empty() && pod_by_hand(play, step).empty() ? "nobody has scaled it up" : why;
}

// Somebody may have deleted it before, and the mesh not seen that yet.
Task<void> delete_by_hand(Play& play, Step step, std::string pod) {
    const auto deleted = co_await kube_site_of(play, step)
                             .admin.delete_pod(play.world.target().workload_namespace, pod);
    if (!deleted && deleted.error().kind != FailureKind::not_found) {
        require(deleted, "delete " + pod);
    }
}

// It goes, and nobody replaces it.
Task<void> scale_down(Play& play, Step step) {
    const auto cluster = cluster_of(play, step);
    const auto name = pod_by_hand(play, step);
    co_await delete_by_hand(play, step, name);
    const auto gone = [&cluster, &name] { return !pod_named(cluster, name); };
    const bool went = co_await await(play.world, gone, play.model.recovery());
    play.expect(went, "pod-restart", "{} was deleted, and is still there after {}", name,
                human_duration(play.model.recovery()));
}

// As kubectl does, also while the mesh cannot see the API server: the pod goes on until it can, and
// is replaced then.
Task<void> delete_pod(Play& play, Step step) {
    const auto pods =
        play.clusters.find(field(step, "cluster"))->second.pods_of(field(step, "workload"));
    if (pods.empty()) {
        co_return;
    }
    co_await delete_by_hand(play, step, pods.front().name);
    if (!play.model.kube_answers(field(step, "cluster"))) {
        play.reach("a pod was deleted while its mesh could not see it");
    }
}

std::string not_running(const Play& play, const Step& step) {
    const auto why = no_such_cluster(play, step);
    if (!why.empty()) {
        return why;
    }
    return play.model.clusters.find(field(step, "cluster"))
                   ->second.workloads.contains(field(step, "workload"))
               ? std::string()
               : fmt::format("{} does not run there", field(step, "workload"));
}

}  // namespace

Rows scale_rows() {
    return {
        {"delete-pod", "pods", 1, {"cluster", "workload"}, not_running, delete_pod},
        {"scale-up", "pods", 1, {"cluster", "workload"}, no_workload, scale_up},
        {"scale-down", "pods", 1, {"cluster", "workload"}, nobody_by_hand, scale_down},
    };
}

}  // namespace meshproof::scenarios::explore
