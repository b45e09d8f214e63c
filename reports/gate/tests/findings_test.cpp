#include "reports/gate/findings.hpp"

#include <gtest/gtest.h>

#include "core/base/tests/temporary_folder.hpp"
#include "reports/gate/judge.hpp"
#include "reports/gate/merge.hpp"
#include "reports/gate/tests/sample_reports.hpp"

namespace meshproof::reports::gate {
namespace {

constexpr std::string_view finding = R"({
  "id": "auth/other-account", "severity": "error", "object": "auth/k/role/mesh",
  "evidence": "it is bound to other", "fingerprint": "auth/other-account auth/k/role/mesh"},
 {"id": "role/stored", "severity": "advice", "object": "pki/roles/mesh",
  "evidence": "no_store is false", "fingerprint": "role/stored pki/roles/mesh"})";

/// As preflight writes it, as far as the gate reads it.
std::string document(std::string_view findings, std::string_view plan = "",
                     std::string_view unreachable = "false") {
    return fmt::format(
        R"({{"schema": "meshproof.preflight/v1", "account": "prod", "file": "account.yaml",
 "unreachable": {}, "counts": {{"error": 1, "warning": 0, "advice": 1, "accepted": 0, "held": 1,
 "unknown": 2}}, "findings": [{}],
 "unknown": [{{"id": "ca/none", "severity": "error", "why": "a right is missing"}},
             {{"id": "ca/no-tidy", "severity": "advice", "why": "a right is missing"}}],
 "held": ["role/key-type"]{}}})",
        unreachable, findings, plan);
}

Judgement judged(std::string_view policy, const std::string& text) {
    Source source;
    source.path = source.report = "out/preflight";
    return judge(require(Policy::parse(policy, "gate.yaml")),
                 {require(read_findings(text, std::move(source)))}, {}, day("2027-03-01"));
}

std::vector<std::string> broken(const Judgement& judgement) {
    std::vector<std::string> all;
    for (const auto& rule : judgement.rules) {
        if (rule.answer == Answer::broken) {
            all.push_back(rule.subject + ": " + rule.measured);
        }
    }
    return all;
}

TEST(GatedFindings, StopAtErrorsAndAtWhatCouldNotBeJudged) {
    const auto strict = judged("", document(finding));
    EXPECT_EQ(broken(strict),
              (std::vector<std::string>{
                  "preflight/auth/other-account on prod: auth/k/role/mesh: it is bound to other",
                  "preflight/ca/none on prod: skipped: unknown: a right is missing"}));
    EXPECT_EQ(exit_code(strict), 1);
    EXPECT_EQ(strict.rules.front().replay, "meshproof preflight --account account.yaml");
    EXPECT_EQ(strict.reports.front(),
              "out/preflight: preflight of prod: 1 error, 0 warning, 1 advice, 0 accepted, 1 held, "
              "2 unknown");

    const auto lenient = judged(
        "skips: [{id: preflight/ca, reason: the reader may not}]\n"
        "require: [{id: preflight/role/key-type}]\n",
        document(""));
    EXPECT_EQ(broken(lenient), std::vector<std::string>{});
    EXPECT_EQ(exit_code(lenient), 0);
}

TEST(GatedFindings, OfAVaultThatDoesNotAnswerAreNoPass) {
    const auto blocked = judged("skips: [{id: preflight, reason: any}]", document("", "", "true"));
    EXPECT_EQ(exit_code(blocked), 3);
    EXPECT_EQ(blocked.rules.front().measured, "the Vault did not answer");
}

TEST(GatedFindings, OfALookThatWasCutAreNoPass) {
    auto text = document("");
    text.insert(1, R"("cut": "the 28 s of a look were over", )");
    const auto cut = judged("skips: [{id: preflight, reason: any}]", text);
    EXPECT_EQ(exit_code(cut), 3);
    EXPECT_EQ(cut.rules.front().measured,
              "not all could be judged, since the 28 s of a look were over");
    text = document("");
    text.insert(1, R"("cut": "", )");
    EXPECT_EQ(exit_code(judged("skips: [{id: preflight, reason: any}]", text)), 0);
}

TEST(GatedFindings, OfAPlanStopForWhoWouldStopAndForWhatAppears) {
    const auto plan = [](std::string_view stops, std::string_view keeps, std::string_view appears) {
        return document(finding,
                        fmt::format(R"(, "plan": {{"stops": [{}], "keeps": [{}], "not_played": 7,
 "appears": [{}]}})",
                                    stops, keeps, appears));
    };
    const std::string_view stop =
        R"({"id": "spiffe://a/b", "step": "sign", "words": "permission denied"})";
    // What was wrong before the change does not stop it.
    const auto good = judged("", plan("", R"("spiffe://a/b")", ""));
    EXPECT_EQ(exit_code(good), 0);
    EXPECT_EQ(good.reports.front(),
              "out/preflight: plan of prod: 0 stop, 1 keep their leaves, 7 were not played");
    EXPECT_EQ(broken(judged("", plan("", "", ""))),
              (std::vector<std::string>{"plan/leaves on prod: nobody has a leaf after the change, "
                                        "so nothing was shown"}));
    EXPECT_EQ(broken(judged(
                  "", plan(stop, R"("spiffe://a/c")", R"("auth/other-account auth/k/role/mesh")"))),
              (std::vector<std::string>{
                  "plan/leaves on prod: spiffe://a/b would be refused at sign: permission denied",
                  "plan/auth/other-account on prod: auth/k/role/mesh: it is bound to other"}));
}

TEST(GatedFindings, AreReadFromAFolderAndNotMerged) {
    const TemporaryFolder folder;
    (void)folder.write("a/preflight.json", document(finding));
    const auto source = require(read_source(folder.path() + "/a"));
    EXPECT_EQ(command_of(source), "preflight");
    const auto merged = merge({source});
    ASSERT_FALSE(merged);
    EXPECT_NE(merged.error().message.find("it is a report of preflight"), std::string::npos);
    (void)folder.write("b/preflight.json", R"({"schema": "meshproof.preflight/v1"})");
    const auto bad = read_source(folder.path() + "/b");
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message.find("b/preflight.json: account: expected"), std::string::npos)
        << bad.error().message;
}

}  // namespace
}  // namespace meshproof::reports::gate
