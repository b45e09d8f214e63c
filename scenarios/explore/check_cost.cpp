// How often pods ask, against the model.
#include "core/base/text.hpp"
#include "scenarios/explore/check.hpp"

namespace meshproof::scenarios::explore {
namespace {

/// What pods may have tried since the last check.
struct Most {
    std::size_t logins = 0, signatures = 0;
    std::optional<std::size_t> in_quiet = std::nullopt;  ///< both together
};

// The shortest of those that its agents may hold: of the CAs that the cluster was connected to.
Duration token_life_in(const Play& play, const ModelCluster& cluster) {
    std::optional<Duration> shortest;
    for (const auto& [name, ca] : play.cas) {
        if (cluster.ever.contains(name) ||
            cluster.ever.contains(play.model.anchor_of_leaves(name))) {
            shortest = std::min(shortest.value_or(ca.token_life), ca.token_life);
        }
    }
    return shortest.value_or(play.cas.begin()->second.token_life);
}

// Where a CA worked all the while, each renewal and each token has its own time.
void limit_where_it_works(const Play& play, const std::string& cluster, Duration time, Most& most) {
    if (!undisturbed(play, cluster)) {
        return;
    }
    const auto token_life = token_life_in(play, play.model.clusters.find(cluster)->second);
    most.logins = std::min(most.logins, play.model.most_logins(time, token_life));
    most.signatures = std::min(most.signatures, play.model.most_renewals(time));
}

// The clusters whose pods are asked by their Vault to be left alone.
std::set<std::string> clusters_in_quiet(const Play& play) {
    std::set<std::string> names;
    for (const auto& [name, cluster] : play.model.clusters) {
        const auto account = play.model.accounts.find(cluster.account);
        if (account != play.model.accounts.end() && !cluster.unsure) {
            const auto& vault = play.model.cas.find(account->second.ca)->second.vault;
            if (play.model.quiet.contains(trouble_name("agents", vault))) {
                names.insert(name);
            }
        }
    }
    return names;
}

}  // namespace

bool undisturbed(const Play& play, const std::string& cluster) {
    const auto since = play.works_since.find(cluster);
    return since != play.works_since.end() && since->second && *since->second <= play.counted_at &&
           play.model.works(cluster) && !play.disturbed && play.environment.virtual_time();
}

void check_cost(Play& play, const std::vector<SeenPod>& pods, const std::string& when) {
    const auto time = play.now() - play.counted_at;
    const auto wrong_before = std::exchange(play.skew_counted, play.model.skew) != Duration::zero();
    const auto enough =
        play.model.most_attempts(time, 1, wrong_before || !play.model.dates_agree());
    const auto in_quiet_now = clusters_in_quiet(play);
    auto before = std::exchange(play.counted, {});
    for (const auto& pod : pods) {
        const auto logins = pod.logins_tried - before[pod.uid].logins;
        const auto signatures = pod.signatures_asked - before[pod.uid].signatures;
        Most most{.logins = enough, .signatures = enough};
        limit_where_it_works(play, pod.cluster, time, most);
        // All the while, or nobody can be held to it.
        if (!play.disturbed && play.quiet_counted.contains(pod.cluster) &&
            in_quiet_now.contains(pod.cluster)) {
            most.in_quiet = play.model.most_in_quiet(time, play.quiet());
        }
        play.expect(logins <= most.logins && signatures <= most.signatures, "cost",
                    "{}: the pod of {} tried {} and {} in {}; {} and {} are enough", when,
                    pod.workload, counted(logins, "login"), counted(signatures, "signature"),
                    human_duration(time), most.logins, most.signatures);
        play.expect(!most.in_quiet || logins + signatures <= *most.in_quiet, "cost",
                    "{}: the pod of {} asked {} in {} though its Vault asked to be left "
                    "alone for {} each time; {} are enough",
                    when, pod.workload, counted(logins + signatures, "time"), human_duration(time),
                    human_duration(play.quiet()), most.in_quiet.value_or(0));
        play.counted[pod.uid] = {pod.logins_tried, pod.signatures_asked};
    }
    play.counted_at = play.now();
    play.quiet_counted = in_quiet_now;
    play.disturbed = false;
}

}  // namespace meshproof::scenarios::explore
