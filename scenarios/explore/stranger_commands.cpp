// Who is no member of the mesh, and asks it none the less; and a request that somebody leads
// astray.
#include "scenarios/explore/commands.hpp"
#include "scenarios/impostors.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios::explore {
namespace {

std::string no_pod_of_it(const Play& play, const Step& step) {
    auto why = no_such_cluster(play, step);
    if (why.empty() && play.clusters.find(field(step, "cluster"))
                           ->second.pods_of(field(step, "workload"))
                           .empty()) {
        why = fmt::format("{} has no pod there", field(step, "workload"));
    }
    return why;
}

// The mesh's own CA may sign for others too: where it can sign at all.
Task<crypto::TlsIdentity> foreign_member(Play& play, std::string cluster, spiffe::SpiffeId id) {
    const auto account = play.model.accounts.find(play.model.clusters[cluster].account);
    if (account != play.model.accounts.end()) {
        const auto& pki = play.cas.find(play.model.pki_of(account->second.ca))->second;
        if (!play.model.sealed.contains(pki.prepared.site->name)) {
            auto signed_by_it = co_await of_foreign_domain(play.world, pki.prepared);
            if (signed_by_it) {
                co_return std::move(*signed_by_it);
            }
        }
    }
    co_return of_own_ca(play.world, id);
}

Task<void> stranger_asks(Play& play, Step step) {
    const auto cluster = field(step, "cluster"), who = field(step, "who");
    const auto pod = play.clusters.find(cluster)->second.pods_of(field(step, "workload")).front();
    std::optional<crypto::TlsIdentity> shown;
    if (who == "impostor") {
        shown = of_own_ca(play.world, pod.id);
    } else if (who == "foreign") {
        shown = co_await foreign_member(play, cluster, pod.id);
    }
    const auto attempt = co_await play.world.mesh().request_as(showing(std::move(shown)), pod.name);
    if (!attempt.ok && attempt.judged) {
        play.reach("a stranger was refused");
    }
    play.expect(!attempt.ok, "trust", "the pod of {} in {} answered a stranger: {}", pod.workload,
                cluster, who);
}

// From one pod to another, and it arrives at one that has another identity: the asking one itself,
// where there is no third.
struct Astray {
    mesh::PodView from, to, arrives_at;
};
std::optional<Astray> led_astray(const Play& play, const Step& step) {
    const auto pods = play.clusters.find(field(step, "cluster"))->second.pods();
    for (const auto& to : pods) {
        if (to.workload != field(step, "workload")) {
            continue;
        }
        const auto others = [&](const auto& pod) { return !(pod.id == to.id); };
        const auto from = std::ranges::find_if(pods, others);
        if (from == pods.end()) {
            continue;
        }
        const auto third = std::find_if(from + 1, pods.end(), others);
        return Astray{*from, to, third == pods.end() ? *from : *third};
    }
    return std::nullopt;
}

std::string cannot_go_astray(const Play& play, const Step& step) {
    auto why = no_pod_of_it(play, step);
    return why.empty() && !led_astray(play, step) ? "all its pods have one identity" : why;
}

Task<void> lead_astray(Play& play, Step step) {
    const auto way = *led_astray(play, step);
    const auto attempt = co_await play.world.mesh().request(
        way.from.name, way.to.name, {.keep = false, .arrives_at = way.arrives_at.name});
    if (!attempt.ok && attempt.judged) {
        play.reach("a request was led astray");
    }
    play.expect(!attempt.ok, "trust", "a request of {} to {} was answered by {}", way.from.workload,
                way.to.workload, way.arrives_at.workload);
}

// A service account that no role names, and that may have its tokens reviewed like those that are.
Task<std::string> make_stranger(Play& play, run::KubeSite& site) {
    const auto& ns = play.world.target().mesh_namespace;
    const auto name = play.world.name("unnamed"), binding = play.world.name("delegator-of-unnamed");
    if (!play.with_stranger.insert(site.name).second) {
        co_return name;
    }
    const auto kube = site.admin;
    play.world.at_end("service account " + name,
                      [kube, ns, name] { return kube.delete_service_account(ns, name); });
    kube::ObjectMeta meta;
    meta.name = name;
    meta.namespace_name = ns;
    meta.labels = play.world.labels();
    require(co_await kube.create_service_account(std::move(meta)), "make a service account");
    play.world.at_end("cluster role binding " + binding,
                      [kube, binding] { return kube.delete_cluster_role_binding(binding); });
    require(co_await kube.bind_auth_delegator(binding, ns, name, play.world.labels()),
            "grant system:auth-delegator");
    co_return name;
}

Task<void> stranger_logs_in(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    auto& kube = play.world.kube(ca.model->kube == "kube-1" ? 1 : 0);
    const auto name = co_await make_stranger(play, kube);
    const auto jwt = co_await token_of(play.world, kube, name);
    const auto& prepared = ca.real->prepared;
    const auto answer =
        co_await login(*prepared.site, prepared.auth_mount, prepared.auth_role, jwt);
    play.expect(!answer, "accounts",
                "a service account that the role of {} does not name logged in", ca.name);
    if (!answer) {
        play.reach("a service account that is not named was refused its login");
    }
}

}  // namespace

Rows stranger_rows() {
    return {
        {"stranger-asks",
         "strangers",
         2,
         {"cluster", "workload", "who"},
         no_pod_of_it,
         stranger_asks},
        {"lead-astray", "strangers", 2, {"cluster", "workload"}, cannot_go_astray, lead_astray},
        {"stranger-logs-in", "strangers", 1, {"account"}, no_ca, stranger_logs_in},
    };
}

}  // namespace meshproof::scenarios::explore
