#include "reports/report.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"

namespace meshproof::reports {
namespace {

const std::string digest(64, 'a');

run::RunResult sample() {
    run::RunResult result;
    result.target = "sim";
    result.setting = run::Setting::sim;
    result.servers = {{"vault", "fake openbao", "2.7.2", "https://vault-0:443"}};
    result.seed = 42;
    result.started = from_unix_seconds(1'767'323'045);
    result.duration = std::chrono::milliseconds(1500);
    const auto add = [&](std::string id, run::Verdict verdict, std::string reason) {
        run::Outcome outcome;
        outcome.id = std::move(id);
        outcome.verdict = verdict;
        outcome.reason = reason;
        if (verdict == run::Verdict::fail) {
            outcome.failures = {reason};
        }
        outcome.detail = run::ScenarioOutcome{digest, {}};
        result.outcomes.push_back(std::move(outcome));
    };
    add("flow/a", run::Verdict::pass, "");
    add("flow/b", run::Verdict::fail, "expected <1> & got \"2\"\x01\xff");
    add("flow/c", run::Verdict::blocked, "no way");
    add("flow/d", run::Verdict::skip, "needs more");
    add("flow/e", run::Verdict::deviates, "known");
    return result;
}

TEST(Json, HoldsTheSchemaAndEveryVerdict) {
    const auto json = nlohmann::json::parse(to_json(sample()));
    EXPECT_EQ(json["schema"], "meshproof.report/v2");
    EXPECT_EQ(json["target"]["servers"][0]["version"], "2.7.2");
    EXPECT_EQ(json["seed"], 42);
    EXPECT_EQ(json["started"], "2026-01-02T03:04:05Z");
    EXPECT_EQ(json["duration_ms"], 1500);
    for (const auto* verdict : {"pass", "fail", "blocked", "skip", "deviates"}) {
        EXPECT_EQ(json["summary"][verdict], 1) << verdict;
    }
    ASSERT_EQ(json["results"].size(), 5U);
    EXPECT_EQ(json["results"][0]["kind"], "scenario");
    EXPECT_EQ(json["results"][1]["verdict"], "fail");
    EXPECT_EQ(json["results"][0]["trace_digest"], digest);
}

TEST(Junit, EscapesAndCounts) {
    const auto xml = to_junit(sample());
    EXPECT_NE(xml.find("tests=\"5\" failures=\"1\" errors=\"1\" skipped=\"2\""), std::string::npos)
        << xml;
    EXPECT_NE(xml.find("expected &lt;1&gt; &amp; got &quot;2&quot;\ufffd"), std::string::npos)
        << xml;
    EXPECT_NE(xml.find("deviates: known"), std::string::npos);
}

TEST(Junit, SaysWhatAFailedCheckStates) {
    run::RunResult result;
    result.command = run::Command::conform;
    run::Outcome outcome;
    outcome.id = "vault/a/one";
    outcome.verdict = run::Verdict::fail;
    outcome.reason = "expected status 400, got 200";
    outcome.failures = {outcome.reason};
    run::CheckOutcome check;
    check.requirement = "A key of <2048 bits is refused.";
    check.source = "wire contract 102";
    outcome.detail = std::move(check);
    result.outcomes.push_back(std::move(outcome));
    EXPECT_NE(
        to_junit(result).find("expected status 400, got 200&#10;requirement: A key of &lt;2048 "
                              "bits is refused.&#10;source: wire contract 102</failure>"),
        std::string::npos)
        << to_junit(result);
}

TEST(Reports, SayWhatAFailedScenarioProves) {
    auto result = sample();
    auto& failed = std::get<run::ScenarioOutcome>(result.outcomes[1].detail);
    failed.sentence = "Leaves live <1 h.";
    failed.source = "integration page §14";
    EXPECT_NE(to_junit(result).find("&#10;proves: Leaves live &lt;1 h.&#10;source: integration "
                                    "page §14</failure>"),
              std::string::npos)
        << to_junit(result);
    const auto json = nlohmann::json::parse(to_json(result));
    EXPECT_EQ(json["results"][1]["sentence"], failed.sentence);
    EXPECT_EQ(json["results"][1]["source"], failed.source);
    EXPECT_FALSE(json["results"][0].contains("sentence")) << "of a history nothing is known";
}

run::RunResult odd_answer(std::string answer) {
    run::RunResult result;
    result.command = run::Command::conform;
    run::Outcome outcome;
    outcome.id = "vault/a/one";
    run::CheckOutcome check;
    check.evidence = {{.server = "vault",
                       .method = "GET",
                       .target = "/v1/x",
                       .headers = {},
                       .body = answer,
                       .status = 200,
                       .failure = {},
                       .answer_headers = {},
                       .answer = answer}};
    outcome.detail = std::move(check);
    result.outcomes.push_back(std::move(outcome));
    return result;
}

TEST(Reports, AreUtf8WhateverAServerAnswers) {
    std::vector<std::string> answers = {"caf\xe9", "\xc3", "\xed\xa0\x80", "\xff\xfe",
                                        "\xef\xbf\xbf"};
    for (const std::size_t before : {297, 298, 299, 300, 397, 398, 399, 400}) {
        answers.push_back(std::string(before, 'a') + "\u20ac and more");
    }
    for (const auto& answer : answers) {
        for (const auto& text : {to_junit(odd_answer(answer)), to_markdown(odd_answer(answer))}) {
            EXPECT_EQ(text, valid_utf8(text)) << answer;
        }
        // Where the answer was good, no character is broken by cutting it.
        if (answer == valid_utf8(answer) && answer.size() > 3) {
            EXPECT_EQ(to_markdown(odd_answer(answer)).find("\ufffd"), std::string::npos) << answer;
        }
    }
    EXPECT_NE(to_junit(odd_answer("caf\xe9")).find("caf\ufffd"), std::string::npos);
    EXPECT_EQ(to_junit(odd_answer("\uffff\ufffe")).find("\xef\xbf\xbe"), std::string::npos);
}

TEST(Reports, AreWrittenIntoANewFolder) {
    const auto folder = std::filesystem::temp_directory_path() / "meshproof-report-test" / "deep";
    std::filesystem::remove_all(folder.parent_path());
    ASSERT_TRUE(write_reports(folder.string(), sample()));
    EXPECT_TRUE(std::filesystem::exists(folder / "report.json"));
    EXPECT_TRUE(std::filesystem::exists(folder / "junit.xml"));
    EXPECT_TRUE(std::filesystem::exists(folder / "report.html"));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 3);
    std::filesystem::remove_all(folder.parent_path());
    EXPECT_FALSE(write_reports("/proc/no/such", sample()));
}

TEST(Terminal, SummaryNamesEveryVerdict) {
    EXPECT_EQ(summary_line(sample()),
              "5 scenarios: 1 pass, 1 fail, 1 blocked, 1 skip, 1 deviates in 1.5 s");
    EXPECT_EQ(outcome_line(sample().outcomes[0], false).find('\033'), std::string::npos);
    EXPECT_NE(outcome_line(sample().outcomes[1], true).find("\x1b[31m"), std::string::npos);
}

TEST(Terminal, SummaryCallsResultsWhatTheyAre) {
    auto result = sample();
    const auto with_ids = [&result](std::vector<std::string> ids) {
        result.outcomes.resize(ids.size(), result.outcomes[0]);
        for (std::size_t i = 0; i < ids.size(); ++i) {
            result.outcomes[i].id = std::move(ids[i]);
        }
        const auto line = summary_line(result);
        return line.substr(0, line.find(':'));
    };
    EXPECT_EQ(with_ids({"explore/expiry", "history/expiry-4711", "sometimes/a-ca-was-deleted"}),
              "3 properties");
    EXPECT_EQ(with_ids({"explore/expiry"}), "1 property");
    EXPECT_EQ(with_ids({"history/a", "history/b"}), "2 histories");
    EXPECT_EQ(with_ids({"history/a"}), "1 history");
    EXPECT_EQ(with_ids({"history/a", "explore/expiry", "flow/a"}), "3 scenarios") << "merged";
    EXPECT_EQ(with_ids({}), "0 scenarios");
}

TEST(Reports, TellWhatAScenarioSurvived) {
    auto result = sample();
    auto& outcome = result.outcomes[0];
    const auto calm = outcome_line(outcome, false);
    EXPECT_EQ(calm.find("fault"), std::string::npos) << calm;
    std::get<run::ScenarioOutcome>(outcome.detail).agents = {.logins = 40,
                                                             .signatures = 31,
                                                             .refused_logins = 5,
                                                             .refused_signatures = 19,
                                                             .unanswered = 0,
                                                             .unusable = 2,
                                                             .rejected_leaves = 3,
                                                             .retries = 27};
    EXPECT_EQ(outcome_line(outcome, false),
              calm + ", survived 29 faults: 5 logins refused, 19 signatures refused, "
                     "2 answers unusable, 3 leaves rejected, 27 retries");
    auto once = result;
    std::get<run::ScenarioOutcome>(once.outcomes[0].detail).agents = {.unanswered = 1,
                                                                      .retries = 1};
    EXPECT_EQ(outcome_line(once.outcomes[0], false),
              calm + ", survived 1 fault: 1 request unanswered, 1 retry");
    const auto xml = to_junit(result);
    EXPECT_NE(xml.find("<testcase classname=\"flow\" name=\"flow/a\" time=\"0.000\">\n"
                       "    <system-out>logins: 40&#10;signatures: 31&#10;refused_logins: 5&#10;"
                       "refused_signatures: 19&#10;unanswered: 0&#10;unusable: 2&#10;"
                       "rejected_leaves: 3&#10;retries: 27&#10;"
                       "</system-out>\n"
                       "  </testcase>\n"),
              std::string::npos)
        << xml;
    EXPECT_EQ(xml.find("retries", xml.find("name=\"flow/b\"")), std::string::npos)
        << "nothing was asked there";
    const auto agents = nlohmann::json::parse(to_json(result))["results"][0]["agents"];
    EXPECT_EQ(agents.size(), 8U);
    EXPECT_EQ(agents["unusable"], 2);
    EXPECT_EQ(agents["rejected_leaves"], 3);
    EXPECT_EQ(agents["refused_signatures"], 19);
}

run::RunResult conformance() {
    run::RunResult result;
    result.command = run::Command::conform;
    result.target = "a | vault";
    result.setting = run::Setting::live;
    result.servers = {{"vault", "openbao", "2.7.2", "https://vault:8200"}};
    result.features = {"vault", "namespaces"};
    result.started = from_unix_seconds(1'767'323'045);
    const auto add = [&](std::string id, run::Verdict verdict, std::vector<std::string> features) {
        run::Outcome outcome;
        outcome.id = std::move(id);
        run::CheckOutcome check;
        outcome.verdict = verdict;
        outcome.reason = verdict == run::Verdict::pass ? "" : "because of | this";
        check.requirement = "Something holds.";
        check.source = "wire contract 1";
        check.level = run::Level::must;
        check.features = std::move(features);
        check.evidence = {{.server = "vault",
                           .method = "PUT",
                           .target = "/v1/pki/sign/r",
                           .headers = {{"X-Vault-Token", "$VAULT_TOKEN"}},
                           .body = "{\"ttl\":\"1h\"}",
                           .status = 200,
                           .failure = {},
                           .answer_headers = {},
                           .answer = "{\"data\":null}"}};
        outcome.detail = std::move(check);
        result.outcomes.push_back(std::move(outcome));
    };
    add("vault/a/one", run::Verdict::pass, {});
    add("vault/a/two", run::Verdict::fail, {"namespaces"});
    add("vault/b/three", run::Verdict::skip, {"raft"});
    add("vault/b/four", run::Verdict::pass, {"seal"});
    return result;
}

TEST(Json, HoldsWhatACheckStatesAndItsEvidence) {
    const auto json = nlohmann::json::parse(to_json(conformance()));
    const auto& first = json["results"][0];
    EXPECT_EQ(first["requirement"], "Something holds.");
    EXPECT_EQ(first["profile"], "core");
    EXPECT_EQ(json["results"][1]["profile"], "extended");
    EXPECT_EQ(first["evidence"][0]["method"], "PUT");
    EXPECT_EQ(first["evidence"][0]["target"], "/v1/pki/sign/r");
    EXPECT_EQ(first["evidence"][0]["answer"]["status"], 200);
    EXPECT_EQ(json["target"]["features"][1], "namespaces");
}

TEST(Markdown, TellsProfileFeaturesAndReasons) {
    const auto page = to_markdown(conformance());
    EXPECT_NE(page.find("# Conformance of a \\| vault"), std::string::npos) << page;
    EXPECT_NE(page.find("| core | 1 | 0 | 0 | 0 | 0 |"), std::string::npos) << page;
    EXPECT_NE(page.find("| namespaces: not conformant |"), std::string::npos) << page;
    EXPECT_NE(page.find("| raft: not offered |"), std::string::npos) << page;
    EXPECT_NE(page.find("| seal: supported |"), std::string::npos) << page;
    EXPECT_NE(page.find("- **fail** `vault/a/two`: because of \\| this"), std::string::npos)
        << page;
    EXPECT_NE(page.find("    PUT /v1/pki/sign/r {\"ttl\":\"1h\"}\n    -> 200"), std::string::npos)
        << page;
}

TEST(Markdown, HasTheVerdictFirst) {
    const auto page = to_markdown(conformance());
    EXPECT_TRUE(page.starts_with("# Conformance of a \\| vault\n\nFail: 1 of 4 checks failed: "))
        << page;
}

TEST(Markdown, LeavesOutEvidenceThatHasNoRoomThatOfPassesFirst) {
    auto result = conformance();
    for (auto& outcome : result.outcomes) {
        auto& check = std::get<run::CheckOutcome>(outcome.detail);
        check.evidence.resize(200, check.evidence.front());
        check.evidence.front().body = "of " + outcome.id;
    }
    const auto whole = to_markdown(result);
    constexpr std::size_t most = 20'000;
    ASSERT_GT(whole.size(), most);
    EXPECT_EQ(whole.find("no room here"), std::string::npos);
    const auto page = to_markdown(result, most);
    EXPECT_LE(page.size(), most);
    EXPECT_NE(page.find("The evidence of 3 of them has no room here"), std::string::npos) << page;
    EXPECT_NE(page.find("of vault/a/two"), std::string::npos) << "what failed";
    EXPECT_EQ(page.find("of vault/a/one"), std::string::npos) << "what passed";
    EXPECT_NE(page.find("### pass `vault/b/four`"), std::string::npos) << page;
    EXPECT_LE(to_markdown(result, 100).size(), 100U);
}

run::RunResult a_load() {
    using std::chrono::microseconds;
    run::RunResult result;
    result.command = run::Command::load;
    result.target = "a | vault";
    result.started = from_unix_seconds(1'767'323'045);
    run::Outcome outcome;
    outcome.id = "load/login-sign";
    outcome.verdict = run::Verdict::fail;
    outcome.reason = "the response time's p99 is 80 ms, and may be 50 ms";
    outcome.failures = {outcome.reason, "clean-up: | left"};
    run::LoadOutcome load;
    load.options.profile = "login-sign";
    load.options.rate_per_second = 200;
    load.counts.asked = 1000;
    load.counts.done = 990;
    load.counts.failed = 10;
    load.done_per_second = 198;
    load.slo.latencies = {
        {95, microseconds(90'000), microseconds(60'000), run::BoundAnswer::kept},
        {99, microseconds(50'000), microseconds(80'000), run::BoundAnswer::missed},
        {99.9, microseconds(100'000), {}, run::BoundAnswer::no_data}};
    load.slo.errors = {0.02, 0.01, run::BoundAnswer::kept};
    auto& times = load.stages["whole"].response;
    times.count = 1000;
    times.percentiles["p50"] = {microseconds(20'000), microseconds(19'000), microseconds(21'000)};
    times.percentiles["p99"] = {microseconds(80'000), microseconds(70'000), microseconds(91'000)};
    load.troubles = {{"login", 403, "a | b", "the role is wrong", 10, {}, {}}};
    outcome.detail = std::move(load);
    result.outcomes = {outcome};
    return result;
}

TEST(Junit, HasACaseForEachBoundOfALoadsSlo) {
    const auto xml = to_junit(a_load());
    EXPECT_NE(xml.find("<testsuite name=\"meshproof load a | vault\" tests=\"5\" failures=\"2\" "
                       "errors=\"1\" skipped=\"0\""),
              std::string::npos)
        << xml;
    EXPECT_NE(xml.find("name=\"load/login-sign: p95 &lt;= 90.0 ms\" time=\"0.000\"/>"),
              std::string::npos)
        << xml;
    EXPECT_NE(xml.find("name=\"load/login-sign: p99 &lt;= 50.0 ms\" time=\"0.000\">\n"
                       "    <failure message=\"p99 is 80.0 ms\"/>"),
              std::string::npos)
        << xml;
    // No data is never a pass.
    EXPECT_NE(xml.find("<error message=\"no data: p99.9 has too few samples\"/>"),
              std::string::npos)
        << xml;
}

TEST(Markdown, TellsALoad) {
    const auto page = to_markdown(a_load());
    for (const auto* part :
         {"# Load of a \\| vault\n", "**fail** `load/login-sign`: the response time's p99 is 80 ms",
          "- clean-up: \\| left\n", "| p99 <= 50.0 ms | p99 is 80.0 ms | missed |",
          "| p99.9 <= 100 ms | no data: p99.9 has too few samples | no data |",
          "| whole | response | 1000 | 20.0 ms [19.0 ms, 21.0 ms] | - | - | 80.0 ms [70.0 ms, "
          "91.0 ms] | - |",
          "| 10 | login | 403 | a \\| b | the role is wrong |"}) {
        EXPECT_NE(page.find(part), std::string::npos) << part << "\n" << page;
    }
    EXPECT_EQ(summary_line(a_load()),
              "1 load: 0 pass, 1 fail, 0 blocked, 0 skip, 0 deviates in 0 us");
}

TEST(Comparison, TellsLoadsByTheirFigures) {
    auto other = a_load();
    std::get<run::LoadOutcome>(other.outcomes[0].detail).done_per_second = 100;
    const auto table = comparison({a_load(), other});
    EXPECT_NE(table.find("| 1 | `load/login-sign` | 198.0/s | 20.0 ms [19.0 ms, 21.0 ms] | 80.0 ms "
                         "[70.0 ms, 91.0 ms] | 1 % |"),
              std::string::npos)
        << table;
    EXPECT_NE(table.find("| 2 | `load/login-sign` | 100.0/s |"), std::string::npos) << table;
    EXPECT_EQ(comparison({conformance()}).find("## Loads"), std::string::npos);
}

TEST(Comparison, TellsWhatAReportDoesNotKnowByItsSetting) {
    auto named = conformance();
    named.servers.clear();
    named.target = "staging";
    auto nameless = named;
    nameless.target.clear();
    const auto table = comparison({named, nameless, conformance()});
    EXPECT_NE(table.find("\n1. staging (live)\n2. live\n3. a \\| vault (openbao 2.7.2)\n"),
              std::string::npos)
        << table;
    EXPECT_NE(table.find("4 checks; the same verdict wherever they were run: 4; another: 0.\n"),
              std::string::npos)
        << table;
    EXPECT_EQ(table.find("In one report only"), std::string::npos) << table;
}

TEST(Comparison, ShowsEveryDifferenceWithItsReason) {
    const auto folder = std::filesystem::temp_directory_path() / "meshproof-comparison-test";
    std::filesystem::create_directories(folder);
    const auto first = (folder / "first.json").string();
    const auto second = (folder / "second.json").string();
    ASSERT_TRUE(write_file(first, to_json(conformance())));
    auto other = conformance();
    other.outcomes[1].verdict = run::Verdict::pass;
    other.outcomes.pop_back();
    ASSERT_TRUE(write_file(second, to_json(other)));
    const auto a = read_report(first);
    const auto b = read_report(second);
    ASSERT_TRUE(a && b);
    const auto table = comparison({*a, *b});
    EXPECT_NE(table.find("4 checks; the same verdict wherever they were run: 2; another: 1; only "
                         "in 1: 1.\n"),
              std::string::npos)
        << table;
    EXPECT_NE(table.find("## In one report only\n\n- 1: `vault/b/four`\n"), std::string::npos)
        << table;
    EXPECT_NE(table.find("- `vault/a/two`: 1: fail (because of \\| this)"), std::string::npos)
        << table;
    EXPECT_NE(table.find("| `vault/b/four` | pass | – |"), std::string::npos) << table;
    EXPECT_FALSE(read_report((folder / "none.json").string()));
    ASSERT_TRUE(write_file(first, "{}"));
    EXPECT_FALSE(read_report(first));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace meshproof::reports
