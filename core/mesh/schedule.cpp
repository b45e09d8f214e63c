#include "core/mesh/schedule.hpp"

#include <algorithm>

namespace meshproof::mesh {

Duration first_wait(const Schedule& schedule, Duration life) {
    constexpr Duration least = std::chrono::milliseconds(50);
    return std::max(least, part_of(life, schedule.first_wait));
}

Duration longest_wait(const Schedule& schedule, Duration life) {
    return std::max(first_wait(schedule, life), part_of(life, schedule.longest_wait));
}

WaitRange retry_wait(const Schedule& schedule, Duration life, int refusals) {
    const auto shortest = first_wait(schedule, life);
    const auto longest = longest_wait(schedule, life);
    auto most = std::min(longest, shortest * 2);
    for (int i = 0; i < refusals && most < longest; ++i) {
        most = std::min(longest, most * 2);
    }
    return {std::max(shortest, most / 2), most};
}

WaitRange slow_wait(const Schedule& schedule, Duration life) {
    const auto longest = longest_wait(schedule, life);
    return {longest, longest + first_wait(schedule, life)};
}

WaitRange wait_after(Action action, const Schedule& schedule, Duration life, int refusals) {
    return action == Action::retry_slowly ? slow_wait(schedule, life)
                                          : retry_wait(schedule, life, refusals);
}

WaitRange no_sooner(const WaitRange& wait, Duration told, Duration life) {
    const auto least = std::max(wait.least, std::min(told, life));
    return {least, least + (wait.most - wait.least)};
}

Duration life_after(Duration asked, Duration life, const Arrival& leaf) {
    if (leaf.not_after >= leaf.issuer_not_after) {
        return life;
    }
    return std::min(asked, leaf.not_after - leaf.not_before);
}

Duration renewal_wait(const Schedule& schedule, Duration life, const Arrival& leaf, double chance) {
    // Counted from the arrival: Vault dates a leaf's beginning back, and only what is left is of
    // use.
    const auto left = leaf.not_after - leaf.at;
    const auto share = schedule.renew_at + schedule.renew_jitter * (2 * chance - 1);
    return std::max(part_of(left, share), first_wait(schedule, life));
}

bool can_be_followed(const Schedule& schedule, Duration life, const Arrival& leaf) {
    return leaf_end(leaf.not_after) - leaf.at > first_wait(schedule, life);
}

Time leaf_end(Time not_after) {
    return not_after + std::chrono::seconds(1);
}

Duration projected_token_use(const Schedule& schedule, Duration life) {
    constexpr Duration longest = std::chrono::hours(24);
    return std::min(part_of(life, schedule.projected_token), longest);
}

Duration vault_token_use(const Schedule& schedule, Duration lease) {
    return part_of(lease, schedule.vault_token);
}

Duration call_limit(Duration life) {
    constexpr Duration longest = std::chrono::seconds(30);
    return std::min(life / 4, longest);
}

Duration call_limit(const Schedule& schedule, Duration life, int unanswered) {
    auto limit = call_limit(life);
    const auto longest = std::max(limit, longest_wait(schedule, life));
    for (int i = 0; i < unanswered && limit < longest; ++i) {
        limit = std::min(longest, limit * 2);
    }
    return limit;
}

}  // namespace meshproof::mesh
