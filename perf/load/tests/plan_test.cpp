#include "perf/load/plan.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "perf/load/tests/curves.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

std::vector<Curve> two_modes() {
    return {known_curve(), scaled_curve(TokenMode::batch, 3.2)};
}

Wish mesh(std::size_t pods) {
    Wish wish;
    wish.pods = pods;
    return wish;
}

Plan planned(const Wish& wish) {
    return require(make_plan(two_modes(), wish, "curves.json"));
}

TEST(Plan, TellsWhatItsCurveCarries) {
    // 5,000 pods that renew every 2,400 s: 2.08/s of 45/s.
    const auto plan = planned(mesh(5000));
    EXPECT_TRUE(plan.carries());
    EXPECT_NEAR(plan.renewals, 2.0833, 0.0001);
    EXPECT_NEAR(plan.headroom, 21.6, 0.001);
    EXPECT_EQ(plan.most_pods, 108'000U);
    EXPECT_EQ(plan.least_life, 167s);
    // 5,000 at 50/s, and the 40 ms that one takes where nobody waits.
    EXPECT_EQ(plan.storm->last_ready, 100'040ms);
    EXPECT_EQ(plan_text(plan).front(),
              "5,000 pods with leaves of 1 h: carried, with 21.6 times the rate that they need");
    EXPECT_TRUE(planned(mesh(108'000)).carries());
    EXPECT_FALSE(planned(mesh(108'001)).carries());
}

TEST(Plan, ARestartThatTakesTooLongIsNotCarried) {
    auto wish = mesh(5000);
    wish.ready = 100s;
    EXPECT_FALSE(planned(wish).carries());
    EXPECT_EQ(plan_text(planned(wish)).front(),
              "5,000 pods with leaves of 1 h: not carried: after a restart the last is not ready "
              "within 1 min 40 s");
    wish.ready = 101s;
    EXPECT_TRUE(planned(wish).carries());
}

TEST(Plan, NamesWhatWouldHelpMost) {
    auto curves = two_modes();
    auto unstored = scaled_curve(TokenMode::batch, 4);
    unstored.storage = Storage::no_store;
    auto elsewhere = scaled_curve(TokenMode::batch, 9);
    elsewhere.target = "other.yaml";
    curves.push_back(unstored);
    curves.push_back(elsewhere);
    const auto plan = require(make_plan(curves, mesh(5000), "curves.json"));
    ASSERT_EQ(plan.alternatives.size(), 2U);
    EXPECT_EQ(plan.alternatives[0].change, "token_type=batch, no_store=true");
    EXPECT_NEAR(plan.alternatives[0].times.value(), 4, 1e-9);
    const auto text = join(plan_text(plan), "\n");
    EXPECT_NE(text.find("what would help most: token_type=batch, no_store=true: 4 times, 180/s, "
                        "432,000 pods"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("would help: token_type=batch: 3.2 times, 144/s"), std::string::npos)
        << text;
}

TEST(Plan, SaysHowToMeasureWhatItDoesNotKnow) {
    const auto plan = planned(mesh(5000));
    ASSERT_EQ(plan.unmeasured.size(), 2U);
    EXPECT_EQ(plan.unmeasured[0].change, "inline logins");
    EXPECT_EQ(plan.unmeasured[0].command,
              "meshproof load login-sign --find-max --slo p99=50ms,errors=0.1% --token inline "
              "--storage stored --key-type p-256 --ca-key-type ec --connections 64 --target "
              "vault.yaml --curve "
              "curves.json");
    EXPECT_EQ(plan.unmeasured[1].change, "no_store=true");
}

TEST(Plan, TakesTheModeThatIsAskedAbout) {
    auto wish = mesh(5000);
    wish.token = TokenMode::batch;
    const auto plan = planned(wish);
    EXPECT_DOUBLE_EQ(plan.best->rate, 144);
    // The other way round nothing is gained.
    EXPECT_NE(join(plan_text(plan), "\n").find("would not help: token_type=service"),
              std::string::npos);
    wish.token = TokenMode::one;
    const auto none = make_plan(two_modes(), wish, "curves.json");
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("this measures it: meshproof load login-sign"),
              std::string::npos);
    EXPECT_NE(none.error().message.find("--token one"), std::string::npos);
    EXPECT_FALSE(make_plan({}, mesh(5000), "curves.json"));
}

TEST(Plan, AnotherSloIsJudgedByTheSameSteps) {
    auto wish = mesh(5000);
    wish.slo = Slo{{{99, 41ms}}, 0.001};
    EXPECT_EQ(planned(wish).best->rate, 20);
    wish.slo = Slo{{{99, 1ms}}, 0.001};
    const auto none = planned(wish);
    EXPECT_FALSE(none.carries());
    EXPECT_EQ(plan_text(none).front(),
              "5,000 pods with leaves of 1 h: not carried: no measured rate keeps "
              "p99=1ms,errors=0.1%");
}

TEST(Plan, IsADocumentToo) {
    const auto json = nlohmann::json::parse(plan_json(planned(mesh(5000))));
    EXPECT_EQ(json.at("schema"), plan_schema);
    EXPECT_EQ(json.at("carries"), true);
    EXPECT_EQ(json.at("largest_mesh"), 108'000);
    EXPECT_EQ(json.at("shortest_life_s"), 167.0);
    EXPECT_EQ(json.at("alternatives").at(0).at("change"), "token_type=batch");
    auto impossible = mesh(5000);
    impossible.slo = Slo{{{99, 1ms}}, 0.001};
    EXPECT_TRUE(nlohmann::json::parse(plan_json(planned(impossible))).at("rate_per_s").is_null());
}

}  // namespace
}  // namespace meshproof::load
