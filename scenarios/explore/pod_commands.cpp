// What people do with pods, and what they ask of clusters' health.
#include "core/base/text.hpp"
#include "scenarios/explore/commands.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios::explore {
namespace {

std::string no_new_workload(const Play& play, const Step& step) {
    auto why = no_cluster(play, step);
    if (why.empty() && play.model.clusters.find(field(step, "cluster"))
                           ->second.workloads.contains(field(step, "workload"))) {
        why = fmt::format("{} runs there already", field(step, "workload"));
    }
    return why;
}

}  // namespace

std::string no_workload(const Play& play, const Step& step) {
    auto why = no_cluster(play, step);
    if (why.empty() && !play.model.clusters.find(field(step, "cluster"))
                            ->second.workloads.contains(field(step, "workload"))) {
        why = fmt::format("{} does not run there", field(step, "workload"));
    }
    return why;
}

namespace {

Task<void> deploy(Play& play, Step step) {
    const auto name = field(step, "workload");
    auto cluster = cluster_of(play, step);
    const auto replicas = number_of(step, "replicas", 1);
    const auto deployed =
        co_await cluster.deploy({.name = name, .service_account = name, .replicas = replicas});
    play.expect(deployed.has_value(), "pod-restart", "deploying {}: {}", name,
                deployed ? "" : deployed.error().message);
    if (deployed) {
        play.model.clusters.find(field(step, "cluster"))->second.workloads[name] = replicas;
    }
}

// Other pods by the same workload, and those of before go. Those that somebody made by hand are
// nobody's definition.
Task<void> redefine(Play& play, Step step) {
    const auto name = field(step, "workload");
    auto cluster = cluster_of(play, step);
    const auto replicas = number_of(step, "replicas", 1);
    std::set<std::string> before;
    for (const auto& pod : cluster.pods_of(name)) {
        before.insert(pod.uid);
    }
    const auto done =
        co_await cluster.redefine({.name = name, .service_account = name, .replicas = replicas});
    play.expect(done.has_value(), "pod-restart", "defining {} anew: {}", name,
                done ? "" : done.error().message);
    if (!done) {
        co_return;
    }
    play.model.clusters.find(field(step, "cluster"))->second.workloads[name] = replicas;
    play.reach("a workload was defined anew");
    const auto by_it = [&] {
        auto pods = cluster.pods_of(name);
        std::erase_if(pods, [&](const auto& pod) { return play.by_hand.contains(pod.name); });
        return std::ssize(pods) == replicas && std::ranges::none_of(pods, [&](const auto& pod) {
                   return before.contains(pod.uid);
               });
    };
    const bool became = co_await await(play.world, by_it, play.model.recovery());
    play.expect(became, "pod-restart",
                "{} was defined anew with {}, and {} later its pods are others", name,
                counted(static_cast<std::uint64_t>(replicas), "pod"),
                human_duration(play.model.recovery()));
}

// The others, at once: a restart must cost them nothing.
Task<void> others_talk(Play& play, std::string cluster, std::string but) {
    std::vector<SeenPod> others;
    for (auto& pod : play.pods_of(cluster)) {
        if (pod.uid != but) {
            others.push_back(std::move(pod));
        }
    }
    for (std::size_t i = 1; i < others.size(); ++i) {
        co_await request(play, others[i - 1], others[i], "while a pod beside them is replaced");
    }
}

std::optional<crypto::PublicKey> key_of(const mesh::PodView& pod) {
    return pod.leaf ? std::optional(pod.leaf->public_key()) : std::nullopt;
}

Task<void> restart(Play& play, Step step) {
    auto cluster = cluster_of(play, step);
    const auto workload = field(step, "workload");
    auto before = cluster.pods_of(workload);
    // Those that were made by hand nobody replaces.
    std::erase_if(before, [&](const auto& pod) { return play.by_hand.contains(pod.name); });
    if (before.empty()) {
        co_return;
    }
    const auto old_pod = before.front();
    const auto cluster_name = field(step, "cluster");
    play.reach(play.model.works(cluster_name) ? "a pod was restarted while its CA worked"
                                              : "a pod was restarted while its CA could not sign");
    const auto deleted = co_await cluster.delete_pod(old_pod.name);
    // Somebody may have deleted it before, and its watch not told yet.
    play.expect(deleted || deleted.error().kind == FailureKind::not_found, "pod-restart",
                "deleting {}: {}", old_pod.name, deleted ? "" : deleted.error().message);
    co_await others_talk(play, cluster_name, old_pod.uid);
    const auto name = co_await cluster.wait_replaced(old_pod.name, play.model.recovery());
    play.expect(name.has_value(), "pod-restart", "the pod of {} has no replacement: {}", workload,
                name ? "" : name.error().message);
    if (name && play.model.works(cluster_name)) {
        std::ignore = co_await cluster.wait_ready(play.model.recovery(), workload);
    }
    const auto old_key = key_of(old_pod);
    for (const auto& pod : cluster.pods_of(workload)) {
        const auto key = key_of(pod);
        play.expect(pod.uid != old_pod.uid, "pod-restart", "the pod of {} is still the same one",
                    workload);
        play.expect(!key || !old_key || !(*key == *old_key), "pod-restart",
                    "the replacement of {} uses the deleted pod's key", workload);
    }
}

Task<void> restart_all(Play& play, Step step) {
    auto cluster = cluster_of(play, step);
    const auto name = field(step, "cluster");
    std::set<std::string> before;
    for (const auto& pod : cluster.pods()) {
        before.insert(pod.uid);
    }
    const auto others = play.pods().size() - before.size();
    const bool judged = may_judge_restart(play, name);
    const auto began = play.now();
    const auto done = co_await cluster.restart_all_pods();
    play.expect(done.has_value(), "pod-restart", "restarting all pods of {}: {}", name,
                done ? "" : done.error().message);
    if (judged && done && co_await cluster.wait_ready(play.model.recovery())) {
        judge_restart(play, name, play.now() - began, others);
    }
    // Each is replaced in its time, ready or not.
    co_await play.environment.truth().sleep_for(play.model.recovery());
    for (const auto& pod : cluster.pods()) {
        play.expect(!before.contains(pod.uid), "pod-restart",
                    "all pods of {} were restarted, and that of {} is still the same one", name,
                    pod.workload);
    }
}

// The pods that are there, by the API server's word: uids.
Task<std::set<std::string>> pods_in(Play& play, std::string cluster) {
    const auto& admin = play.world.kube(cluster == "beta" ? 1 : 0).admin;
    const auto listed = require(co_await admin.list_pods(play.world.target().workload_namespace,
                                                         labels_of_cluster(play, cluster)),
                                "list pods");
    std::set<std::string> uids;
    for (const auto& pod : listed.items) {
        if (!pod.meta.deleting) {
            uids.insert(pod.meta.uid);
        }
    }
    co_return uids;
}

// Keys were in the memory of the agent that ended: nobody has a leaf of before, nor counts what he
// asked for then.
void forget_agents(Play& play, const std::string& cluster, const std::set<std::string>& uids) {
    for (const auto& uid : uids) {
        play.counted.erase(uid);
        play.held.erase(uid);
    }
    if (const auto frozen = play.frozen.find(cluster); frozen != play.frozen.end()) {
        for (auto& [uid, serial] : frozen->second) {
            serial.clear();
        }
    }
    play.disturb();
}

Task<void> restart_node_agent(Play& play, Step step) {
    const auto name = field(step, "cluster");
    auto cluster = cluster_of(play, step);
    std::set<std::string> leaves, before;
    for (const auto& pod : play.pods_of(name)) {
        leaves.insert(pod.serial);
        before.insert(pod.uid);
    }
    const auto done = co_await cluster.restart_agent();
    play.expect(done.has_value(), "pod-restart", "restarting the agent of {}: {}", name,
                done ? "" : done.error().message);
    forget_agents(play, name, before);
    play.reach("a node agent was restarted");
    const auto there = co_await pods_in(play, name);
    const auto known = [&cluster, &there] {
        const auto pods = cluster.pods();
        return std::ranges::count_if(pods,
                                     [&](const auto& pod) { return there.contains(pod.uid); });
    };
    std::ignore = co_await await(
        play.world, [&] { return known() == std::ssize(there); }, play.model.recovery());
    play.expect(known() == std::ssize(there), "pod-restart",
                "the agent of {} was restarted, and knows {} of {} pods", name, known(),
                there.size());
    for (const auto& pod : play.pods_of(name)) {
        play.expect(pod.serial.empty() || !leaves.contains(pod.serial), "identity",
                    "the pod of {} in {} has the leaf of before its agent was restarted",
                    pod.workload, name);
    }
}

Task<void> ask_health(Play& play, Step step) {
    const auto name = field(step, "cluster");
    // Health tells of now: what was wanted a moment ago is applied first.
    co_await check(play, "before health is asked");
    const auto must = play.model.connected(name);
    const auto health = co_await play.world.mesh().check_health(name);
    judge_health(play, name, must, health, "when it was asked for");
}

std::string no_namespace(const Play& play, const Step& step) {
    const auto name = field(step, "namespace");
    return play.model.namespaces.contains(name) ? std::string()
                                                : fmt::format("there is no namespace {}", name);
}

Task<void> create_namespace(Play& play, Step step) {
    const auto name = field(step, "namespace");
    std::vector<std::string> members;
    for (const auto& [cluster, its] : play.clusters) {
        members.push_back(cluster);
    }
    const bool there = play.model.namespaces.contains(name);
    const auto made = co_await play.world.mesh().create_global_namespace(name, members);
    play.expect(made.has_value() != there, "accounts", "creating the global namespace {}: {}", name,
                made ? "it was made twice" : made.error().message);
    if (made) {
        play.model.namespaces[name] = members;
    }
}

Task<void> ask_namespace(Play& play, Step step) {
    const auto name = field(step, "namespace");
    co_await check(play, "before a namespace's health is asked");
    co_await check_namespace(play, name, "when it was asked for");
}

}  // namespace

Rows pod_rows() {
    return {
        {"deploy", "pods", 1, {"cluster", "workload", "replicas"}, no_new_workload, deploy},
        {"redefine-workload",
         "pods",
         1,
         {"cluster", "workload", "replicas"},
         no_workload,
         redefine},
        {"restart-pod", "pods", 4, {"cluster", "workload"}, no_workload, restart},
        {"restart-all", "pods", 1, {"cluster"}, no_cluster, restart_all},
        {"restart-node-agent", "pods", 1, {"cluster"}, no_cluster, restart_node_agent},
        {"ask-health", "health", 3, {"cluster"}, no_such_cluster, ask_health},
        {"create-namespace", "health", 1, {"namespace"}, always, create_namespace},
        {"ask-namespace", "health", 2, {"namespace"}, no_namespace, ask_namespace},
    };
}

}  // namespace meshproof::scenarios::explore
