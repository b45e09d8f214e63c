#include "reports/gate/judge.hpp"

#include <gtest/gtest.h>

#include "reports/gate/tests/sample_reports.hpp"
#include "reports/gate/trends.hpp"

namespace meshproof::reports::gate {
namespace {

using run::Verdict;

const Time today = day("2027-03-01");

Judgement judged(std::string_view yaml, const std::vector<Source>& reports,
                 const std::vector<Source>& baseline = {}) {
    return judge(require(Policy::parse(yaml, "gate.yaml")), reports, baseline, today);
}

/// The first rule of a kind; a bare one where there is none.
RuleResult rule_of(const Judgement& judgement, std::string_view kind) {
    const auto found = std::ranges::find(judgement.rules, kind, &RuleResult::kind);
    return found == judgement.rules.end() ? RuleResult() : *found;
}

TEST(Gate, PassesGoAndFailuresStop) {
    const auto good = judged("", {run_of({scenario("flow/a", Verdict::pass)})});
    EXPECT_EQ(exit_code(good), 0);
    EXPECT_EQ(verdict_of(good), "go");
    EXPECT_EQ(rule_of(good, "results").answer, Answer::holds);

    const auto bad = judged("", {run_of({scenario("flow/a", Verdict::pass),
                                         scenario("flow/b", Verdict::fail, {"the leaf is old"})})});
    EXPECT_EQ(exit_code(bad), 1);
    const auto rule = rule_of(bad, "failure");
    EXPECT_EQ(rule.answer, Answer::broken);
    EXPECT_EQ(rule.subject, "flow/b on sim");
    EXPECT_EQ(rule.measured, "the leaf is old");
    EXPECT_EQ(rule.replay, "meshproof run flow/b --target sim --seed 7");
}

TEST(Gate, BlockedAndUnfinishedAreNoPass) {
    const auto blocked = judged("", {run_of({scenario("flow/a", Verdict::blocked)})});
    EXPECT_EQ(exit_code(blocked), 3);
    EXPECT_EQ(rule_of(blocked, "blocked").answer, Answer::undecided);

    auto cut = run_of({scenario("flow/a", Verdict::pass)});
    cut.result.interrupted = true;
    EXPECT_EQ(exit_code(judged("", {cut})), 3);
    cut.result.interrupted = false;
    cut.result.ended_early = run::EarlyEnd::time_limit;
    const auto late = judged("", {cut});
    EXPECT_EQ(exit_code(late), 3);
    EXPECT_EQ(rule_of(late, "unfinished").measured, "--time-limit ended the run");
    const auto left =
        judged("require: [{id: flow}]", {run_of({scenario("flow/a", Verdict::not_run)})});
    EXPECT_EQ(exit_code(left), 3);
    EXPECT_EQ(rule_of(left, "blocked").answer, Answer::undecided);
    EXPECT_EQ(rule_of(left, "require").answer, Answer::undecided);
    EXPECT_EQ(exit_code(judged("", {run_of({})})), 4);
    EXPECT_EQ(verdict_of(judged("", {run_of({})})), "nothing");
}

constexpr std::string_view deviation = R"(deviations:
  - id: flow/b
    expectation: "the leaf of * is old"
    reason: a known fault
)";

TEST(Gate, AnAllowanceIsForOneExpectation) {
    const std::string known = "the leaf of web-1 is old", other = "a secret is in the trace";
    const auto good = judged(deviation, {run_of({scenario("flow/b", Verdict::fail, {known})})});
    EXPECT_EQ(exit_code(good), 0);
    EXPECT_EQ(rule_of(good, "allowance").measured, "allows 1: a known fault");

    // Another failure of the same scenario is not hidden, nor is what the target's file hides.
    for (const auto verdict : {Verdict::fail, Verdict::deviates}) {
        const auto bad = judged(deviation, {run_of({scenario("flow/b", verdict, {known, other})})});
        EXPECT_EQ(exit_code(bad), 1);
        EXPECT_EQ(bad.count(Answer::broken), 1U);
        EXPECT_EQ(rule_of(bad, "failure").measured, other);
        EXPECT_EQ(rule_of(bad, "failure").where.line, 2);
    }
    EXPECT_EQ(exit_code(judged(deviation, {run_of({scenario("flow/c", Verdict::fail, {known})})})),
              1);
}

TEST(Gate, AnAllowanceEndsAndUnusedOnesAreTold) {
    const auto reports =
        std::vector{run_of({scenario("flow/b", Verdict::fail, {"the leaf of a is old"})})};
    const auto with = [](std::string_view until) {
        return fmt::format("{}    until: {}\n", deviation, until);
    };
    EXPECT_EQ(exit_code(judged(with("2027-03-01"), reports)), 0) << "the day itself is allowed";
    const auto ended = judged(with("2027-02-28"), reports);
    EXPECT_EQ(exit_code(ended), 1);
    EXPECT_NE(rule_of(ended, "failure").wanted.find("ended on 2027-02-28"), std::string::npos);
    EXPECT_EQ(rule_of(ended, "allowance").answer, Answer::note);

    const auto unused = judged(deviation, {run_of({scenario("flow/b", Verdict::pass)})});
    EXPECT_EQ(exit_code(unused), 0);
    EXPECT_EQ(rule_of(unused, "allowance").measured, "allows nothing in these reports");
}

TEST(Gate, ASkipNeedsAReason) {
    const auto reports = std::vector{run_of({scenario("flow/a", Verdict::skip)})};
    const auto bad = judged("name: x\nskips:\n", reports);
    EXPECT_EQ(exit_code(bad), 1);
    EXPECT_EQ(rule_of(bad, "skip").measured, "skipped: because of this");
    EXPECT_EQ(exit_code(judged("skips: [{id: flow, reason: one node}]", reports)), 0);
    EXPECT_EQ(exit_code(judged("skips: [{id: flow, reason: r, target: s*}]", reports)), 0);
    EXPECT_EQ(exit_code(judged("skips: [{id: flow, reason: r, target: live}]", reports)), 1);
    // A skip is no pass.
    EXPECT_EQ(
        rule_of(judged("require: [{id: flow}]\nskips: [{id: flow, reason: r}]", reports), "require")
            .answer,
        Answer::broken);
}

TEST(Gate, WhatIsRequiredHasToBeThere) {
    const auto reports = std::vector{
        run_of({scenario("flow/a", Verdict::pass), scenario("flow/b", Verdict::blocked)})};
    const auto answer = [&](std::string_view yaml) {
        return rule_of(judged(yaml, reports), "require").answer;
    };
    EXPECT_EQ(answer("require: [{id: flow}]"), Answer::holds);
    EXPECT_EQ(answer("require: [{id: flow/a}]"), Answer::holds);
    EXPECT_EQ(answer("require: [{id: flow, least: 2}]"), Answer::undecided);
    EXPECT_EQ(answer("require: [{id: flow, least: 3}]"), Answer::broken);
    EXPECT_EQ(answer("require: [{id: security}]"), Answer::broken);
    EXPECT_EQ(answer("require: [{id: flow, target: live}]"), Answer::broken);
}

TEST(Gate, ResponseTimesKeepTheirBounds) {
    const auto rule = [](std::string_view yaml, const std::vector<Source>& reports) {
        return rule_of(judged(yaml, reports), "response");
    };
    const auto one = load_run(400);
    EXPECT_EQ(rule("loads: [{response: {p99: 396ms}}]", {one}).answer, Answer::broken)
        << "buckets round up by at most 0.1 %";
    EXPECT_EQ(rule("loads: [{response: {p99: 397ms}}]", {one}).answer, Answer::holds);
    EXPECT_EQ(rule("loads: [{response: {p99: 300ms}}]", {one}).answer, Answer::broken);
    EXPECT_EQ(rule("loads: [{profile: sign, response: {p99: 1s}}]", {one}).answer,
              Answer::undecided);
    // Too few samples are no pass, by the percentile's own need or by the policy's.
    EXPECT_EQ(rule("loads: [{response: {p99: 1s}}]", {load_run(298)}).answer, Answer::undecided);
    EXPECT_EQ(rule("loads: [{response: {p99: 1s}, min_samples: 401}]", {one}).answer,
              Answer::undecided);
    EXPECT_EQ(rule("loads: [{response: {p99: 1s}, min_samples: 400}]", {one}).answer,
              Answer::holds);
}

TEST(Gate, HistogramsOfSeveralRunsAreTakenTogether) {
    const std::string yaml = "loads: [{response: {p99: 1s}}]";
    const auto together = judged(yaml, {load_run(200), load_run(200)});
    EXPECT_EQ(rule_of(together, "response").answer, Answer::holds);
    EXPECT_NE(rule_of(together, "response").measured.find("of 400"), std::string::npos);
    // Those that were asked otherwise are not.
    auto other = load_run(200);
    load_in(other).options.rate_per_second = 50;
    EXPECT_EQ(judged(yaml, {load_run(200), other}).count(Answer::undecided), 2U);
    // Without a log one run has what its report tells, and several have nothing.
    auto bare = load_run(400);
    bare.response.reset();
    EXPECT_EQ(rule_of(judged(yaml, {bare}), "response").answer, Answer::holds);
    EXPECT_EQ(rule_of(judged(yaml, {bare, load_run(400)}), "response").answer, Answer::undecided);
    EXPECT_EQ(rule_of(judged("loads: [{response: {p97: 1s}}]", {bare}), "response").answer,
              Answer::undecided);
}

TEST(Gate, ErrorsRateAndCpuKeepTheirBounds) {
    auto load = load_run(1000);
    load_in(load).counts.failed = 3;
    load_in(load).counts.unfinished = 2;
    const auto answer = [](const Source& source, std::string_view yaml, std::string_view kind) {
        return rule_of(judged(yaml, {source}), kind).answer;
    };
    EXPECT_EQ(answer(load, "loads: [{errors: 0.5%}]", "errors"), Answer::holds);
    EXPECT_EQ(answer(load, "loads: [{errors: 0.004}]", "errors"), Answer::broken);
    EXPECT_EQ(answer(load, "loads: [{errors: 1%, min_samples: 2000}]", "errors"),
              Answer::undecided);
    EXPECT_EQ(answer(load, "loads: [{min_per_second: 100}]", "rate"), Answer::holds);
    EXPECT_EQ(answer(load, "loads: [{min_per_second: 101}]", "rate"), Answer::broken);
    EXPECT_EQ(answer(load, "loads: [{cpu_per_leaf: 1s}]", "cpu_per_leaf"), Answer::undecided);
    add_cpu(load, std::chrono::seconds(5));
    EXPECT_EQ(answer(load, "loads: [{cpu_per_leaf: 5ms}]", "cpu_per_leaf"), Answer::holds);
    EXPECT_EQ(answer(load, "loads: [{cpu_per_leaf: 4ms}]", "cpu_per_leaf"), Answer::broken);
    auto none = load_run(1000);
    load_in(none).counts = {};
    EXPECT_EQ(answer(none, "loads: [{errors: 1%}]", "errors"), Answer::undecided);
    EXPECT_EQ(answer(none, "loads: [{min_per_second: 0}]", "rate"), Answer::undecided);
}

/// Runs whose CPU time a leaf is so many milliseconds, each.
std::vector<Source> runs_of(const std::vector<int>& milliseconds) {
    std::vector<Source> out;
    for (const auto one : milliseconds) {
        out.push_back(load_run(100));
        add_cpu(out.back(), std::chrono::milliseconds(one * 100));
    }
    return out;
}

TEST(Gate, ATrendNeedsFiveRunsOfEach) {
    const std::string yaml = "trends: [{of: cpu_per_leaf, margin: 20%}]";
    const auto steady = runs_of({100, 101, 102, 103, 104});
    const auto answer = [&](const std::vector<Source>& now, const std::vector<Source>& before) {
        return rule_of(judged(yaml, now, before), "trend").answer;
    };
    EXPECT_EQ(answer(steady, steady), Answer::holds);
    EXPECT_EQ(answer(runs_of({130, 131, 132, 133, 134}), steady), Answer::broken);
    EXPECT_EQ(answer(runs_of({50, 51, 52, 53, 54}), steady), Answer::holds);
    EXPECT_EQ(answer(runs_of({90, 101, 102, 103, 150}), steady), Answer::undecided);
    EXPECT_EQ(answer(runs_of({130, 131, 132, 133}), steady), Answer::undecided);
    EXPECT_EQ(answer(steady, {}), Answer::undecided);
    const auto lenient =
        judged("trends: [{of: cpu_per_leaf, margin: 20%, required: false}]", steady, {});
    EXPECT_EQ(exit_code(lenient), 0);
    EXPECT_EQ(rule_of(lenient, "trend").answer, Answer::note);
    EXPECT_TRUE(rule_of(lenient, "trend").measured.starts_with("not enough data: 5 runs and 0 of"));
}

TEST(Gate, ATrendOfARateIsWorseWhereItIsLess) {
    const auto with_rate = [](double rate) {
        std::vector<Source> out(least_runs, load_run(100));
        for (auto& source : out) {
            load_in(source).done_per_second = rate;
        }
        return out;
    };
    const std::string yaml = "trends: [{of: rate, margin: 10%}]";
    EXPECT_EQ(exit_code(judged(yaml, with_rate(100), with_rate(100))), 0);
    EXPECT_EQ(exit_code(judged(yaml, with_rate(200), with_rate(100))), 0);
    EXPECT_EQ(exit_code(judged(yaml, with_rate(80), with_rate(100))), 1);
    // A baseline that was asked otherwise is none.
    auto other = with_rate(100);
    for (auto& source : other) {
        load_in(source).options.connections = 9;
    }
    EXPECT_EQ(exit_code(judged(yaml, with_rate(100), other)), 3);
}

TEST(Trends, MediansLieBetweenOrderStatistics) {
    EXPECT_FALSE(median_interval({1, 2, 3, 4}));
    const auto five = median_interval({5, 1, 4, 2, 3});
    ASSERT_TRUE(five);
    EXPECT_EQ(five->low, 1);
    EXPECT_EQ(five->median, 3);
    EXPECT_EQ(five->high, 5);
    // Of eight the second from each end leaves 9/256 on a side, which is more than 1/32; of nine
    // 10/512, which is less.
    EXPECT_EQ(median_interval({1, 2, 3, 4, 5, 6, 7, 8})->low, 1);
    EXPECT_EQ(median_interval({1, 2, 3, 4, 5, 6, 7, 8})->median, 4.5);
    EXPECT_EQ(median_interval({1, 2, 3, 4, 5, 6, 7, 8, 9})->low, 2);
    EXPECT_EQ(median_interval({1, 2, 3, 4, 5, 6, 7, 8, 9})->high, 8);
    EXPECT_EQ(course_of(1.11, 1.2, 0.1), Course::worse);
    EXPECT_EQ(course_of(0.9, 1.05, 0.1), Course::not_worse);
    EXPECT_EQ(course_of(1.05, 1.2, 0.1), Course::not_enough_data);
}

}  // namespace
}  // namespace meshproof::reports::gate
