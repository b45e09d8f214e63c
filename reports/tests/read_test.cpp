#include <gtest/gtest.h>

#include "core/base/tests/temporary_folder.hpp"
#include "reports/report.hpp"
#include "reports/tests/random_result.hpp"

namespace meshproof::reports {
namespace {

TEST(Report, ReadBackIsWhatWasWritten) {
    const RandomResult results(any_text(), true);
    EXPECT_TRUE(rc::check("the same value", [&results] {
        const auto written = results.draw();
        const auto read = parse_report(to_json(written));
        RC_ASSERT(read.has_value());
        RC_ASSERT(*read == written);
    }));
}

TEST(Report, WhatJsonCannotHoldIsReplacedOnceAndForAll) {
    const RandomResult results(any_bytes(), false);
    EXPECT_TRUE(rc::check("the same text", [&results] {
        const auto written = to_json(results.draw());
        const auto read = parse_report(written);
        RC_ASSERT(read.has_value());
        RC_ASSERT(to_json(*read) == written);
    }));
}

/// A whole report in few lines, with something of everything.
std::string small_report() {
    run::RunResult result;
    result.version = "0.1.0";
    result.target = "sim";
    result.servers = {{"vault", "fake openbao", "2.7.2", "https://vault-0:443"}};
    result.seed = 7;
    run::Outcome scenario;
    scenario.id = "flow/a";
    scenario.detail = run::ScenarioOutcome{
        "", {{std::chrono::milliseconds(5), "alpha/web-1", "leaf", {{"pod", "web-1"}}}}};
    run::Outcome check;
    check.id = "vault/a/one";
    check.verdict = run::Verdict::pass;
    check.detail = run::CheckOutcome{"It holds.",
                                     "RFC 5280",
                                     run::Level::should,
                                     {"raft"},
                                     {{.server = "vault",
                                       .method = "GET",
                                       .target = "/v1/x",
                                       .headers = {{"Accept", "*/*"}},
                                       .body = {},
                                       .status = 200,
                                       .failure = {},
                                       .answer_headers = {},
                                       .answer = "{}"}}};
    result.outcomes = {scenario, check};
    return to_json(result);
}

struct Break {
    std::string from, to;   ///< the first text, replaced by the second
    std::string complaint;  ///< the whole message
};

const std::vector<Break> breaks = {
    {"\"seed\": 7,", "",
     "seed: expected a whole number from 0 to 18446744073709551615, got nothing"},
    {"\"seed\": 7", "\"seed\": -7",
     "seed: expected a whole number from 0 to 18446744073709551615, got -7"},
    {"\"seed\": 7", "\"seed\": 7.5",
     "seed: expected a whole number from 0 to 18446744073709551615, got 7.5"},
    {"\"seed\": 7", "\"seed\": 1e999", "expected JSON, got a number that nothing can hold"},
    {"\"seed\": 7", "\"seed\": seven", "line 18, byte 11: expected JSON"},
    {"report/v2", "report/v1",
     "schema: expected meshproof.report/v2, and another version of meshproof wrote this: make it "
     "anew with this one, got \"meshproof.report/v1\""},
    {"meshproof.report/v2", "x", "schema: expected meshproof.report/v2, got \"x\""},
    {"\"command\": \"run\"", "\"command\": \"walk\"",
     "command: expected one of run, conform, load, got \"walk\""},
    {"\"setting\": \"sim\"", "\"setting\": 3",
     "target.setting: expected one of sim, loopback, live, got 3"},
    {"1970-01-01T00:00:00Z", "yesterday",
     "started: expected a date such as 2026-01-02T03:04:05Z, got \"yesterday\""},
    {"\"interrupted\": false", "\"interrupted\": null",
     "interrupted: expected true or false, got null"},
    {"\"verdict\": \"blocked\"", "\"verdict\": \"lost\"",
     "results[0].verdict: expected one of pass, fail, blocked, skip, deviates, not-run, got "
     "\"lost\""},
    {"\"interrupted\": false", "\"interrupted\": false, \"ended_early\": \"tired\"",
     "ended_early: expected one of time-limit, fail-fast, got \"tired\""},
    {"\"not-run\": 0", "\"not-run\": 1", "summary.not-run: expected 0, as results say, got 1"},
    {"\"kind\": \"scenario\"", "\"kind\": \"walk\"",
     "results[0].kind: expected one of scenario, check, load, got \"walk\""},
    {"\"blocked\": 1", "\"blocked\": 2", "summary.blocked: expected 1, as results say, got 2"},
    {"\"at_ms\": 5", "\"at_ms\": 9000000000001",
     "results[0].trace[0].at_ms: expected a whole number from 0 to 9000000000000, got "
     "9000000000001"},
    {"\"duration_ms\": 0", "\"duration_ms\": 9999999999999999999",
     "duration_ms: expected a whole number from 0 to 9000000000000, got 9999999999999999999"},
    {"\"pod\": \"web-1\"", "\"pod\": [\"web-1\"]",
     "results[0].trace[0].fields.pod: expected a string, got a list"},
    {"\"level\": \"should\"", "\"level\": \"shall\"",
     "results[1].level: expected one of must, should, may, got \"shall\""},
    {"\"profile\": \"extended\"", "\"profile\": \"core\"",
     "results[1].profile: expected extended, as features say, got \"core\""},
    {"\"Accept: */*\"", "\"Accept\"",
     "results[1].evidence[0].headers[0]: expected \"NAME: VALUE\", got \"Accept\""},
    {"\"answer\": {", "\"reply\": {",
     "results[1].evidence[0].answer.status: expected a whole number from 100 to 999, got nothing"},
    {"\"status\": 200", "\"status\": 2000",
     "results[1].evidence[0].answer.status: expected a whole number from 100 to 999, got 2000"},
};

TEST(Report, SaysInOneLineWhatIsWrongWhereAndWhatWasExpected) {
    ASSERT_TRUE(parse_report(small_report()));
    for (const auto& [from, to, complaint] : breaks) {
        auto text = small_report();
        const auto at = text.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        const auto read = parse_report(text.replace(at, from.size(), to));
        ASSERT_FALSE(read) << to;
        EXPECT_EQ(read.error().kind, FailureKind::invalid);
        EXPECT_EQ(read.error().message, complaint);
    }
}

/// A load with something of everything that a reader looks at twice.
std::string load_report() {
    run::RunResult result;
    result.command = run::Command::load;
    run::Outcome outcome;
    outcome.id = "load/login-sign";
    outcome.verdict = run::Verdict::pass;
    run::LoadOutcome load;
    load.options.verify_share = 0.25;
    load.slo.latencies = {{99, std::chrono::microseconds(50'000), {}, run::BoundAnswer::no_data}};
    load.slo.errors = {0.001, 0, run::BoundAnswer::kept};
    auto& times = load.stages["whole"].response;
    times.count = 7;
    times.percentiles["p50"] = {std::chrono::microseconds(3), std::chrono::microseconds(2),
                                std::chrono::microseconds(4)};
    outcome.detail = std::move(load);
    result.outcomes = {outcome};
    return to_json(result);
}

const std::vector<Break> load_breaks = {
    {"\"no_data\"", "\"kept\"",
     "results[0].slo.latencies[0].answer: expected no_data, since nothing was measured, got "
     "\"kept\""},
    {"\"answer\": \"kept\"", "\"answer\": \"no_data\"",
     "results[0].slo.errors.answer: expected kept or missed, since it was measured, got "
     "\"no_data\""},
    {"\"p50\"", "\"median\"",
     "results[0].stages.whole.response.percentiles.median: expected a name such as p99.9, got an "
     "object"},
    {"\"verify_share\": 0.25", "\"verify_share\": 25",
     "results[0].options.verify_share: expected a number from 0 to 1, got 25"},
    {"\"done_per_second\": 0.0", "\"done_per_second\": -1.5",
     "results[0].done_per_second: expected a number from 0 up, got -1.5"},
    {"\"ended\": \"planned\"", "\"ended\": \"well\"",
     "results[0].ended: expected one of planned, stopped, aborted, got \"well\""},
};

TEST(Report, NoDataOfALoadNeverReadsAsKept) {
    ASSERT_TRUE(parse_report(load_report()));
    for (const auto& [from, to, complaint] : load_breaks) {
        auto text = load_report();
        const auto at = text.find(from);
        ASSERT_NE(at, std::string::npos) << from << text;
        const auto read = parse_report(text.replace(at, from.size(), to));
        ASSERT_FALSE(read) << to;
        EXPECT_EQ(read.error().message, complaint);
    }
}

TEST(Report, RefusesWhatIsNoReport) {
    const std::vector<std::pair<std::string, std::string>> others = {
        {"", "line 1, byte 1: expected JSON"},
        {"{\n  \"a\": ]", "line 2, byte 8: expected JSON"},
        {"[]", "the document: expected an object, got a list"},
        {"{}", "schema: expected a string, got nothing"},
        {R"({"schema":5})", "schema: expected a string, got 5"},
        {R"({"schema":null})", "schema: expected a string, got null"},
        {R"({"schema":[]})", "schema: expected a string, got a list"},
        {std::string(2000, '['), "expected JSON nested at most 1000 deep"},
        {"\"" + std::string(200, 'x') + "\"",
         "the document: expected an object, got \"" + std::string(59, 'x') + "..."},
    };
    for (const auto& [text, complaint] : others) {
        const auto read = parse_report(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().message, complaint);
    }
}

TEST(Report, IgnoresMembersOfALaterVersion) {
    auto text = small_report();
    text.replace(text.find("\"seed\""), 0, "\"weather\": {\"rain\": [1, 2]},\n");
    const auto read = parse_report(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(to_json(*read), small_report());
}

TEST(Report, ProblemNamesTheFile) {
    const TemporaryFolder folder;
    const auto path = folder.write("report.json", "{}");
    EXPECT_EQ(read_report(path).error().message, path + ": schema: expected a string, got nothing");
    EXPECT_TRUE(read_report(folder.path() + "/none").error().message.starts_with("cannot read "));
}

/// Reports that programs of others judge (cli/tests/report_schema_test says where they go).
TEST(Samples, AreWrittenForOthersToRead) {
    const TemporaryFolder own;
    const auto* asked = std::getenv("MESHPROOF_REPORT_SAMPLES");
    const std::string folder = asked == nullptr ? own.path() : asked;
    std::size_t written = 0;
    EXPECT_TRUE(rc::check("written", [&] {
        const auto bytes = *rc::gen::arbitrary<bool>();
        auto result = RandomResult(bytes ? any_bytes() : any_text(), !bytes).draw();
        result.command = run::Command::conform;  // writes every format
        ++written;
        RC_ASSERT(write_reports(fmt::format("{}/{}", folder, written), result).has_value());
    }));
    EXPECT_GE(written, 100U);
}

}  // namespace
}  // namespace meshproof::reports
