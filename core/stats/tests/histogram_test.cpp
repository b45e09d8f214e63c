#include "core/stats/histogram.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "core/stats/tests/random_durations.hpp"

namespace meshproof::stats {
namespace {

using namespace std::chrono_literals;

TEST(Histogram, IsEmptyAtFirst) {
    const Histogram none;
    EXPECT_EQ(none.count(), 0U);
    EXPECT_EQ(none.beyond(), 0U);
    EXPECT_EQ(none.min(), 0ns);
    EXPECT_EQ(none.max(), 0ns);
    EXPECT_EQ(none.mean(), 0ns);
    EXPECT_EQ(none.at(50), 0ns);
    EXPECT_EQ(none.at(100), 0ns);
    EXPECT_TRUE(none.counts().empty());
    Histogram cleared = histogram_of({1ms, 2h});
    EXPECT_NE(cleared, none);
    cleared.clear();
    EXPECT_EQ(cleared, none);
}

TEST(Histogram, BucketsFollowEachOtherAndAreNarrow) {
    Duration next{};
    for (std::size_t i = 0; i < std::size_t{33} << 10; ++i) {
        const auto [low, high] = Histogram::bucket(i);
        ASSERT_EQ(low, next) << i;
        ASSERT_EQ(Histogram::index_of(low), i);
        ASSERT_EQ(Histogram::index_of(high), i);
        ASSERT_LE((high - low) * 1000, low) << i;
        next = high + 1ns;
    }
    EXPECT_EQ(Histogram().range(), next - 1ns);
    // The largest duration that there is has a bucket too.
    EXPECT_EQ(Histogram(Duration::max()).range(), Duration::max());
}

TEST(Histogram, KeepsLeastMostAndMeanExactly) {
    Histogram histogram;
    histogram.record(1234567ns);
    histogram.record(7654321ns, 2);
    histogram.record(5ms, 0);
    EXPECT_EQ(histogram.count(), 3U);
    EXPECT_EQ(histogram.min(), 1234567ns);
    EXPECT_EQ(histogram.max(), 7654321ns);
    EXPECT_EQ(histogram.mean(), 5514403ns);
    EXPECT_EQ(histogram.at(0), 1234567ns);
    EXPECT_EQ(histogram.at(100), 7654321ns);
}

TEST(Histogram, CountsWhatIsBeyondItsRangeAsTheSlowest) {
    Histogram histogram(1s);
    histogram.record(1ms, 98);
    histogram.record(2s);
    histogram.record(3s);
    EXPECT_EQ(histogram.range(), Duration((1 << 30) - 1));
    EXPECT_EQ(histogram.count(), 100U);
    EXPECT_EQ(histogram.beyond(), 2U);
    EXPECT_EQ(histogram.max(), 3s);
    EXPECT_EQ(histogram.mean(), 50980us);
    EXPECT_LT(histogram.at(98), 1002us);
    EXPECT_EQ(histogram.at(99), 3s);
    EXPECT_EQ(histogram.at_rank(99), (Histogram::Bucket{histogram.range(), 3s}));
}

TEST(Histogram, NegativeDurationsAreOurBug) {
    Histogram histogram;
    EXPECT_DEATH(histogram.record(-1ns), "a duration of -1 ns");
}

TEST(Histogram, NearestRankIsNotMovedByBinaryFractions) {
    // Hundredths of a per cent, so that whole numbers can say what is right.
    for (const std::uint64_t parts : {1, 5000, 9000, 9500, 9900, 9990, 9999, 10000}) {
        for (std::uint64_t count = 1; count <= 100'000; ++count) {
            ASSERT_EQ(nearest_rank(static_cast<double>(parts) / 100, count),
                      (parts * count + 9999) / 10000)
                << parts << " of " << count;
        }
    }
    EXPECT_EQ(nearest_rank(0, 7), 1U);
}

RC_GTEST_PROP(HistogramProperty, AddingEqualsRecordingAll, ()) {
    const auto a = *any_durations(), b = *any_durations(), c = *any_durations();
    auto all = a;
    all.insert(all.end(), b.begin(), b.end());
    all.insert(all.end(), c.begin(), c.end());
    auto left = histogram_of(a);
    left.add(histogram_of(b));
    left.add(histogram_of(c));
    auto right = histogram_of(c);
    right.add(histogram_of(b));
    auto outer = histogram_of(a);
    outer.add(right);
    RC_ASSERT(left == histogram_of(all));
    RC_ASSERT(outer == left);
    auto swapped = histogram_of(b);
    swapped.add(histogram_of(a));
    auto straight = histogram_of(a);
    straight.add(histogram_of(b));
    RC_ASSERT(swapped == straight);
}

RC_GTEST_PROP(HistogramProperty, AddingOverDifferentRangesLosesNothing, ()) {
    const auto a = *any_durations(), b = *any_durations();
    const auto short_range = *rc::gen::element<Duration>(1us, 1ms, 1s);
    auto sum = histogram_of(a, short_range);
    sum.add(histogram_of(b));
    auto swapped = histogram_of(b);
    swapped.add(histogram_of(a, short_range));
    RC_ASSERT(sum == swapped);
    RC_ASSERT(sum.range() == Histogram().range());
    RC_ASSERT(sum.count() == a.size() + b.size());
    RC_ASSERT(sum.beyond() == histogram_of(a, short_range).beyond() + histogram_of(b).beyond());
    // What was beyond the shorter range makes no percentile come out too fast.
    auto all = a;
    all.insert(all.end(), b.begin(), b.end());
    for (const double percentile : {50.0, 99.0}) {
        RC_ASSERT(sum.at(percentile) >= histogram_of(all).at(percentile));
    }
}

RC_GTEST_PROP(HistogramProperty, PercentilesAreWithinATenthOfAPercent, ()) {
    auto values = *rc::gen::nonEmpty(any_durations());
    const auto histogram = histogram_of(values);
    std::ranges::sort(values);
    for (const std::size_t parts : {1, 5000, 9000, 9900, 9990, 10000}) {
        const auto rank = std::max<std::size_t>((parts * values.size() + 9999) / 10000, 1);
        const auto exact = values[rank - 1];
        const auto found = histogram.at(static_cast<double>(parts) / 100);
        if (exact > histogram.range()) {
            RC_ASSERT(found == histogram.max());
        } else {
            RC_ASSERT(found >= exact);
            RC_ASSERT((found - exact) * 1000 <= exact);
        }
        const auto [low, high] = histogram.at_rank(rank);
        RC_ASSERT((low <= exact && exact <= high));
    }
    RC_ASSERT(histogram.min() == values.front());
    RC_ASSERT(histogram.max() == values.back());
}

RC_GTEST_PROP(HistogramProperty, IsMadeAgainFromItsCounts, ()) {
    const auto histogram = histogram_of(*any_durations());
    RC_ASSERT((Histogram(histogram.counts(), histogram.exact()) == histogram));
}

}  // namespace
}  // namespace meshproof::stats
