#include <gtest/gtest.h>

#include <algorithm>

#include "perf/load/arrivals.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

std::vector<Duration> all_of(const Arrivals& arrivals) {
    std::vector<Duration> moments;
    for (std::size_t i = 0; i < arrivals.count(); ++i) {
        moments.push_back(arrivals.at(i));
    }
    return moments;
}

std::size_t between(const std::vector<Duration>& moments, Duration from, Duration to) {
    return static_cast<std::size_t>(std::ranges::count_if(
        moments, [=](Duration moment) { return moment >= from && moment < to; }));
}

TEST(Arrivals, AConstantRateIsEven) {
    Options options;
    options.rate = 400;
    options.duration = 10s;
    const Arrivals arrivals(options, 1);
    ASSERT_EQ(arrivals.count(), 4000U);
    EXPECT_EQ(arrivals.at(0), 0s);
    EXPECT_EQ(arrivals.at(1), 2500us);
    EXPECT_EQ(arrivals.at(3999), 10s - 2500us);
    EXPECT_EQ(arrivals.end(), 10s);
}

TEST(Arrivals, WarmingUpComesBefore) {
    Options options;
    options.rate = 10;
    options.duration = 5s;
    options.warmup = 2s;
    const Arrivals arrivals(options, 1);
    ASSERT_EQ(arrivals.count(), 70U);
    EXPECT_EQ(arrivals.measured_from(), 2s);
    EXPECT_EQ(arrivals.at(19), 1900ms);
    EXPECT_EQ(arrivals.at(20), 2s);
    EXPECT_EQ(arrivals.end(), 7s);
}

TEST(Arrivals, ARampGrowsEvenly) {
    Options options;
    options.rate = 100;
    options.ramp_to = 300;
    options.duration = 10s;
    const Arrivals arrivals(options, 1);
    const auto moments = all_of(arrivals);
    ASSERT_EQ(moments.size(), 2000U);
    EXPECT_TRUE(std::ranges::is_sorted(moments));
    EXPECT_NEAR(static_cast<double>(between(moments, 0s, 1s)), 110, 1);
    EXPECT_NEAR(static_cast<double>(between(moments, 9s, 10s)), 290, 1);
    EXPECT_LT(moments.back(), 10s);
}

TEST(Arrivals, ARampMayFall) {
    Options options;
    options.rate = 300;
    options.ramp_to = 1;
    options.duration = 10s;
    const auto moments = all_of(Arrivals(options, 1));
    ASSERT_GE(moments.size(), 1500U);
    EXPECT_TRUE(std::ranges::is_sorted(moments));
    EXPECT_LE(moments.back(), 10s);
}

TEST(Arrivals, AStormIsDrawnWithinItsTime) {
    Options options;
    options.profile = Profile::restart_storm;
    options.pods = 5000;
    options.within = 20s;
    const auto moments = all_of(Arrivals(options, 7));
    ASSERT_EQ(moments.size(), 5000U);
    EXPECT_TRUE(std::ranges::is_sorted(moments));
    EXPECT_LT(moments.back(), 20s);
    EXPECT_NEAR(static_cast<double>(between(moments, 0s, 10s)), 2500, 150);
    EXPECT_EQ(moments, all_of(Arrivals(options, 7)));
    EXPECT_NE(moments, all_of(Arrivals(options, 8)));
}

TEST(Arrivals, AColdStartIsOneMoment) {
    Options options;
    options.profile = Profile::cold_start;
    options.pods = 300;
    const Arrivals arrivals(options, 1);
    ASSERT_EQ(arrivals.count(), 300U);
    EXPECT_EQ(arrivals.at(299), 0s);
}

TEST(Arrivals, PodsRenewAtTwoThirdsOfALife) {
    Options options;
    options.profile = Profile::renewal;
    options.pods = 3000;
    options.leaf_ttl = 30s;
    options.duration = 60s;
    const auto moments = all_of(Arrivals(options, 3));
    EXPECT_DOUBLE_EQ(renewals_a_second(options.pods, options.leaf_ttl), 150);
    EXPECT_NEAR(static_cast<double>(moments.size()), 9000, 100);
    EXPECT_TRUE(std::ranges::is_sorted(moments));
    EXPECT_NEAR(static_cast<double>(between(moments, 40s, 60s)), 3000, 100);
}

TEST(Arrivals, AMixHasItsWeights) {
    Options options;
    options.profile = Profile::mixed;
    options.rate = 1000;
    options.mix = {{Operation::login_sign, 1}, {Operation::sign, 3}};
    const Arrivals arrivals(options, 5);
    std::size_t signs = 0;
    for (std::size_t i = 0; i < arrivals.count(); ++i) {
        signs += arrivals.operation(i) == Operation::sign ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(signs), 7500, 150);
}

}  // namespace
}  // namespace meshproof::load
