// What pipelines and the tools behind them read: the summary, OpenMetrics, CSV, and a run that was
// ended early in every format.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "reports/report.hpp"

namespace meshproof::reports {
namespace {

using run::Verdict;

run::Outcome told(std::string id, Verdict verdict, std::string reason) {
    run::Outcome out;
    out.id = std::move(id);
    out.verdict = verdict;
    out.reason = std::move(reason);
    out.detail = run::ScenarioOutcome{};
    return out;
}

run::RunResult ended_early(run::EarlyEnd by) {
    run::RunResult result;
    result.target = "a \"b\" \\ c";
    result.seed = 42;
    result.started = from_unix_seconds(1'767'323'045);
    result.duration = std::chrono::milliseconds(1500);
    result.ended_early = by;
    result.outcomes = {
        told("flow/a", Verdict::pass, ""), told("flow/b", Verdict::fail, "expected | `1`,\ngot 2"),
        told("flow/c", Verdict::blocked, "no way"), told("flow/d", Verdict::skip, "--skip"),
        told("flow/e", Verdict::not_run, "not begun: too late")};
    return result;
}

run::RunResult measured() {
    using std::chrono::microseconds;
    run::RunResult result;
    result.command = run::Command::load;
    result.target = "staging, \"EU\"";
    result.started = from_unix_seconds(1'767'323'045);
    run::LoadOutcome load;
    load.counts = {.asked = 40, .done = 38, .failed = 1, .unfinished = 1};
    load.done_per_second = 19.5;
    auto& whole = load.stages["whole"];
    whole.response.count = 38;
    whole.response.mean = microseconds(2000);
    whole.response.percentiles = {{"p50", {microseconds(1500), {}, {}}},
                                  {"p99.9", {microseconds(12'500), {}, {}}}};
    whole.service.percentiles = {{"p50", {microseconds(900), {}, {}}}};
    load.server.looks.resize(2);
    load.server.looks[0].processor = microseconds(100);
    load.server.looks[1].processor = microseconds(4100);
    auto outcome = told("load/login-sign", Verdict::pass, "");
    outcome.detail = std::move(load);
    outcome.duration = std::chrono::seconds(2);
    result.outcomes = {std::move(outcome)};
    return result;
}

std::string again(const run::Outcome& outcome) {
    return "meshproof run " + outcome.id;
}

TEST(NotRun, IsCountedAndShownAndNoPass) {
    const auto result = ended_early(run::EarlyEnd::time_limit);
    EXPECT_TRUE(summary_line(result).ends_with(
        "5 scenarios: 1 pass, 1 fail, 1 blocked, 1 skip, 0 deviates, 1 not-run in 1.5 s"))
        << summary_line(result);
    EXPECT_EQ(outcome_line(result.outcomes[4], false).find('\n'), std::string::npos);
    const auto json = nlohmann::json::parse(to_json(result));
    EXPECT_EQ(json["ended_early"], "time-limit");
    EXPECT_EQ(json["summary"]["not-run"], 1);
    EXPECT_EQ(json["results"][4]["verdict"], "not-run");
    const auto read = parse_report(to_json(result));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->ended_early, result.ended_early);
    EXPECT_EQ(read->outcomes[4], result.outcomes[4]);
}

TEST(NotRun, OfAnOlderReportIsNone) {
    auto result = ended_early(run::EarlyEnd::time_limit);
    result.outcomes.pop_back();
    auto json = nlohmann::ordered_json::parse(to_json(result));
    json["summary"].erase("not-run");
    EXPECT_TRUE(parse_report(json.dump()));
    json["results"][0]["verdict"] = "not-run";
    json["summary"]["pass"] = 0;
    EXPECT_FALSE(parse_report(json.dump())) << "it is not counted";
}

TEST(NotRun, IsAnErrorToJunitUnlessAFailureEndedTheRun) {
    const auto late = to_junit(ended_early(run::EarlyEnd::time_limit));
    EXPECT_NE(late.find("tests=\"5\" failures=\"1\" errors=\"2\" skipped=\"1\""), std::string::npos)
        << late;
    EXPECT_NE(late.find("<error message=\"not run: not begun: too late\"/>"), std::string::npos);
    const auto fast = to_junit(ended_early(run::EarlyEnd::fail_fast));
    EXPECT_NE(fast.find("tests=\"5\" failures=\"1\" errors=\"1\" skipped=\"2\""), std::string::npos)
        << fast;
}

TEST(Summary, SaysTheVerdictFirstAndTheCommandLast) {
    const auto text = to_summary(ended_early(run::EarlyEnd::fail_fast), most_summary, again);
    EXPECT_TRUE(text.starts_with("# Fail: 1 of 5 scenarios failed (run of a \"b\" \\\\ c)\n"))
        << text;
    for (const auto* line :
         {"- `--fail-fast` ended the run\n",
          "- **fail** `flow/b`: expected \\| \\`1\\`, got 2; again: `meshproof run flow/b`\n",
          "- **blocked** `flow/c`: no way; again: `meshproof run flow/c`\n",
          "## What was not run\n\n- **not-run** `flow/e`: not begun: too late\n",
          "- **skip** `flow/d`: --skip\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
    EXPECT_LT(text.find("flow/b"), text.find("flow/c"));
    EXPECT_EQ(text.find("flow/a"), std::string::npos) << "a pass is counted, not listed";
}

TEST(Summary, StaysBelowItsLimitAndCountsWhatIsLeftOut) {
    auto result = ended_early(run::EarlyEnd::fail_fast);
    for (int i = 0; i < 5000; ++i) {
        result.outcomes.push_back(
            told("many/" + std::to_string(i), Verdict::fail, std::string(3000, '|')));
    }
    for (const std::size_t most : {most_summary, std::size_t{4096}, std::size_t{10}}) {
        EXPECT_LE(to_summary(result, most, again).size(), most);
    }
    const auto text = to_summary(result, most_summary, again);
    EXPECT_NE(text.find(" more, which have no room here\n"), std::string::npos);
    EXPECT_TRUE(text.starts_with("# Fail: 5001 of 5005"));
}

TEST(Problems, AreALineEachWithTheCommandLast) {
    const auto result = ended_early(run::EarlyEnd::fail_fast);
    const auto line = problem_line(result.outcomes[1], "meshproof run flow/b");
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_TRUE(line.starts_with("fail     flow/b: expected | `1`, got 2")) << line;
    EXPECT_TRUE(line.ends_with("; again: meshproof run flow/b")) << line;
}

TEST(OpenMetrics, HaveCountsTimesAndPercentiles) {
    const auto run = to_openmetrics(ended_early(run::EarlyEnd::time_limit));
    const std::string labels = R"(command="run",target="a \"b\" \\ c",setting="sim")";
    for (const auto& line :
         {fmt::format("meshproof_report_info{{{},version=\"{}\",seed=\"42\"}} 1\n", labels,
                      MESHPROOF_VERSION),
          fmt::format("meshproof_report_results{{{},verdict=\"not-run\"}} 1\n", labels),
          fmt::format("meshproof_report_duration_seconds{{{}}} 1.5\n", labels),
          fmt::format("meshproof_report_started_seconds{{{}}} 1767323045\n", labels),
          fmt::format("meshproof_report_unfinished{{{}}} 1\n", labels)}) {
        EXPECT_NE(run.find(line), std::string::npos) << line << run;
    }
    EXPECT_TRUE(run.ends_with("\n# EOF\n"));
    const auto load = to_openmetrics(measured());
    for (const auto* line : {"# TYPE meshproof_report_load_response_seconds summary\n",
                             "# UNIT meshproof_report_load_response_seconds seconds\n",
                             "id=\"load/login-sign\",stage=\"whole\",quantile=\"0.999\"} 0.0125\n",
                             "id=\"load/login-sign\",stage=\"whole\"} 38\n",
                             "state=\"unfinished\"} 1\n", "id=\"load/login-sign\"} 19.5\n"}) {
        EXPECT_NE(load.find(line), std::string::npos) << line << load;
    }
}

TEST(Csv, HasTheSameColumnsForEveryResult) {
    const auto rows = [](const run::RunResult& result) {
        const auto text = to_csv(result);
        std::vector<std::string> out;
        for (const auto& line : split(text, '\n')) {
            out.emplace_back(line);
        }
        return out;
    };
    const auto load = rows(measured());
    ASSERT_EQ(load.size(), 3U) << "a head, a row, and nothing after the last line";
    EXPECT_TRUE(load[0].starts_with("started,version,command,target,")) << load[0];
    EXPECT_NE(load[0].find(",response_p99_9_us,"), std::string::npos);
    EXPECT_EQ(load[1],
              fmt::format("2026-01-02T03:04:05Z,{},load,\"staging, \"\"EU\"\"\",sim,0,"
                          "load/login-sign,pass,2000,40,38,1,1,19.5,1500,,,,12500,900,,,,,4000",
                          MESHPROOF_VERSION));
    const auto run = rows(ended_early(run::EarlyEnd::time_limit));
    ASSERT_EQ(run.size(), 7U);
    EXPECT_EQ(run[0], load[0]);
    EXPECT_EQ(std::ranges::count(run[1], ','), std::ranges::count(run[0], ','));
}

}  // namespace
}  // namespace meshproof::reports
