#include "core/mesh/schedule.hpp"

#include <gtest/gtest.h>

#include "core/mesh/backoff.hpp"

namespace meshproof::mesh {

void PrintTo(const WaitRange& range, std::ostream* out) {
    *out << human_duration(range.least) << " to " << human_duration(range.most);
}

namespace {

using namespace std::chrono_literals;

constexpr Duration day = 24h;
const Schedule usual;

Time at(Duration since) {
    return from_unix_seconds(1'900'000'000) + since;
}

TEST(Schedule, WaitsDoubleFromTheFirstToTheLongest) {
    struct Row {
        Duration life;
        int refusals;
        WaitRange wait;
    };
    // A 200th of a life is the first wait, a 20th the longest.
    const std::vector<Row> rows = {
        {day, 0, {432s, 864s}},
        {day, 1, {864s, 1728s}},
        {day, 2, {1728s, 3456s}},
        {day, 3, {2160s, 4320s}},
        {day, 4, {2160s, 4320s}},
        {day, 1'000'000, {2160s, 4320s}},
        {30s, 0, {150ms, 300ms}},
        {30s, 9, {750ms, 1500ms}},
        // No wait is shorter than 50 ms, however short a life is.
        {4s, 0, {50ms, 100ms}},
        {4s, 5, {100ms, 200ms}},
        {100ms, 0, {50ms, 50ms}},
        {100ms, 7, {50ms, 50ms}},
        {Duration::zero(), 3, {50ms, 50ms}},
        // A century's share must not run over.
        {day * 36500, 40, {day * 36500 / 40, day * 36500 / 20}},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(retry_wait(usual, row.life, row.refusals), row.wait)
            << human_duration(row.life) << ", " << row.refusals;
    }
}

TEST(Schedule, WhatNeedsAPersonWaitsLongestAndALittle) {
    EXPECT_EQ(slow_wait(usual, day), (WaitRange{4320s, 4752s}));
    EXPECT_EQ(slow_wait(usual, 30s), (WaitRange{1500ms, 1650ms}));
    EXPECT_EQ(slow_wait(usual, 100ms), (WaitRange{50ms, 100ms}));
}

TEST(Schedule, TheDecisionSaysHowLongToWait) {
    for (const auto action : {Action::retry, Action::login_again}) {
        EXPECT_EQ(wait_after(action, usual, day, 2), retry_wait(usual, day, 2));
    }
    EXPECT_EQ(wait_after(Action::retry_slowly, usual, day, 2), slow_wait(usual, day));
}

/// A leaf that arrives with so much left, dated back half a minute, of an issuer that lives on.
Arrival arrival(Duration left) {
    return {.at = at(5min),
            .not_before = at(5min - 30s),
            .not_after = at(5min + left),
            .issuer_not_after = at(day * 365)};
}

TEST(Schedule, RenewalIsDueAtTwoThirdsOfWhatIsLeft) {
    struct Row {
        Duration left;
        double chance;
        Duration wait;
    };
    const std::vector<Row> rows = {
        {day, 0.5, 16h},
        {day, 0, 16h - day / 20},
        {day, 1, 16h + day / 20},
        {12h, 0.5, 8h},
        // Never later than the leaf's end, whatever was asked for.
        {1h, 0.5, 40min},
        // A CA near its end cuts leaves short: the first wait passes all the same.
        {1s, 0.5, 432s},
        {-1h, 0.5, 432s},  // born expired
    };
    for (const auto& row : rows) {
        const auto wait = renewal_wait(usual, day, arrival(row.left), row.chance);
        EXPECT_LT(std::chrono::abs(wait - row.wait), Duration(1us))
            << human_duration(row.left) << ", " << row.chance;
    }
    auto early = usual;
    early.renew_at = 0.25;
    early.renew_jitter = 0;
    EXPECT_EQ(renewal_wait(early, day, arrival(day), 0.9), Duration(6h));
}

TEST(Schedule, ALeafsOwnLifePacesItsAgent) {
    EXPECT_EQ(life_after(day, day, arrival(1h)), 1h + 30s);
    EXPECT_EQ(life_after(day, 1h, arrival(day)), day) << "no slower than what is asked for";
    EXPECT_EQ(life_after(day, 1h, arrival(2h)), 2h + 30s);
    auto cut = arrival(1min);
    cut.issuer_not_after = cut.not_after;
    EXPECT_EQ(life_after(day, 2h, cut), Duration(2h)) << "the issuer's end says nothing of lives";
}

TEST(Schedule, ALeafCanBeFollowedUnlessItEndsAsItArrives) {
    EXPECT_TRUE(can_be_followed(usual, day, arrival(day)));
    EXPECT_TRUE(can_be_followed(usual, day, arrival(day / 200 + 1s)));
    EXPECT_FALSE(can_be_followed(usual, day, arrival(day / 200 - 2s)));
    EXPECT_FALSE(can_be_followed(usual, 6h, arrival(0s)));
}

TEST(Schedule, ALeafEndsWithItsLastSecond) {
    EXPECT_EQ(leaf_end(at(day)), at(day + 1s));
}

TEST(Schedule, TokensAreGivenUpBeforeTheirEnd) {
    EXPECT_EQ(projected_token_use(usual, 1h), Duration(48min));
    EXPECT_EQ(projected_token_use(usual, 48h), Duration(24h));
    EXPECT_EQ(vault_token_use(usual, 1h), Duration(54min));
    EXPECT_EQ(vault_token_use(usual, Duration::zero()), Duration::zero());
}

TEST(Schedule, ACallMayTakeAQuarterOfALifeAndNoMoreThanThirtySeconds) {
    EXPECT_EQ(call_limit(20s), Duration(5s));
    EXPECT_EQ(call_limit(2min), Duration(30s));
    EXPECT_EQ(call_limit(day), Duration(30s));
}

TEST(Schedule, WhoWasNotAnsweredInTimeWaitsTwiceAsLongTheNextTime) {
    EXPECT_EQ(call_limit(usual, day, 0), Duration(30s));
    EXPECT_EQ(call_limit(usual, day, 1), Duration(1min));
    EXPECT_EQ(call_limit(usual, day, 3), Duration(4min));
    EXPECT_EQ(call_limit(usual, day, 1000), longest_wait(usual, day));
    EXPECT_EQ(call_limit(usual, 1h, 1000), Duration(3min));
    EXPECT_EQ(call_limit(usual, 20s, 1000), Duration(5s)) << "not less than at first";
}

TEST(Backoff, DrawsFromTheSchedulesRanges) {
    Backoff backoff(Prng(7));
    const auto expect_in = [&](Action action, const WaitRange& range) {
        const auto wait = backoff.after(action, usual, day);
        EXPECT_GE(wait, range.least);
        EXPECT_LE(wait, range.most);
    };
    expect_in(Action::retry, retry_wait(usual, day, 0));
    expect_in(Action::login_again, retry_wait(usual, day, 1));
    // What needs a person does not count: the next outage begins where the last refusal left off.
    expect_in(Action::retry_slowly, slow_wait(usual, day));
    expect_in(Action::retry, retry_wait(usual, day, 2));
    backoff.reset();
    expect_in(Action::retry, retry_wait(usual, day, 0));
}

TEST(Backoff, GrowsFromTheFirstToTheLongestWait) {
    Backoff backoff{Prng(7)};
    const auto first = first_wait(usual, day);
    const auto longest = longest_wait(usual, day);
    EXPECT_EQ(first, day / 200);
    EXPECT_EQ(longest, day / 20);
    auto low = first;
    for (int i = 0; i < 40; ++i) {
        const auto wait = backoff.after(Action::retry, usual, day);
        EXPECT_GE(wait, std::min(low, longest / 2));
        EXPECT_LE(wait, std::min(low * 2, longest));
        low = std::min(low * 2, longest);
    }
    EXPECT_GE(backoff.after(Action::retry_slowly, usual, day), longest);
    backoff.reset();
    EXPECT_LE(backoff.after(Action::retry, usual, day), first * 2);
    EXPECT_EQ(first_wait(usual, 1s), 50ms);  // never faster
    EXPECT_GE(longest_wait(usual, 100ms), first_wait(usual, 100ms));
}

TEST(Backoff, SpreadsTheWaitsOverTheirRange) {
    Backoff backoff(Prng(7));
    std::set<Duration> waits;
    for (int i = 0; i < 50; ++i) {
        waits.insert(backoff.after(Action::retry_slowly, usual, day));
    }
    EXPECT_GT(waits.size(), 40U);
    EXPECT_GT(*waits.rbegin() - *waits.begin(), Duration(200s));
}

}  // namespace
}  // namespace meshproof::mesh
