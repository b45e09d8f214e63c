// What happens to the wire between two parties.
#include "scenarios/explore/commands.hpp"

namespace meshproof::scenarios::explore {
namespace {

Stretch to_vault(const Step& step) {
    return {"agents", "vault-" + field(step, "vault")};
}

Stretch to_kube(const Step& step) {
    const auto name = field(step, "cluster");
    return {name, name == "beta" ? "kube-1" : "kube-0"};
}

void begin_trouble(Play& play, const Stretch& stretch, Trouble trouble) {
    play.environment.wire().set(stretch, trouble);
    const auto name = trouble_name(stretch.from, stretch.to);
    play.model.quiet.erase(name);
    // What is late arrives, so nothing follows from it.
    if (trouble == Trouble::is_slow) {
        play.model.troubles.erase(name);
    } else {
        play.model.troubles.insert(name);
    }
    if (trouble == Trouble::asks_for_quiet || trouble == Trouble::says_when_back) {
        play.model.quiet.insert(name);
        play.reach(trouble == Trouble::asks_for_quiet ? "a server asked to be left alone"
                                                      : "a server that was away said until when");
    }
    play.fault_begins(name);
}

void end_trouble(Play& play, const Stretch& stretch) {
    play.environment.wire().heal(stretch);
    const auto name = trouble_name(stretch.from, stretch.to);
    play.model.troubles.erase(name);
    play.model.quiet.erase(name);
    play.fault_ends(name);
}

template <Trouble trouble>
Task<void> trouble_vault(Play& play, Step step) {
    begin_trouble(play, to_vault(step), trouble);
    co_return;
}

template <Trouble trouble>
Task<void> trouble_kube(Play& play, Step step) {
    begin_trouble(play, to_kube(step), trouble);
    co_return;
}

template <Trouble trouble>
Task<void> trouble_pods(Play& play, Step) {
    begin_trouble(play, {"pods", "pods"}, trouble);
    co_return;
}

Task<void> heal_vault(Play& play, Step step) {
    end_trouble(play, to_vault(step));
    co_return;
}

Task<void> heal_kube(Play& play, Step step) {
    end_trouble(play, to_kube(step));
    co_return;
}

Task<void> heal_pods(Play& play, Step) {
    end_trouble(play, {"pods", "pods"});
    co_return;
}

std::string no_link(const Play& play, const Step&) {
    return play.world.has(run::Feature::cut_vault_to_kube)
               ? ""
               : "nobody stands between this Vault and its API server";
}

// The way on which Vault asks the API server about a token is no request of the mesh's: it goes
// over a link.
template <http::LinkMode mode>
Task<void> review(Play& play, Step step) {
    const auto stretch = to_kube(step);
    const auto name = trouble_name("vault", stretch.to);
    play.world.kube(stretch.to == "kube-1" ? 1 : 0).link->set(mode);
    if (mode == http::LinkMode::pass) {
        play.model.troubles.erase(name);
        play.fault_ends(name);
    } else {
        play.model.troubles.insert(name);
        play.fault_begins(name);
    }
    co_return;
}

std::string unlinked(const Play& play, const Step& step) {
    const auto why = no_such_cluster(play, step);
    return why.empty() ? no_link(play, step) : why;
}

Stretch kube_of_cluster(const std::string& cluster) {
    return to_kube({"", 0, {{"cluster", cluster}}});
}

}  // namespace

void begin_outage(Play& play, const std::string& cluster) {
    begin_trouble(play, kube_of_cluster(cluster), Trouble::refuses);
}

void end_outage(Play& play, const std::string& cluster) {
    end_trouble(play, kube_of_cluster(cluster));
}

Rows wire_rows() {
    return {
        {"vault-refuses", "wire", 2, {"vault"}, no_vault, trouble_vault<Trouble::refuses>},
        {"vault-resets", "wire", 1, {"vault"}, no_vault, trouble_vault<Trouble::resets>},
        {"vault-stalls", "wire", 1, {"vault"}, no_vault, trouble_vault<Trouble::stalls>},
        {"vault-loses-answers", "wire", 1, {"vault"}, no_vault, trouble_vault<Trouble::loses>},
        {"vault-throttles", "wire", 1, {"vault"}, no_vault, trouble_vault<Trouble::throttles>},
        {"vault-is-away", "wire", 1, {"vault"}, no_vault, trouble_vault<Trouble::is_away>},
        {"vault-asks-for-quiet",
         "wire",
         2,
         {"vault"},
         no_vault,
         trouble_vault<Trouble::asks_for_quiet>},
        {"vault-says-when-back",
         "wire",
         1,
         {"vault"},
         no_vault,
         trouble_vault<Trouble::says_when_back>},
        {"vault-is-slow", "wire", 1, {"vault"}, no_vault, trouble_vault<Trouble::is_slow>},
        {"heal-vault", "wire", 4, {"vault"}, no_vault, heal_vault},
        {"kube-refuses", "wire", 1, {"cluster"}, no_such_cluster, trouble_kube<Trouble::refuses>},
        {"kube-resets", "wire", 1, {"cluster"}, no_such_cluster, trouble_kube<Trouble::resets>},
        {"kube-stalls", "wire", 1, {"cluster"}, no_such_cluster, trouble_kube<Trouble::stalls>},
        {"kube-loses-answers",
         "wire",
         1,
         {"cluster"},
         no_such_cluster,
         trouble_kube<Trouble::loses>},
        {"kube-throttles",
         "wire",
         1,
         {"cluster"},
         no_such_cluster,
         trouble_kube<Trouble::throttles>},
        {"kube-is-away", "wire", 1, {"cluster"}, no_such_cluster, trouble_kube<Trouble::is_away>},
        {"kube-is-slow", "wire", 1, {"cluster"}, no_such_cluster, trouble_kube<Trouble::is_slow>},
        {"heal-kube", "wire", 4, {"cluster"}, no_such_cluster, heal_kube},
        {"review-refuses", "wire", 1, {"cluster"}, unlinked, review<http::LinkMode::refuse>},
        {"review-stalls", "wire", 1, {"cluster"}, unlinked, review<http::LinkMode::stall>},
        {"heal-review", "wire", 2, {"cluster"}, unlinked, review<http::LinkMode::pass>},
        {"pods-refuse", "wire", 1, {}, always, trouble_pods<Trouble::refuses>},
        {"pods-reset", "wire", 1, {}, always, trouble_pods<Trouble::resets>},
        {"pods-stall", "wire", 1, {}, always, trouble_pods<Trouble::stalls>},
        {"pods-lose-answers", "wire", 1, {}, always, trouble_pods<Trouble::loses>},
        {"pods-are-slow", "wire", 1, {}, always, trouble_pods<Trouble::is_slow>},
        {"heal-pods", "wire", 2, {}, always, heal_pods},
    };
}

}  // namespace meshproof::scenarios::explore
