// The numbers are worked out by hand from known_curve(): 45/s keep 50 ms, 50/s is all there is.
#include "perf/load/capacity.hpp"

#include <gtest/gtest.h>

#include "perf/load/tests/curves.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

Slo p99(Duration limit) {
    return {{{99, limit}}, 0.001};
}

void expect_about(Duration time, Duration expected) {
    EXPECT_LE(time - expected, 1us);
    EXPECT_LE(expected - time, 1us);
}

TEST(Capacity, TheBestRateLiesBelowAllThatFail) {
    const auto curve = known_curve();
    const auto best = best_rate(curve, curve.slo);
    ASSERT_TRUE(best);
    EXPECT_EQ(best->rate, 45);
    EXPECT_TRUE(best->held);
    // The step of 40/s has 42 ms.
    const auto strict = best_rate(curve, p99(41ms));
    ASSERT_TRUE(strict);
    EXPECT_EQ(strict->rate, 20);
    EXPECT_FALSE(strict->held);
    EXPECT_FALSE(best_rate(curve, p99(10ms)));
    // At 60/s and 80/s the server did not keep up, however patient one is.
    EXPECT_EQ(best_rate(curve, p99(1h))->rate, 50);
}

TEST(Capacity, ARateThatWasHeldIsToldRatherThanOneALittleAbove) {
    auto curve = known_curve();
    curve.steps.back().asked = 44;
    EXPECT_EQ(best_rate(curve, curve.slo)->rate, 44);
    EXPECT_TRUE(best_rate(curve, curve.slo)->held);
    // That one is no confirmation of 45/s any more.
    curve.steps.back().asked = 40;
    EXPECT_EQ(best_rate(curve, curve.slo)->rate, 45);
    EXPECT_FALSE(best_rate(curve, curve.slo)->held);
}

TEST(Capacity, AHoldThatFailsTakesItsRateAway) {
    auto curve = known_curve();
    curve.steps.back().response = always(70ms);
    EXPECT_EQ(best_rate(curve, curve.slo)->rate, 40);
    // Errors count as latency does.
    curve.steps[2].error_share = 0.01;
    EXPECT_EQ(best_rate(curve, curve.slo)->rate, 20);
    // So few samples bound no p99.
    curve.steps[1].response.count = 298;
    EXPECT_EQ(best_rate(curve, curve.slo)->rate, 10);
}

TEST(Capacity, SaturationIsTheMostThatWasGot) {
    auto curve = known_curve();
    EXPECT_EQ(saturation(curve).rate, 50);
    EXPECT_TRUE(saturation(curve).reached);
    curve.steps.resize(3);
    EXPECT_EQ(saturation(curve).rate, 40);
    EXPECT_FALSE(saturation(curve).reached);
}

TEST(Capacity, TheKneeIsWhereThroughputByLatencyIsLargest) {
    // 20/s by 40 ms is 500, 40/s by 42 ms is 952, 45/s by 48 ms is 938, 50/s by 60 ms is 833.
    EXPECT_EQ(knee_of(known_curve()), 40);
    EXPECT_FALSE(knee_of(Curve()));
}

