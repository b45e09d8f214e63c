// Who is begun, who is not, and what is said of those that were not.
#include "core/run/schedule.hpp"

#include <gtest/gtest.h>

namespace meshproof::run {
namespace {

using Indexes = std::vector<std::size_t>;

Outcome bare(std::size_t index) {
    Outcome outcome;
    outcome.id = "a/" + std::to_string(index);
    return outcome;
}

Outcome ended_with(std::size_t index, Verdict verdict) {
    auto outcome = bare(index);
    outcome.verdict = verdict;
    outcome.reason = verdict == Verdict::pass ? "" : "because";
    return outcome;
}

ScheduleOptions options() {
    ScheduleOptions out;
    out.environment = [](std::uint64_t) { return std::unique_ptr<Environment>(); };
    out.run_id = "test";
    return out;
}

TEST(Schedule, TellsWhatIsSkippedOnRequestAndLeavesTheRest) {
    auto how = options();
    how.skips = {"a/1", "b/7"};
    std::vector<std::string> told;
    how.on_end = [&told](const Outcome& outcome) { told.push_back(outcome.id); };
    Schedule schedule(how, 3);
    EXPECT_EQ(schedule.pass_over(bare), (Indexes{0, 2}));
    EXPECT_EQ(told, (std::vector<std::string>{"a/1"}));
    schedule.end(0, ended_with(0, Verdict::pass));
    schedule.end(2, ended_with(2, Verdict::pass));
    const auto result = schedule.result(bare);
    EXPECT_EQ(result.outcomes[1].verdict, Verdict::skip);
    EXPECT_EQ(result.outcomes[1].reason, "--skip");
    EXPECT_FALSE(result.ended_early);
}

TEST(Schedule, FailFastStopsAtAFailureAndAtABlock) {
    for (const auto verdict : {Verdict::fail, Verdict::blocked}) {
        auto how = options();
        how.fail_fast = true;
        Schedule schedule(how, 2);
        EXPECT_FALSE(schedule.stopping());
        schedule.end(0, ended_with(0, verdict));
        EXPECT_TRUE(schedule.stopping()) << to_string(verdict);
        const auto result = schedule.result(bare);
        EXPECT_EQ(result.ended_early, EarlyEnd::fail_fast);
        EXPECT_EQ(result.count(Verdict::not_run), 1U);
    }
}

TEST(Schedule, FailFastGoesOnAfterWhatIsNoFailure) {
    auto how = options();
    how.fail_fast = true;
    how.deviations = {{"a/2", "known"}};
    Schedule schedule(how, 4);
    schedule.end(0, ended_with(0, Verdict::pass));
    schedule.end(1, ended_with(1, Verdict::skip));
    schedule.end(2, ended_with(2, Verdict::fail));  // deviates, by the target's file
    EXPECT_FALSE(schedule.stopping());
}

TEST(Schedule, WithoutFailFastAFailureStopsNothing) {
    const auto how = options();
    Schedule schedule(how, 2);
    schedule.end(0, ended_with(0, Verdict::fail));
    EXPECT_FALSE(schedule.stopping());
}

TEST(Schedule, AFailureInTheLastOneEndsNothingEarly) {
    auto how = options();
    how.fail_fast = true;
    Schedule schedule(how, 1);
    schedule.end(0, ended_with(0, Verdict::fail));
    EXPECT_FALSE(schedule.result(bare).ended_early);
}

TEST(Schedule, SaysWhoStoppedIt) {
    for (const auto reason : {StopReason::signal, StopReason::time_limit}) {
        StopSource stop;
        auto how = options();
        how.stop = &stop;
        how.fail_fast = true;
        Schedule schedule(how, 2);
        stop.request(reason);
        stop.request(StopReason::signal);  // a second one changes nothing
        schedule.end(0, ended_with(0, Verdict::blocked));
        const auto result = schedule.result(bare);
        const bool by_signal = reason == StopReason::signal;
        EXPECT_EQ(result.interrupted, by_signal);
        EXPECT_EQ(result.ended_early == EarlyEnd::time_limit, !by_signal);
        EXPECT_EQ(result.outcomes[1].verdict, Verdict::not_run);
        EXPECT_EQ(result.outcomes[1].reason,
                  by_signal ? "not begun: the run was interrupted"
                            : "not begun: the run was ended by the time limit");
    }
}

}  // namespace
}  // namespace meshproof::run
