#include "reports/report.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"

namespace meshproof::reports {
namespace {

run::RunResult sample() {
    run::RunResult result;
    result.target = "sim";
    result.setting = "sim";
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
        outcome.trace_digest = "abcd";
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
    EXPECT_EQ(json["schema"], "meshproof.report/v1");
    EXPECT_EQ(json["target"]["servers"][0]["version"], "2.7.2");
    EXPECT_EQ(json["seed"], 42);
    EXPECT_EQ(json["started"], "2026-01-02T03:04:05Z");
    EXPECT_EQ(json["duration_s"], 1.5);
    for (const auto* verdict : {"pass", "fail", "blocked", "skip", "deviates"}) {
        EXPECT_EQ(json["summary"][verdict], 1) << verdict;
    }
    ASSERT_EQ(json["results"].size(), 5U);
    EXPECT_EQ(json["results"][0]["kind"], "scenario");
    EXPECT_EQ(json["results"][1]["verdict"], "fail");
    EXPECT_EQ(json["results"][0]["trace_digest"], "abcd");
}

TEST(Junit, EscapesAndCounts) {
    const auto xml = to_junit(sample());
    EXPECT_NE(xml.find("tests=\"5\" failures=\"1\" errors=\"1\" skipped=\"2\""), std::string::npos)
        << xml;
    EXPECT_NE(xml.find("expected &lt;1&gt; &amp; got &quot;2&quot;?"), std::string::npos) << xml;
    EXPECT_NE(xml.find("deviates: known"), std::string::npos);
}

TEST(Reports, AreWrittenIntoANewFolder) {
    const auto folder = std::filesystem::temp_directory_path() / "meshproof-report-test" / "deep";
    std::filesystem::remove_all(folder.parent_path());
    ASSERT_TRUE(write_reports(folder.string(), sample()));
    EXPECT_TRUE(std::filesystem::exists(folder / "report.json"));
    EXPECT_TRUE(std::filesystem::exists(folder / "junit.xml"));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);
    std::filesystem::remove_all(folder.parent_path());
    EXPECT_FALSE(write_reports("/proc/no/such", sample()));
}

TEST(Terminal, SummaryNamesEveryVerdict) {
    EXPECT_EQ(summary_line(sample()),
              "5 scenarios: 1 pass, 1 fail, 1 blocked, 1 skip, 1 deviates in 1.5 s");
    EXPECT_EQ(outcome_line(sample().outcomes[0], false).find("\x1b"), std::string::npos);
    EXPECT_NE(outcome_line(sample().outcomes[1], true).find("\x1b[31m"), std::string::npos);
}

}  // namespace
}  // namespace meshproof::reports
