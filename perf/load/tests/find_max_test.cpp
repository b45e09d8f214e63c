#include "perf/load/find_max.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "perf/load/capacity.hpp"
#include "perf/load/tests/stage.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

Options looking() {
    Options options;
    options.profile = Profile::health;
    options.find_max = true;
    options.rate = 5;
    options.connections = 2;
    options.slo.latencies = {{95, 300ms}};
    return options;
}

/// Two connections of 100 ms carry 20 a second.
Duration after_98_ms(Duration now) {
    return now + 98ms;
}

TEST(MaxSearch, FindsTheRateThatItsServerCarries) {
    MaxSearch search(looking());
    std::size_t asked = 0;
    while (const auto step = search.next()) {
        Stage stage({after_98_ms});
        auto measured = stage.offer(*step);
        asked += measured.asked;
        search.learn(*step, std::move(measured));
    }
    EXPECT_NEAR(search.best().rate(), 20, 1);
    // Doubled until it failed, then halved the gap.
    ASSERT_GE(search.steps().size(), 4U);
    EXPECT_EQ(search.steps()[1].rate, 10);
    EXPECT_EQ(search.steps()[3].rate, 40);
    EXPECT_FALSE(search.steps()[3].kept);
    EXPECT_NE(search.steps()[3].why_not, "");
    EXPECT_LE(asked, MaxSearch::most_transactions(looking()));
}

TEST(MaxSearch, WhatIsStillUnderWayAtAStepsEndIsNotBehind) {
    auto options = looking();
    options.rate = 50;
    options.connections = 64;
    options.slo.latencies = {{95, 2s}};
    MaxSearch search(options);
    const auto step = search.next().value();
    search.learn(step, Stage({[](Duration now) { return now + 998ms; }}).offer(step));
    EXPECT_TRUE(search.steps().front().kept) << search.steps().front().why_not;
    Outcome outcome;
    outcome.options = options;
    outcome.steps = search.steps();
    const auto curve = curve_of(outcome, "sim");
    EXPECT_NEAR(saturation(curve).rate, 50, 0.5);
    EXPECT_FALSE(saturation(curve).reached) << "nobody knows what it would give at more";
}

/// What a server shows that keeps up to this rate, and in a hold up to that one.
Measured answered(const Options& step, double in_a_step, double in_a_hold) {
    const bool hold = step.duration > looking().duration * 2;
    Measured measured;
    measured.planned = step.duration;
    measured.asked = static_cast<std::uint64_t>(
        step.rate * std::chrono::duration<double>(step.duration).count());
    measured.done = measured.done_in_plan = measured.asked;
    measured.whole.response.record(step.rate > (hold ? in_a_hold : in_a_step) ? 1s : 10ms,
                                   measured.asked);
    return measured;
}

MaxSearch searched(double in_a_step, double in_a_hold) {
    MaxSearch search(looking());
    while (const auto step = search.next()) {
        search.learn(*step, answered(*step, in_a_step, in_a_hold));
    }
    return search;
}

TEST(MaxSearch, HoldsWhatItFoundForThreeSteps) {
    const auto search = searched(20, 20);
    const auto& last = search.steps().back();
    EXPECT_TRUE(last.hold);
    EXPECT_TRUE(last.kept);
    EXPECT_EQ(last.rate, 20);
    EXPECT_EQ(last.measured.planned, 3 * search.steps()[2].measured.planned);
    EXPECT_EQ(best_step(search.steps()), &last);
}

TEST(MaxSearch, WhatDoesNotLastGivesWayToLess) {
    const auto search = searched(20, 18.5);
    const auto& steps = search.steps();
    ASSERT_GE(steps.size(), 2U);
    EXPECT_FALSE(steps[steps.size() - 2].kept);
    EXPECT_EQ(steps.back().rate, 18);
    EXPECT_EQ(best_step(steps), &steps.back());
}

TEST(MaxSearch, TellsWhatWasHeldRatherThanAShorterStepALittleAbove) {
    // As a real search went: 275/s did not last, and nine tenths of it did.
    const auto at = [](double rate, bool kept, bool hold) {
        Step step;
        step.rate = rate;
        step.kept = kept;
        step.hold = hold;
        return step;
    };
    std::vector<Step> steps{at(200, true, false), at(400, false, false), at(250, true, false),
                            at(275, true, false), at(275, false, true),  at(247.5, true, true)};
    EXPECT_EQ(best_step(steps), &steps.back());
    steps.pop_back();
    EXPECT_EQ(best_step(steps), &steps[2]);
}

TEST(MaxSearch, WhereNoHoldLastsAShorterStepBelowIsAllThereIs) {
    const auto search = searched(20, 1);
    const auto& steps = search.steps();
    EXPECT_EQ(std::ranges::count_if(steps, &Step::hold), 3);
    const auto* best = best_step(steps);
    ASSERT_NE(best, nullptr);
    EXPECT_EQ(best->rate, 10);
    EXPECT_FALSE(best->hold);
}

TEST(MaxSearch, AsksNoMoreInAllThanOneLoadMay) {
    auto options = looking();
    options.rate = 1000;
    options.duration = 10min;
    EXPECT_EQ(MaxSearch::most_transactions(options), most_transactions);
    MaxSearch search(options);
    double asked = 0;
    while (const auto step = search.next()) {
        asked += step->rate * in_seconds(step->duration);
        search.learn(*step, answered(*step, 1e6, 1e6));
    }
    // 600,000, then 1,200,000 and 2,400,000; nobody may ask 4,800,000 more.
    EXPECT_EQ(asked, 4'200'000);
    EXPECT_TRUE(search.cut_short());
    EXPECT_EQ(best_step(search.steps())->rate, 4000);
    EXPECT_FALSE(searched(20, 20).cut_short());
}

TEST(MaxSearch, SaysWhereNoRateKeepsTheSlo) {
    auto options = looking();
    options.slo.latencies = {{95, 50ms}};
    MaxSearch search(options);
    while (const auto step = search.next()) {
        Stage stage({after_98_ms});
        search.learn(*step, stage.offer(*step));
    }
    EXPECT_EQ(search.best().asked, 0U);
    Outcome outcome;
    outcome.options = options;
    outcome.steps = search.steps();
    judge(outcome);
    EXPECT_EQ(outcome.verdict, run::Verdict::fail);
}

}  // namespace
}  // namespace meshproof::load
