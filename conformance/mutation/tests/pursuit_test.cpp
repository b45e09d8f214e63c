// The pursuit on small checks, played on the fakes: one with a planted expectation that is none.
#include "conformance/mutation/pursuit.hpp"

#include <gtest/gtest.h>

#include "conformance/mutation/result.hpp"
#include "conformance/mutation/tests/fake_stage.hpp"

namespace meshproof::conformance::mutation {
namespace {

using run::Check;
using run::Json;
using run::Probe;
using vault::Product;

Task<void> two_expectations_and_an_empty_one(Probe& probe) {
    const auto reply = co_await probe.vault("GET", "sys/seal-status");
    probe.expect_status(reply, 200);
    probe.expect(true, "nothing is expected here");
    probe.expect_equal(reply.json.value("sealed", Json()), false, "sealed");
}

Task<void> one_products_branch(Probe& probe) {
    const auto reply = co_await probe.vault("GET", "sys/seal-status");
    const auto status = probe.openbao() ? probe.on(200, 200) : 200;
    probe.expect_status(reply, probe.on(status, 200));
}

Task<void> gives_up(Probe& probe) {
    const auto reply = co_await probe.vault("GET", "sys/seal-status");
    if (reply.status != 200) {
        probe.give_up("no status came");
    }
    co_return;
}

Task<void> wrong(Probe& probe) {
    probe.expect(false, "it is wrong anyway");
    co_return;
}

Check check_of(std::string_view id, Task<void> (*run)(Probe&)) {
    Check check;
    check.id = id;
    check.requirement = "For a test.";
    check.run = run;
    return check;
}

CheckPursuit pursued(const Check& check, bool all = false) {
    const auto stage = fake_stage();
    PursuitOptions options;
    options.all = all;
    return pursue(*stage, check, options);
}

TEST(Pursuit, FindsTheExpectationThatExpectsNothing) {
    const auto result = pursued(check_of("vault/sys/planted", two_expectations_and_an_empty_one));
    ASSERT_EQ(result.expectations.size(), 3U);
    const auto never = result.never_failed();
    ASSERT_EQ(never.size(), 1U);
    EXPECT_EQ(result.expectations.at(never[0]).text, "nothing is expected here");
    EXPECT_TRUE(never[0].file.ends_with("conformance/mutation/tests/pursuit_test.cpp"))
        << never[0].file;
    for (const auto& [place, one] : result.expectations) {
        if (place != never[0]) {
            EXPECT_FALSE(one.failed_under.empty()) << one.text;
        }
    }
}

TEST(Pursuit, TakesAPlayForWhatIsLikely) {
    PursuitOptions options;
    options.excused = [](const Check&, const Expectation& expectation) {
        return expectation.text == "nothing is expected here";
    };
    const auto stage = fake_stage();
    const auto check = check_of("vault/sys/planted", two_expectations_and_an_empty_one);
    const auto result = pursue(*stage, check, options);
    // One without a change on each product, one for the value and one for the status.
    EXPECT_EQ(result.plays, 4U);
}

TEST(Pursuit, NamesTheBranchThatOneProductTakesAlone) {
    const auto result = pursued(check_of("vault/sys/branch", one_products_branch));
    EXPECT_EQ(result.branches.size(), 2U);
    EXPECT_EQ(result.half_taken().size(), 1U);
    EXPECT_TRUE(result.never_failed().empty());
    MutationResult whole;
    whole.checks = {result};
    ASSERT_EQ(whole.half_taken().size(), 1U);
    EXPECT_TRUE(whole.half_taken().front().ends_with(": only openbao"))
        << whole.half_taken().front();
}

TEST(Pursuit, TriesEveryChangeForTheScore) {
    const auto result = pursued(check_of("vault/sys/gives-up", gives_up), true);
    const auto& score = result.scores.at(Product::openbao);
    EXPECT_GT(score.changes, 50U);
    EXPECT_EQ(score.noticed, 3U)
        << "another status, of another class, once and from here on, and a neighbour";
    EXPECT_EQ(score.fine, 0U);
    ASSERT_EQ(result.expectations.size(), 1U);
    EXPECT_EQ(result.expectations.begin()->second.what, run::Expected::reached);
    EXPECT_TRUE(result.unmade.empty()) << result.unmade.front();
    EXPECT_EQ(weak({result}), std::vector<std::string>{"vault/sys/gives-up"});
}

TEST(Pursuit, EndsWhereTheCheckFailsAnyway) {
    const auto result = pursued(check_of("vault/sys/wrong", wrong));
    EXPECT_EQ(result.plays, 2U);
    MutationResult whole;
    whole.checks = {result};
    EXPECT_EQ(whole.not_passed().size(), 2U);
}

CheckPursuit with_expectation(std::string failed_under) {
    CheckPursuit check;
    check.id = "vault/a/b";
    check.expectations[{"conformance/vault/a.cpp", 3, 1}] = {
        .text = "it is so", .failed_under = std::move(failed_under)};
    return check;
}

TEST(MutationResult, HoldsReasonsAgainstWhatNeverFailed) {
    const std::vector<Reason> given = {
        {"vault/a/b", "conformance/vault/a.cpp", "it is so", "the clock's own"}};
    MutationResult result;
    result.checks = {with_expectation("")};
    EXPECT_EQ(result.unexplained({}).size(), 1U);
    EXPECT_TRUE(result.unexplained(given).empty());
    EXPECT_TRUE(result.stale(given).empty());
    EXPECT_NE(to_markdown(result, given).find("the clock's own"), std::string::npos);
    EXPECT_EQ(to_json(result, given)["checks"][0]["expectations"][0]["reason"], "the clock's own");

    result.checks = {with_expectation("openbao 0 status 500 instead of 200")};
    EXPECT_TRUE(result.unexplained({}).empty());
    EXPECT_EQ(result.stale(given).size(), 1U) << "it was seen to fail";
    result.checks.clear();
    EXPECT_EQ(result.stale(given).size(), 1U) << "it is not there any more";
}

TEST(MutationResult, HintsAtChecksThatASiblingImplies) {
    CheckPursuit less, more, elsewhere;
    less.id = "vault/a/less";
    less.noticed = {"GET /x status"};
    more.id = "vault/a/more";
    more.noticed = {"GET /x body", "GET /x status"};
    elsewhere.id = "vault/b/less";
    elsewhere.noticed = less.noticed;
    const auto found = implied({less, more, elsewhere});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].check, "vault/a/less");
    EXPECT_EQ(found[0].by, "vault/a/more");
    EXPECT_EQ(implied({more, less, less}).size(), 2U);
}

}  // namespace
}  // namespace meshproof::conformance::mutation
