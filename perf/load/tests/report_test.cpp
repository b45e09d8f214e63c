// A load as reports tell it.
#include "perf/load/report.hpp"

#include <gtest/gtest.h>

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;
using run::BoundAnswer;

/// So many of 1 to that many milliseconds.
Measured measured_of(int count) {
    Measured measured;
    for (int i = 1; i <= count; ++i) {
        measured.whole.response.record(i * 1ms);
        measured.whole.service.record(1ms);
        measured.timeline.record(0s, {i * 1ms, 1ms});
    }
    measured.asked = measured.done = measured.done_in_plan = static_cast<std::uint64_t>(count);
    measured.timeline.at(0s).asked = measured.asked;
    measured.planned = 10s;
    measured.last_done = 9s;
    return measured;
}

const run::LoadOutcome& load_in(const run::RunResult& result) {
    return std::get<run::LoadOutcome>(result.outcomes.at(0).detail);
}

TEST(Bounds, AreKeptMissedOrWithoutData) {
    Slo slo;
    slo.latencies = {{50, 51ms}, {95, 50ms}, {99, 10s}};
    const auto bounds = bounds_of(slo, measured_of(100));
    ASSERT_EQ(bounds.latencies.size(), 3U);
    EXPECT_EQ(bounds.latencies[0].answer, BoundAnswer::kept);
    EXPECT_EQ(bounds.latencies[1].answer, BoundAnswer::missed);
    EXPECT_NEAR(static_cast<double>(bounds.latencies[1].measured.value().count()), 95'000, 100);
    // 299 samples are needed: nobody knows, so it is not kept.
    EXPECT_EQ(bounds.latencies[2].answer, BoundAnswer::no_data);
    EXPECT_FALSE(bounds.latencies[2].measured);
    EXPECT_EQ(bounds.errors.answer, BoundAnswer::kept);
}

TEST(Bounds, OfErrorsHaveNoDataWhereNothingWasAsked) {
    EXPECT_EQ(bounds_of(Slo(), Measured()).errors.answer, BoundAnswer::no_data);
    auto measured = measured_of(100);
    measured.done = 99;
    measured.failed = 1;
    const auto errors = bounds_of(Slo(), measured).errors;
    EXPECT_EQ(errors.answer, BoundAnswer::missed);
    EXPECT_EQ(errors.measured_share, 0.01);
}

TEST(LoadReport, HoldsWhatWasMeasuredAndOnlyPercentilesThatAreKnown) {
    Outcome outcome;
    outcome.verdict = run::Verdict::pass;
    outcome.measured = measured_of(100);
    outcome.measured.stages["sign"] = outcome.measured.whole;
    outcome.verification.answers = 10;
    outcome.verification.verified = 6;
    outcome.verification.not_verified = 1;
    outcome.verification.wrong[Wrong::other_name] = 2;
    outcome.servers = {{"vault", "openbao", "2.7.2", "https://127.0.0.1:8200"}};
    run::RunResult bare;
    bare.command = run::Command::load;
    bare.setting = run::Setting::sim;
    bare.duration = 3ms;
    const auto result = report_of(outcome, bare);
    EXPECT_EQ(result.servers, outcome.servers);
    EXPECT_EQ(result.outcomes.at(0).id, "load/login-sign");
    EXPECT_EQ(result.outcomes[0].duration, Duration(3ms));
    EXPECT_EQ(result.outcomes[0].virtual_duration, Duration(10s));
    const auto& load = load_in(result);
    const auto& times = load.stages.at("whole").response;
    EXPECT_EQ(times.count, 100U);
    EXPECT_EQ(times.min, 1ms);
    EXPECT_EQ(times.max, 100ms);
    EXPECT_TRUE(times.percentiles.contains("p95"));
    EXPECT_FALSE(times.percentiles.contains("p99"));
    EXPECT_LE(times.percentiles.at("p50").low, times.percentiles.at("p50").at);
    EXPECT_TRUE(load.stages.contains("sign"));
    EXPECT_EQ(load.done_per_second, 10);
    EXPECT_EQ(load.verification.skipped, 3U);
    EXPECT_EQ(load.verification.wrong.at("names somebody else"), 2U);
    ASSERT_EQ(load.timeline.slots.size(), 1U);
    EXPECT_EQ(load.timeline.slots[0].asked, 100U);
    EXPECT_TRUE(load.timeline.slots[0].response_p50);
    EXPECT_FALSE(load.timeline.slots[0].response_p99);
}

TEST(LoadReport, HoldsNoOptionThatTheProfileDoesNotHave) {
    Outcome outcome;
    outcome.options.profile = Profile::restart_storm;
    outcome.options.pods = 20;
    const auto storm = load_in(report_of(outcome, {})).options;
    EXPECT_EQ(storm.pods, 20U);
    EXPECT_TRUE(storm.within);
    EXPECT_FALSE(storm.rate_per_second || storm.duration);
    outcome.options.profile = Profile::login_sign;
    const auto steady = load_in(report_of(outcome, {})).options;
    EXPECT_EQ(steady.rate_per_second, 100);
    EXPECT_FALSE(steady.pods || steady.within);
    EXPECT_TRUE(steady.mix.empty());
}

TEST(LoadReport, HasTheMeshThatASearchIsHeldAgainst) {
    Outcome outcome;
    outcome.options.pods = 2400;
    EXPECT_FALSE(load_in(report_of(outcome, {})).mesh) << "nothing was searched for";
    outcome.options.find_max = true;
    const auto told = load_in(report_of(outcome, {}));
    ASSERT_TRUE(told.mesh);
    EXPECT_EQ(told.mesh->pods, 2400U);
    // Each renews when two thirds of the hour are over.
    EXPECT_NEAR(told.mesh->renewals_per_second, 1, 1e-9);
    EXPECT_FALSE(told.options.pods) << "it is asked by rates";
    outcome.options.profile = Profile::sign;
    EXPECT_FALSE(load_in(report_of(outcome, {})).mesh)
        << "no pod has its leaf by a signature alone";
}

TEST(LoadReport, TellsThatItWasInterrupted) {
    Outcome outcome;
    outcome.failures = {"stopped by a signal", "more"};
    outcome.measured.ended = Ended::stopped;
    outcome.measured.why_ended = "stopped by a signal";
    const auto result = report_of(outcome, {});
    EXPECT_TRUE(result.interrupted);
    EXPECT_EQ(result.outcomes.at(0).verdict, run::Verdict::blocked);
    EXPECT_EQ(result.outcomes[0].reason, "stopped by a signal");
    EXPECT_EQ(result.outcomes[0].failures, outcome.failures);
    EXPECT_EQ(load_in(result).ended, run::LoadEnd::stopped);
}

}  // namespace
}  // namespace meshproof::load
