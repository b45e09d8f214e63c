#include "reports/gate/policy.hpp"

#include <gtest/gtest.h>

namespace meshproof::reports::gate {
namespace {

constexpr std::string_view whole = R"(name: staging
require:
  - id: lifecycle
    least: 3
deviations:
  - id: lifecycle/ca-deletion
    expectation: "the leaf of * is renewed"
    reason: known
    until: 2027-03-31
skips:
  - {id: "vault/raft/*", target: staging, reason: one node}
loads:
  - profile: login-sign
    min_samples: 300
    response: {p99: 50ms, p99.9: 1s}
    errors: 0.1%
    min_per_second: 90
    cpu_per_leaf: 8ms
trends:
  - {of: p99, margin: 10%, required: false}
)";

TEST(Policy, ReadsEveryRuleWithItsLine) {
    const auto policy = Policy::parse(whole, "gate.yaml");
    ASSERT_TRUE(policy) << policy.error().message;
    EXPECT_EQ(policy->name, "staging");
    ASSERT_EQ(policy->required.size(), 1U);
    EXPECT_EQ(policy->required[0].least, 3U);
    EXPECT_EQ(policy->required[0].where.line, 3);
    ASSERT_EQ(policy->deviations.size(), 1U);
    EXPECT_EQ(policy->deviations[0].where.line, 6);
    EXPECT_EQ(policy->deviations[0].where.place, "deviations[0]");
    EXPECT_EQ(policy->deviations[0].until, parse_rfc3339("2027-04-01T00:00:00Z"));
    ASSERT_EQ(policy->skips.size(), 1U);
    EXPECT_EQ(policy->skips[0].scope.target, "staging");
    ASSERT_EQ(policy->thresholds.size(), 5U);
    EXPECT_EQ(policy->thresholds[0].where.place, "loads[0].response.p99");
    EXPECT_EQ(policy->thresholds[0].where.line, 15);
    EXPECT_EQ(policy->thresholds[0].bound, 50'000);
    EXPECT_EQ(policy->thresholds[1].measure.percentile, 99.9);
    EXPECT_DOUBLE_EQ(policy->thresholds[2].bound, 0.001);
    EXPECT_EQ(policy->thresholds[3].bound, 90);
    EXPECT_EQ(policy->thresholds[4].bound, 8000);
    EXPECT_EQ(policy->thresholds[4].min_samples, 300U);
    ASSERT_EQ(policy->trends.size(), 1U);
    EXPECT_EQ(policy->trends[0].where.line, 20);
    EXPECT_FALSE(policy->trends[0].required);
    EXPECT_DOUBLE_EQ(policy->trends[0].margin, 0.1);
}

TEST(Policy, AnEmptyOneIsTheStrictest) {
    const auto policy = Policy::parse("", "gate.yaml");
    ASSERT_TRUE(policy) << policy.error().message;
    EXPECT_TRUE(policy->deviations.empty());
    EXPECT_EQ(policy->deviations_line, 1);
}

TEST(Policy, SaysWhatIsWrongAndWhere) {
    const std::vector<std::pair<std::string, std::string>> wrongs = {
        {"skip: []", "gate.yaml:1: skip: unknown field: did you mean skips?"},
        {"skips:\n  - {id: a}", "gate.yaml:2: skips[0].reason: missing: expected why"},
        {"skips:\n  - {id: a, reason: b, untill: 2027-01-01}", "did you mean until?"},
        {"skips:\n  - {id: a, reason: b, until: soon}",
         "expected a day before 2262, such as 2027-03-31, got"},
        {"skips:\n  - {id: a, reason: b, until: 2999-12-31}", "expected a day before 2262"},
        {"deviations:\n  - {id: a, reason: b}", "deviations[0].expectation: missing"},
        {"deviations:\n  - {id: a, reason: b, expectation: '*'}", "not for a whole scenario"},
        {"deviations:\n  - {id: a, expectation: 'the leaf is old'}", "deviations[0].reason"},
        {"require:\n  - {least: 2}", "require[0].id: missing"},
        {"loads:\n  - {profile: sign}", "gate.yaml:2: loads[0]: expected response, errors"},
        {"loads:\n  - {response: {q99: 1s}}", "expected a percentile such as p99"},
        {"loads:\n  - {response: {p100: 1s}}", "expected a percentile such as p99"},
        {"loads:\n  - {response: {p99: }}", "loads[0].response.p99: missing"},
        {"loads:\n  - {response: {p99: fast}}", "expected a time like 200us"},
        {"loads:\n  - {errors: 110%}", "expected a share such as 0.1% or 0.001, got 110%"},
        {"loads:\n  - {error: 1%}", "did you mean errors?"},
        {"trends:\n  - {of: p98, margin: 1%}", "trends[0].of: unknown: did you mean p9"},
        {"trends:\n  - {of: p99}", "trends[0].margin: missing"},
    };
    for (const auto& [yaml, complaint] : wrongs) {
        const auto policy = Policy::parse(yaml, "gate.yaml");
        ASSERT_FALSE(policy) << yaml;
        EXPECT_NE(policy.error().message.find(complaint), std::string::npos)
            << yaml << ": " << policy.error().message;
    }
}

TEST(Policy, AnIdMeansWhatStandsBelowItToo) {
    EXPECT_TRUE(means("lifecycle", "lifecycle/expiry"));
    EXPECT_TRUE(means("vault/*/tidy", "vault/pki/tidy"));
    EXPECT_FALSE(means("life", "lifecycle/expiry"));
    EXPECT_FALSE(means("lifecycle/expiry", "lifecycle"));
}

}  // namespace
}  // namespace meshproof::reports::gate
