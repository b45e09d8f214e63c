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

Time renewal_due(const Schedule& schedule, Duration life, const Arrival& leaf, double chance) {
    // Counted from the arrival: Vault dates a leaf's beginning back, and only what is left is of
    // use.
    const auto left = leaf.not_after - leaf.at;
    const auto share = schedule.renew_at + schedule.renew_jitter * (2 * chance - 1);
    // A CA near its end cuts leaves short, ever shorter: asking ever faster would gain nothing and
    // storm it.
    return leaf.at + std::max(part_of(left, share), longest_wait(schedule, life));
}

Time leaf_end(Time not_after) {
    return not_after + std::chrono::seconds(1);
}

Time login_allowed(const Schedule& schedule, Duration life, Time last_login) {
    return last_login + first_wait(schedule, life);
}

Time projected_token_until(const Schedule& schedule, Time asked, Time expires) {
    return asked + part_of(expires - asked, schedule.projected_token);
}

Time vault_token_until(const Schedule& schedule, Time login, Duration lease) {
    return login + part_of(lease, schedule.vault_token);
}

Duration call_limit(Duration life) {
    constexpr Duration longest = std::chrono::seconds(30);
    return std::min(life / 4, longest);
}

}  // namespace meshproof::mesh
