// What takes several steps that chance seldom brings in their order, as one command each.
#include "core/base/assert.hpp"
#include "scenarios/explore/check.hpp"
#include "scenarios/explore/commands.hpp"
#include "scenarios/impostors.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios::explore {
namespace {

// The date jumps, stays wrong for a while, and jumps back: nothing that waits may wait by it.
Task<void> jump_clock(Play& play, Step step) {
    constexpr int share = 8;
    play.model.skew = std::chrono::floor<std::chrono::seconds>(
        part_of(play.model.leaf(), number_of(step, "ahead", 0.0)));
    play.model.skewed_once = true;
    play.environment.mesh_clock().skew(play.model.skew);
    play.fault_begins(std::string(wrong_date));
    co_await play.environment.truth().sleep_for(play.model.leaf() / share);
    play.skew_counted = std::exchange(play.model.skew, {});
    play.environment.mesh_clock().skew({});
    play.fault_ends(wrong_date);
    play.disturb();
    play.reach("the mesh's date jumped ahead and back");
}

// A server's date jumps, stays wrong for a while in which every pod asks for its next leaf, and
// jumps back. What comes may be of tomorrow, or have ended: nobody gives up a good leaf for it.
Task<void> jump_server(Play& play, std::string server, double lives) {
    constexpr int share = 8, most_is_nothing = 20;
    const auto ahead = std::chrono::floor<std::chrono::seconds>(part_of(play.model.leaf(), lives));
    const auto what = fmt::format("the date of {} is wrong", server);
    std::map<std::string, SeenPod> were_ready;  // by uid
    for (const auto& pod : play.pods()) {
        if (pod.ready) {
            were_ready.emplace(pod.uid, pod);
        }
    }
    const bool jumped = play.environment.skew_server(server, ahead);
    MESHPROOF_ASSERT(jumped, "nobody can set the date of {}", server);
    renew_where_it_works(play);
    play.model.wrong_dates.insert(server);
    play.fault_begins(what);
    co_await play.environment.truth().sleep_for(play.model.leaf() / share);
    co_await check(play, fmt::format("while {}", what));
    for (const auto& pod : play.pods()) {
        const auto before = were_ready.find(pod.uid);
        const bool lives_on =
            before != were_ready.end() &&
            play.model.valid(before->second, play.truth(), play.near()).value_or(false);
        // By such a date Vault refuses whoever wants to follow a leaf that came well.
        const auto came = play.world.monitors().left_on_arrival(pod.serial);
        const bool ended_since = pod.until && *pod.until <= play.truth() && came &&
                                 *came > play.model.leaf() / most_is_nothing;
        play.expect(!lives_on || pod.ready || ended_since, "expiry",
                    "while {}, the pod of {} gave up a good leaf for one that is not valid now: {}",
                    what, pod.workload, leaf_told(pod));
    }
    std::ignore = play.environment.skew_server(server, {});
    play.model.wrong_dates.erase(server);
    play.fault_ends(what);
    play.skew_counted = ahead;  // of the dates that count, one was wrong until now
    play.disturb();
    play.reach("a server's date jumped away and back");
}

// Where somebody else keeps the servers' date nobody can set it; and nodes elect who leads by
// theirs.
std::string no_date_of(const Play& play) {
    if (!play.environment.virtual_time()) {
        return "nobody can set the date of a server here";
    }
    return play.history.world.nodes > 1 ? "its nodes elect by their date" : "";
}

std::string no_vault_date(const Play& play, const Step& step) {
    const auto why = no_vault(play, step);
    return why.empty() ? no_date_of(play) : why;
}

std::string no_kube_date(const Play& play, const Step& step) {
    const auto why = no_such_cluster(play, step);
    return why.empty() ? no_date_of(play) : why;
}

Task<void> jump_vault_clock(Play& play, Step step) {
    co_await jump_server(play, "vault-" + field(step, "vault"), number_of(step, "ahead", 0.0));
}

Task<void> jump_kube_clock(Play& play, Step step) {
    const auto server = play.model.clusters.find(field(step, "cluster"))->second.kube;
    co_await jump_server(play, server, number_of(step, "ahead", 0.0));
}

// Leaves that are much shorter than those that are asked for come for a while: schedules follow the
// leaf that came.
Task<void> short_leaves(Play& play, Step step) {
    constexpr int divisor = 30;
    constexpr int looks = 8;
    constexpr int apart = 33;  // looks a life: at another moment of each leaf
    const auto pki = pki_of(play, step);
    const auto usual = pki.model->shortened;
    co_await shorten(play, pki, std::max(usual, divisor));
    renew_where_it_works(play);
    play.reach("leaves were very short for a while");
    for (int i = 0; i < looks && play.wrong.empty(); ++i) {
        co_await play.environment.truth().sleep_for(play.model.leaf() / apart);
        co_await check(play, "while leaves are very short");
    }
    co_await shorten(play, pki, usual);
}

std::string cannot_connect_another(const Play& play, const Step& step) {
    auto why = no_connection(play, step);
    if (why.empty()) {
        why = no_cluster(play, step);
    }
    if (!why.empty()) {
        return why;
    }
    const auto& cluster = play.model.clusters.find(field(step, "cluster"))->second;
    if (cluster.unsure) {
        return "it is open what it runs";
    }
    if (cluster.account.empty()) {
        return "no CA is connected to it";
    }
    return cluster.account == field(step, "account") ? "that is connected to it" : "";
}

// Nobody can be told of it until the outage is over, and then there may be no leaf of the CA
// before: until the cluster runs the new one its pods get leaves of the old one.
Task<void> connect_in_outage(Play& play, Step step) {
    const auto cluster = field(step, "cluster"), account = field(step, "account");
    const auto before = play.model.clusters[cluster].account;
    auto& clock = play.environment.truth();
    begin_outage(play, cluster);
    play.disturb();
    co_await clock.sleep_for(part_of(play.model.leaf(), 1.02));  // every leaf has ended
    connected(play, cluster, account);
    co_await connect_one(play, cluster, account);
    // It still runs the old one, so that one is in use.
    const Step deletion{"delete-account", 0, {{"account", before}}};
    const auto* command = command_named(deletion.does);
    if (command->why_not(play, deletion).empty()) {
        co_await command->apply(play, deletion);
    }
    co_await clock.sleep_for(play.model.leaf() / 20);
    end_outage(play, cluster);
    play.reach("another CA was connected during an outage");
}

// Pods that have no leaf and no CA wait for nothing but to be told.
Task<void> connect_anew(Play& play, Step step) {
    const auto name = field(step, "cluster"), account = field(step, "account");
    const auto before = play.model.clusters[name].account;
    play.disturb();
    forget(play, before);
    co_await delete_one(play, before);
    auto cluster = play.clusters.find(name)->second;
    const auto done = co_await cluster.restart_all_pods();
    play.expect(done.has_value(), "pod-restart", "restarting all pods of {}: {}", name,
                done ? "" : done.error().message);
    co_await play.environment.truth().sleep_for(play.model.leaf() / 20);
    connected(play, name, account);
    co_await connect_one(play, name, account);
    play.reach("a CA was connected to pods without a leaf");
}

// Somebody writes another root over the trust store, so that nobody can write it back, and takes it
// away again. Meanwhile nobody trusts anybody, and the mesh says so.
Task<void> hold_trust(Play& play, Step) {
    auto& world = play.world;
    const auto cluster = play.clusters.find("alpha")->second;
    play.disturb();
    play.reach("somebody held another trust store in a cluster");
    // Named as the mesh writes it: its anchors, those of CAs before, and what the machines trust.
    co_await patch_mesh_secret(
        world, trust_key,
        {{trust_key, own_ca(world).root.pem()}, {"retired.pem", ""}, {"public-roots", ""}}, true);
    // There may have been no leaf before, so that nobody's being ready alone says nothing.
    const auto noticed = [&cluster] {
        return cluster.status() != "in sync" &&
               std::ranges::none_of(cluster.pods(), [](const auto& pod) { return pod.ready; });
    };
    const bool told = co_await await(world, noticed, play.model.recovery());
    play.expect(told, "trust",
                "pods of alpha are ready, or it is \"in sync\" (\"{}\"), though its trust store "
                "holds no anchor above their leaves",
                cluster.status());
    const auto health = co_await world.mesh().check_health("alpha");
    play.expect(std::ranges::any_of(
                    health.warnings,
                    [](const auto& warning) { return warning.starts_with("out of sync: "); }),
                "health", "alpha is \"{}\", and its health does not warn of it", cluster.status());
    const auto all = co_await world.mesh().global_namespace_health(all_clusters);
    play.expect(all && !all->healthy, "health",
                "a global namespace is Healthy though alpha has another trust store");
    co_await delete_mesh_secret(world, trust_key);
}

}  // namespace

Rows accident_rows() {
    return {
        {"short-leaves", "vault", 1, {"account"}, no_ca, short_leaves},
        {"jump-clock", "clock", 2, {"ahead"}, always, jump_clock},
        {"jump-vault-clock", "clock", 2, {"vault", "ahead"}, no_vault_date, jump_vault_clock},
        {"jump-kube-clock", "clock", 1, {"cluster", "ahead"}, no_kube_date, jump_kube_clock},
        {"connect-in-outage",
         "accounts",
         2,
         {"cluster", "account"},
         cannot_connect_another,
         connect_in_outage},
        {"connect-anew",
         "accounts",
         1,
         {"cluster", "account"},
         cannot_connect_another,
         connect_anew},
        {"hold-trust", "secrets", 1, {}, no_secret, hold_trust},
    };
}

}  // namespace meshproof::scenarios::explore
