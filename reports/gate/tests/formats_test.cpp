#include "reports/gate/formats.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reports/gate/tests/sample_reports.hpp"

namespace meshproof::reports::gate {
namespace {

using run::Verdict;

Judgement sample() {
    const auto policy =
        require(Policy::parse("name: a | b\n"
                              "skips: [{id: flow/d, reason: \"<one> node\"}]\n"
                              "loads: [{response: {p99: 1s}}]\n",
                              "ci/gate 1.yaml"));
    return judge(policy,
                 {run_of({scenario("flow/a", Verdict::pass),
                          scenario("flow/b", Verdict::fail, {"got | \"<2>\" & \xff\x01"}),
                          scenario("flow/d", Verdict::skip)})},
                 {}, day("2027-03-01"));
}

TEST(GateFormats, TextHasALineARuleAndTheVerdictLast) {
    const auto lines = to_text(sample());
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_TRUE(lines[0].starts_with("broken    ci/gate 1.yaml:1 deviations: flow/b on sim: got"))
        << lines[0];
    EXPECT_TRUE(lines[0].ends_with("again: meshproof run flow/b --target sim --seed 7"));
    EXPECT_TRUE(lines[1].starts_with("undecided ci/gate 1.yaml:3 loads[0].response.p99: load/*"))
        << lines[1];
    EXPECT_TRUE(lines[2].starts_with("holds     ci/gate 1.yaml:2 skips[0]: flow/d: allows 1"))
        << lines[2];
    EXPECT_EQ(lines[3], "stop: a rule is broken (1 broken, 1 undecided, 0 notes, 1 hold)");
}

TEST(GateFormats, JsonHoldsEveryRule) {
    const auto json = nlohmann::json::parse(to_json(sample()));
    EXPECT_EQ(json["schema"], "meshproof.gate-result/v1");
    EXPECT_EQ(json["verdict"], "stop");
    EXPECT_EQ(json["exit_code"], 1);
    EXPECT_EQ(json["counts"]["undecided"], 1);
    ASSERT_EQ(json["rules"].size(), 3U);
    EXPECT_EQ(json["rules"][1]["line"], 3);
    EXPECT_EQ(json["rules"][1]["kind"], "response");
}

TEST(GateFormats, OpenMetricsHaveTheVerdictAndEveryCount) {
    const auto text = to_openmetrics(sample());
    const std::string labels = "policy=\"ci/gate 1.yaml\",name=\"a | b\"";
    for (const auto& line :
         {fmt::format("meshproof_gate_verdict{{{},verdict=\"stop\"}} 1\n", labels),
          fmt::format("meshproof_gate_verdict{{{},verdict=\"go\"}} 0\n", labels),
          fmt::format("meshproof_gate_rules{{{},answer=\"undecided\"}} 1\n", labels),
          fmt::format("meshproof_gate_results{{{}}} 3\n", labels),
          fmt::format("meshproof_gate_exit_code{{{}}} 1\n", labels)}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
    EXPECT_TRUE(text.ends_with("\n# EOF\n")) << text;
}

TEST(GateFormats, JunitCountsAsCiShowsIt) {
    const auto xml = to_junit(sample());
    EXPECT_NE(xml.find("tests=\"3\" failures=\"1\" errors=\"1\" skipped=\"1\""), std::string::npos)
        << xml;
    EXPECT_NE(xml.find("got | &quot;&lt;2&gt;&quot; &amp; \ufffd"), std::string::npos) << xml;
    EXPECT_NE(xml.find("<skipped message=\"flow/d: allows 1: &lt;one&gt; node\"/>"),
              std::string::npos)
        << xml;
}

TEST(GateFormats, SarifHasPlacesAndFingerprintsThatStay) {
    const auto json = nlohmann::json::parse(to_sarif(sample()));
    EXPECT_EQ(json["version"], "2.1.0");
    const auto& results = json["runs"][0]["results"];
    const auto& rules = json["runs"][0]["tool"]["driver"]["rules"];
    ASSERT_EQ(results.size(), 2U) << "what holds is no result";
    for (const auto& result : results) {
        EXPECT_EQ(rules[result["ruleIndex"].get<std::size_t>()]["id"], result["ruleId"]);
        const auto& place = result["locations"][0]["physicalLocation"];
        EXPECT_EQ(place["artifactLocation"]["uri"], "ci/gate%201.yaml");
        EXPECT_GE(place["region"]["startLine"], 1);
    }
    EXPECT_EQ(results[1]["level"], "warning");
    for (const auto& rule : rules) {
        EXPECT_FALSE(rule["fullDescription"]["text"].get<std::string>().empty()) << rule;
        EXPECT_FALSE(rule["help"]["text"].get<std::string>().empty()) << rule;
    }
    // Of a bound it is the same whatever was measured.
    const auto of = [](const Source& load) {
        const auto policy = require(Policy::parse("loads: [{response: {p99: 1ms}}]", "g"));
        const auto json = nlohmann::json::parse(to_sarif(judge(policy, {load}, {}, Time())));
        return json["runs"][0]["results"][0]["partialFingerprints"]["meshproofGate/v1"];
    };
    EXPECT_EQ(of(load_run(400)), of(load_run(500)));
    EXPECT_EQ(of(load_run(400)), "response loads[0].response.p99 load/login-sign on staging");
}

TEST(GateFormats, MarkdownSaysTheVerdictFirst) {
    const auto text = to_markdown(sample());
    EXPECT_TRUE(text.starts_with("# Gate a \\| b: stop: a rule is broken\n")) << text;
    EXPECT_NE(text.find("| broken | ci/gate 1.yaml:1 deviations | flow/b on sim | got \\| "),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("    meshproof run flow/b --target sim --seed 7\n"), std::string::npos);
}

TEST(GateFormats, MarkdownIsCutAndCountsWhatIsLeftOut) {
    std::vector<run::Outcome> outcomes;
    for (int i = 0; i < 3000; ++i) {
        outcomes.push_back(scenario(fmt::format("flow/{}", i), Verdict::fail,
                                    {std::string(3000, 'x') + "\u20ac"}));
    }
    const auto judgement =
        judge(require(Policy::parse("", "gate.yaml")), {run_of(std::move(outcomes))}, {}, Time());
    const auto text = to_markdown(judgement);
    EXPECT_LT(text.size(), std::size_t{1024} * 1024);
    EXPECT_GT(text.size(), std::size_t{1000} * 1024) << "it is used";
    EXPECT_NE(text.find(" of 3000 rules were left out here"), std::string::npos);
    EXPECT_LE(to_markdown(judgement, 5000).size(), 5000U);
}

}  // namespace
}  // namespace meshproof::reports::gate
