#include "core/stats/percentile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/time/prng.hpp"

namespace meshproof::stats {
namespace {

using namespace std::chrono_literals;

TEST(Percentile, NeedsSoManySamples) {
    EXPECT_EQ(samples_needed(50), 5U);
    EXPECT_EQ(samples_needed(90), 29U);
    EXPECT_EQ(samples_needed(95), 59U);
    EXPECT_EQ(samples_needed(99), 299U);
    EXPECT_EQ(samples_needed(99.9), 2995U);
    EXPECT_EQ(samples_needed(99.99), 29956U);
    EXPECT_EQ(samples_needed(0.001), 1U);
    for (double percentile = 0.5; percentile < 100; percentile += 0.25) {
        const auto n = static_cast<double>(samples_needed(percentile));
        EXPECT_GE(1 - std::pow(percentile / 100, n), 0.95) << percentile;
        EXPECT_TRUE(n == 1 || 1 - std::pow(percentile / 100, n - 1) < 0.95) << percentile;
    }
}

/// The whole nanoseconds 1 to n, so that a value is its own rank.
Histogram ranks(std::uint64_t n) {
    Histogram histogram;
    for (std::uint64_t i = 1; i <= n; ++i) {
        histogram.record(Duration(static_cast<std::int64_t>(i)));
    }
    return histogram;
}

/// P(low <= B < high) for a binomial B, summed from logarithms: another way than the code's.
double coverage(std::uint64_t n, double share, std::uint64_t low, std::uint64_t high) {
    double sum = 0;
    for (auto k = low; k < high; ++k) {
        const auto a = static_cast<double>(n), b = static_cast<double>(k);
        sum += std::exp(std::lgamma(a + 1) - std::lgamma(b + 1) - std::lgamma(a - b + 1) +
                        b * std::log(share) + (a - b) * std::log(1 - share));
    }
    return sum;
}

TEST(Interval, IsTheOneOfTheTables) {
    // The median's, as the tables of the sign test have it.
    const std::vector<std::array<std::uint64_t, 3>> known = {
        {6, 1, 6}, {10, 2, 9}, {20, 6, 15}, {25, 8, 18}, {50, 18, 33}, {100, 40, 61}};
    for (const auto& [n, low, high] : known) {
        const auto found = interval(ranks(n), 50);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->low.count(), low) << n;
        EXPECT_EQ(found->high.count(), high) << n;
    }
}

TEST(Interval, HoldsWithNinetyFivePerCentAndIsNotWider) {
    for (const double percentile : {50.0, 90.0, 95.0, 99.0}) {
        const auto share = percentile / 100;
        const auto needed = samples_needed(percentile);
        for (auto n = needed; n < 1900; n += n < needed + 100 ? 1 : 97) {
            const auto found = interval(ranks(n), percentile);
            ASSERT_TRUE(found);
            const auto low = static_cast<std::uint64_t>(found->low.count());
            const auto high = static_cast<std::uint64_t>(found->high.count());
            ASSERT_LE(high, n);
            const auto held = coverage(n, share, low, high);
            ASSERT_GE(held, 0.95 - 1e-9) << percentile << " of " << n;
            // A rank less on either side risks more than it may.
            const auto above = coverage(n, share, high - 1, n + 1);
            ASSERT_TRUE(above > 0.025 || high == n) << percentile << " of " << n;
            const auto left = std::min(0.025, 0.05 - coverage(n, share, high, n + 1));
            ASSERT_GT(coverage(n, share, 0, low + 1), left) << percentile << " of " << n;
        }
    }
}

TEST(Interval, HasNoLowerEndWhereNoSampleBoundsIt) {
    const auto found = interval(ranks(5), 50);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->low, 0ns);
    EXPECT_EQ(found->high, 5ns);
    EXPECT_FALSE(interval(ranks(4), 50));
    EXPECT_FALSE(interval(ranks(298), 99));
    EXPECT_TRUE(interval(ranks(299), 99));
}

TEST(Interval, ReachesToLargeRuns) {
    Histogram histogram;
    for (std::int64_t i = 1; i <= 1000; ++i) {
        histogram.record(std::chrono::microseconds(i), 1'000'000);
    }
    const auto found = interval(histogram, 50);
    ASSERT_TRUE(found);
    // 1.96 * sqrt(10^9 / 4) = 30,990 ranks to either side of 500 us, whose bucket has a million.
    EXPECT_EQ(found->low, Histogram::bucket(Histogram::index_of(500us)).low);
    EXPECT_EQ(found->high, Histogram::bucket(Histogram::index_of(501us)).high);
}

TEST(Interval, HoldsTheTruePercentileAsOftenAsItSays) {
    Prng chance(7);
    int held = 0;
    constexpr int runs = 400;
    for (int run = 0; run < runs; ++run) {
        Histogram histogram;
        for (int i = 0; i < 400; ++i) {
            histogram.record(part_of(1s, chance.unit()));
        }
        const auto found = interval(histogram, 95);
        held += found && found->low <= 950ms && found->high >= 950ms ? 1 : 0;
    }
    EXPECT_GE(held, runs * 94 / 100);
    EXPECT_LT(held, runs * 99 / 100);
}

TEST(PercentileText, SaysWhatIsMissing) {
    Histogram histogram(1s);
    EXPECT_EQ(percentile_text(histogram, 99), "needs 299 samples, has 0");
    histogram.record(10ms, 120);
    EXPECT_EQ(percentile_text(histogram, 99), "needs 299 samples, has 120");
    histogram.record(20ms, 300);
    EXPECT_EQ(percentile_text(histogram, 99), "20.0 ms [20.0 ms, 20.0 ms]");
    EXPECT_EQ(percentile_text(histogram, 28), "10.0 ms [10.0 ms, 20.0 ms]");
    histogram.record(2s, 100);
    EXPECT_EQ(percentile_text(histogram, 50), "20.0 ms [20.0 ms, 20.0 ms]");
    EXPECT_EQ(percentile_text(histogram, 99), "over 1.07 s");
}

TEST(LatencyText, HasThreeDigits) {
    const std::vector<std::pair<Duration, std::string>> known = {
        {0ns, "0.00 us"},       {800ns, "0.80 us"},  {9994ns, "9.99 us"},
        {9996ns, "10.0 us"},    {712us, "712 us"},   {999'400ns, "999 us"},
        {999'600ns, "1.00 ms"}, {2314us, "2.31 ms"}, {48'249us, "48.2 ms"},
        {999'600us, "1.00 s"},  {1500ms, "1.50 s"},  {59'960ms, "1.00 min"},
        {90s, "1.50 min"},      {90min, "1.50 h"},   {100h, "100 h"}};
    for (const auto& [duration, text] : known) {
        EXPECT_EQ(latency_text(duration), text) << duration.count();
    }
}

}  // namespace
}  // namespace meshproof::stats
