// Whether pods that began together renew together, against the model.
#include "scenarios/explore/check.hpp"

namespace meshproof::scenarios::explore {
namespace {

/// Of fewer, some meet by chance.
constexpr std::size_t enough_to_judge = 6;
/// No second carries more than a third of them. Renewals of leaves that live a day fall into two
/// hours and more: three of six meet in one second once in a million times.
constexpr std::size_t a_third = 3;

/// Renewals by the second in which the new leaf begins: that is so long after it was signed in all.
using BySecond = std::map<Time, std::size_t>;

bool renewed(const std::map<std::string, std::string>& before, const SeenPod& pod) {
    const auto had = before.find(pod.uid);
    return had != before.end() && !had->second.empty() && pod.from && had->second != pod.serial;
}

// Who was refused a moment ago comes again soon, and others with him.
bool in_its_stride(const Play& play, const std::string& cluster) {
    return undisturbed(play, cluster) &&
           play.counted_at - *play.works_since.find(cluster)->second >= play.model.recovery();
}

void judge_spread(Play& play, const std::string& cluster, const BySecond& renewals,
                  const std::string& when) {
    std::size_t all = 0, most = 0;
    for (const auto& [second, count] : renewals) {
        all += count;
        most = std::max(most, count);
    }
    if (all < enough_to_judge) {
        return;
    }
    play.reach("renewals of many pods were spread");
    play.expect(most * a_third <= all, "expiry",
                "{}: {} of {} pods of {} renewed in one second; a third may", when, most, all,
                cluster);
}

}  // namespace

void check_spread(Play& play, const std::vector<SeenPod>& pods, const std::string& when) {
    const auto before = std::exchange(play.held, {});
    // By a wrong date, and where leaves are shorter, more of them may meet.
    const bool usual = !play.model.skewed_once && play.model.shortest_life() == play.model.leaf();
    std::map<std::string, BySecond> renewals;
    for (const auto& pod : pods) {
        play.held[pod.uid] = pod.serial;
        if (usual && renewed(before, pod) && in_its_stride(play, pod.cluster)) {
            ++renewals[pod.cluster][*pod.from];
        }
    }
    for (const auto& [cluster, its] : renewals) {
        judge_spread(play, cluster, its, when);
    }
}

}  // namespace meshproof::scenarios::explore