TEST(Capacity, MeshesRenewAtTwoThirdsOfALife) {
    // A pod renews every 2,400 s.
    EXPECT_EQ(largest_mesh(45, 1h), 108'000U);
    EXPECT_EQ(largest_mesh(1.0 / 2401, 1h), 0U);
    // 1,000 pods at 45/s need 22.2 s, which is two thirds of 33.3 s.
    EXPECT_EQ(shortest_life(45, 1000), 34s);
    EXPECT_EQ(shortest_life(10, 100), 15s);
}

TEST(Capacity, AStormDrainsAtSaturation) {
    const auto curve = known_curve();
    // 1,000 at 50/s, and 40 ms; the 60 ms of that rate have waiting in them, as the 20 s have.
    const auto at_once = predict_storm(curve, {1000, {}, 0});
    ASSERT_TRUE(at_once);
    EXPECT_EQ(at_once->last_ready, 20'040ms);
    EXPECT_FALSE(at_once->at_most);
    // Offered more slowly than the server could: 16.7/s, so the 40 ms of 20/s.
    EXPECT_EQ(predict_storm(curve, {1000, 60s, 0})->last_ready, 60'040ms);
    // As fast as it is carried: the last to restart takes the 60 ms of 50/s. No more pods are
    // ready sooner.
    EXPECT_EQ(predict_storm(curve, {1000, 20s, 0})->last_ready, 20'060ms);
    EXPECT_EQ(predict_storm(curve, {1001, 20s, 0})->last_ready, 20'060ms);
    EXPECT_EQ(predict_storm(curve, {1002, 20s, 0})->last_ready, 20'080ms);
    // One connection of 40 ms makes 25/s.
    EXPECT_EQ(predict_storm(curve, {1000, {}, 1})->last_ready, 40'040ms);
    EXPECT_EQ(predict_storm(curve, {1000, {}, 64})->last_ready, 20'040ms);
    EXPECT_FALSE(predict_storm(Curve(), {1000, {}, 0}));
}

TEST(Capacity, AnUnreachedLimitMakesAStormAtMostSoLong) {
    auto curve = known_curve();
    curve.steps.resize(3);
    EXPECT_TRUE(predict_storm(curve, {1000, {}, 0})->at_most);
    EXPECT_FALSE(predict_storm(curve, {1000, 100s, 0})->at_most);
    EXPECT_FALSE(predict_storm(curve, {1000, {}, 1})->at_most);
}

TEST(Capacity, TheLargestRestartIsReadyInTime) {
    const auto curve = known_curve();
    // 59.96 s at 50/s.
    const auto pods = largest_restart(curve, 1min);
    EXPECT_EQ(pods, 2998U);
    EXPECT_LE(predict_storm(curve, {pods, {}, 0})->last_ready, 1min);
    EXPECT_GT(predict_storm(curve, {pods + 1, {}, 0})->last_ready, 1min);
    EXPECT_EQ(largest_restart(curve, 10ms), 0U);
}

TEST(Capacity, AModelHasTheWorkersAndTheSpeedOfTheServer) {
    auto curve = known_curve();
    // 50/s of 40 ms each keep two busy.
    const auto whole = server_model(curve);
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->workers, 2U);
    EXPECT_TRUE(whole->login.empty());
    EXPECT_EQ(whole->sign.front().share, 0);
    EXPECT_EQ(whole->sign.back().share, 1);
    expect_about(whole->sign.back().time, 40ms);
    curve.steps.front().stages = {{"login", always(30ms)}, {"sign", always(10ms)}};
    const auto staged = server_model(curve);
    EXPECT_EQ(staged->workers, 2U);
    expect_about(staged->login.back().time, 30ms);
    expect_about(staged->sign.back().time, 10ms);
    // 60/s would keep 2.4 busy: two that are faster.
    curve.steps[3].got = 60;
    const auto faster = server_model(curve);
    EXPECT_EQ(faster->workers, 2U);
    expect_about(faster->login.back().time, 25ms);
    EXPECT_FALSE(server_model(Curve()));
    // 40/s keep 1.6 busy, and nobody knows how many more there are: no one is made faster.
    curve.steps.resize(3);
    const auto unreached = server_model(curve);
    EXPECT_EQ(unreached->workers, 2U);
    EXPECT_EQ(unreached->login.back().time, 30ms);
}

TEST(Capacity, SaysItInSentences) {
    const auto lines = capacity_lines(known_curve(), 1h);
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0],
              "this Vault carries 108,000 pods at 1 h leaves with service tokens (p-256 keys, "
              "storage stored): 45/s keeps p99=50ms,errors=0.1%");
    EXPECT_EQ(lines[1], "the knee by latency is at 40/s; at any latency it gives 50/s");
    EXPECT_EQ(lines[2],
              "1,000 pods renew 0.417 times a second: headroom 108 times; their leaves may live "
              "34 s or longer");
    EXPECT_EQ(lines[3],
              "if 1,000 pods restart at one moment, the last is ready after 20 s; of 2,998 the "
              "last is ready within 1 min");
    EXPECT_EQ(capacity_lines(known_curve(), 1h, 5000)[2],
              "5,000 pods renew 2.08 times a second: headroom 21.6 times; their leaves may live "
              "2 min 47 s or longer");
    auto login = known_curve();
    login.profile = Profile::login;
    EXPECT_EQ(capacity_lines(login, 1h).front(),
              "capacity: 45/s keeps p99=50ms,errors=0.1%; how many pods that is, a load of "
              "login-sign tells");
    EXPECT_TRUE(capacity_lines(Curve(), 1h).empty());
}

}  // namespace
}  // namespace meshproof::load
