// Clusters that leave the mesh and come back, and what somebody deletes in one beside its Secrets.
#include "core/base/text.hpp"
#include "core/mesh/mesh.hpp"
#include "scenarios/explore/commands.hpp"

namespace meshproof::scenarios::explore {
namespace {

std::size_t kube_index(std::string_view cluster) {
    return cluster == "beta" ? 1 : 0;
}

}  // namespace

std::string labels_of_cluster(const Play& play, const std::string& cluster) {
    auto selector = fmt::format("{}={}", mesh::cluster_label, cluster);
    for (const auto& [label, value] : play.world.labels()) {
        selector += fmt::format(",{}={}", label, value);
    }
    return selector;
}

namespace {

// Without any cluster most of what follows would be about nothing.
std::string cannot_leave(const Play& play, const Step& step) {
    const auto why = no_cluster(play, step);
    if (!why.empty()) {
        return why;
    }
    if (play.model.clusters.size() < 2) {
        return "it is the only cluster";
    }
    return play.model.clusters.find(field(step, "cluster"))->second.unsure
               ? "it is open what it runs"
               : "";
}

// What carries the cluster's label, by the API server's administrator: "" = nothing.
Task<std::string> left_in(Play& play, std::string cluster) {
    const auto& admin = play.world.kube(kube_index(cluster)).admin;
    const auto& target = play.world.target();
    const auto selector = labels_of_cluster(play, cluster);
    const auto pods =
        require(co_await admin.list_pods(target.workload_namespace, selector), "list pods");
    const auto secrets =
        require(co_await admin.list_secrets(target.mesh_namespace, selector), "list Secrets");
    const auto accounts = require(
        co_await admin.list_service_accounts(target.mesh_namespace, selector), "list accounts");
    // Real pods take their time to end.
    const auto stay =
        std::ranges::count_if(pods.items, [](const auto& pod) { return !pod.meta.deleting; });
    co_return stay == 0 && secrets.empty() && accounts.empty()
        ? std::string()
        : fmt::format("{}, {} and {}", counted(stay, "pod"), counted(secrets.size(), "Secret"),
                      counted(accounts.size(), "service account"));
}

void forget_cluster(Play& play, const std::string& name) {
    play.model.clusters.erase(name);
    play.clusters.erase(name);
    play.frozen.erase(name);
    play.works_since.erase(name);
    play.named.erase(name);
    play.to_look_at.erase(name);
    std::erase_if(play.spent, [&](const auto& entry) { return entry.first.first == name; });
    for (auto& [pod, home] : play.by_hand) {
        home = home == name ? std::string() : home;
    }
}

Task<void> offboard(Play& play, Step step) {
    const auto name = field(step, "cluster");
    play.disturb();
    const auto done = co_await play.world.mesh().offboard(name);
    play.expect(done.has_value(), "accounts", "offboarding {}: {}", name,
                done ? "" : done.error().message);
    if (!done) {
        co_return;
    }
    forget_cluster(play, name);
    play.reach("a cluster was offboarded");
    const auto left = co_await left_in(play, name);
    play.expect(left.empty(), "clean-up", "{} was offboarded, and {} are still there", name, left);
}

std::string cannot_come_back(const Play& play, const Step& step) {
    const auto name = field(step, "cluster");
    if (play.model.clusters.contains(name)) {
        return fmt::format("{} is onboarded", name);
    }
    const auto index = kube_index(name);
    if (static_cast<std::size_t>(play.history.world.clusters) <= index) {
        return fmt::format("there is no API server for {}", name);
    }
    if (play.model.troubles.contains(trouble_name(name, fmt::format("kube-{}", index)))) {
        return fmt::format("the API server of {} is away", name);
    }
    return no_account(play, step);
}

Task<void> come_back(Play& play, Step step) {
    play.disturb();
    co_await onboard(play, field(step, "cluster"), field(step, "account"));
    play.reach("an offboarded cluster came back");
}

std::vector<mesh::PodView> pods_of_it(const Play& play, const Step& step) {
    auto pods = play.clusters.find(field(step, "cluster"))->second.pods_of(field(step, "workload"));
    // Those that were made by hand nobody replaces.
    std::erase_if(pods, [&](const auto& pod) { return play.by_hand.contains(pod.name); });
    return pods;
}

std::string nobody_would_ask(const Play& play, const Step& step) {
    const auto why = no_workload(play, step);
    if (!why.empty()) {
        return why;
    }
    if (!play.model.works(field(step, "cluster"))) {
        return "its CA does not work";
    }
    return pods_of_it(play, step).empty() ? field(step, "workload") + " has no pod there" : why;
}

// By hand, behind the mesh's back. A new pod asks for its token, and finds out.
Task<void> delete_service_account(Play& play, Step step) {
    const auto name = field(step, "cluster");
    const auto& account = play.model.accounts[play.model.clusters[name].account].service_account;
    const auto& admin = play.world.kube(kube_index(name)).admin;
    const auto& ns = play.world.target().mesh_namespace;
    play.disturb();
    require(co_await admin.delete_service_account(ns, account), "delete " + account);
    play.reach("somebody deleted a service account");
    auto cluster = cluster_of(play, step);
    const auto pod = pods_of_it(play, step).front().name;
    const auto deleted = co_await cluster.delete_pod(pod);
    // Somebody may have deleted it before, and its watch not told yet.
    play.expect(deleted || deleted.error().kind == FailureKind::not_found, "pod-restart",
                "deleting {}: {}", pod, deleted ? "" : deleted.error().message);
    constexpr int looks = 20;
    auto back = co_await admin.service_account(ns, account);
    for (int i = 0; i < looks && !back; ++i) {
        co_await play.environment.truth().sleep_for(play.model.recovery() / looks);
        back = co_await admin.service_account(ns, account);
    }
    play.expect(back.has_value(), "sync",
                "service account {} of {} was deleted by hand, and nobody made it again", account,
                name);
    play.disturb();
}

}  // namespace

Rows cluster_rows() {
    return {
        {"offboard", "accounts", 1, {"cluster"}, cannot_leave, offboard},
        {"onboard", "accounts", 3, {"cluster", "account"}, cannot_come_back, come_back},
        {"delete-service-account",
         "secrets",
         1,
         {"cluster", "workload"},
         nobody_would_ask,
         delete_service_account},
    };
}

}  // namespace meshproof::scenarios::explore
