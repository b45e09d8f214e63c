// What the mesh says of its own health against the model.
#include "core/base/text.hpp"
#include "scenarios/explore/play.hpp"

namespace meshproof::scenarios::explore {
namespace {

/// At what is not right yet, in the time that it has to become so.
constexpr int looks = 8;

bool warns_of_sync(const mesh::CaHealth& health) {
    return std::ranges::any_of(
        health.warnings, [](const auto& warning) { return warning.starts_with("out of sync: "); });
}

bool in_sync(const Play& play, const std::string& cluster) {
    return play.clusters.find(cluster)->second.status() == "in sync";
}

}  // namespace

void judge_health(Play& play, const std::string& cluster, Must must, const mesh::CaHealth& health,
                  const std::string& when) {
    play.expect(health.connected || !health.reason.empty(), "health",
                "{}: {} says \"{}\" without a reason", when, cluster, health.text());
    // Nobody can repair it meanwhile.
    if (!in_sync(play, cluster) && !play.model.kube_answers(cluster)) {
        play.reach("health warned of a cluster that is out of sync");
        play.expect(warns_of_sync(health), "health",
                    "{}: {} is \"{}\", and its health does not warn of it", when, cluster,
                    play.clusters.find(cluster)->second.status());
    }
    if (must == Must::say_nothing) {
        return;
    }
    play.reach(health.connected ? "health said Connected" : "health said Unknown");
    play.expect(health.connected == (must == Must::be), "health", "{}: {} says \"{}\"{}; its CA {}",
                when, cluster, health.text(), health.reason.empty() ? "" : ": " + health.reason,
                must == Must::be ? "works" : "does not work");
}

Task<void> check_namespace(Play& play, std::string name, std::string when) {
    const auto members = play.model.namespaces.find(name);
    if (members == play.model.namespaces.end()) {
        co_return;
    }
    std::map<std::string, Must> musts;  // of those that are onboarded
    for (const auto& member : members->second) {
        if (play.clusters.contains(member)) {
            musts[member] = play.model.connected(member);
        }
    }
    // An anchor that goes is a wish like any other, which takes its moment.
    const auto settled = [&] {
        return std::ranges::all_of(musts,
                                   [&](const auto& member) { return in_sync(play, member.first); });
    };
    auto must = play.model.healthy(name);
    bool settled_before = settled();
    auto health = co_await play.world.mesh().global_namespace_health(name);
    // What somebody changed by hand is noticed and put right in its time.
    const auto until = play.now() + play.model.recovery();
    while (must == Must::be && !(health && health->healthy) && play.now() < until) {
        co_await play.environment.truth().sleep_for(play.model.recovery() / looks);
        settled_before = settled();
        health = co_await play.world.mesh().global_namespace_health(name);
    }
    if (must == Must::be && !(settled_before && settled())) {
        must = Must::say_nothing;
    }
    const bool healthy = health && health->healthy;
    play.expect(must == Must::say_nothing || healthy == (must == Must::be), "health",
                "{}: the global namespace {} is {}; its configuration {}: {}", when, name,
                healthy ? "Healthy" : "not Healthy",
                must == Must::be ? "is applied" : "cannot be read back everywhere",
                health ? health->reason : health.error().message);
    if (!health) {
        co_return;
    }
    play.expect(health->clusters.size() == musts.size(), "health",
                "{}: the global namespace {} tells the health of {}, and has {}", when, name,
                counted(health->clusters.size(), "cluster"), musts.size());
    for (const auto& [member, its] : health->clusters) {
        judge_health(play, member, musts[member], its, when);
    }
}

}  // namespace meshproof::scenarios::explore
