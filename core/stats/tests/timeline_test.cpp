#include "core/stats/timeline.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/stats/tests/random_durations.hpp"

namespace meshproof::stats {
namespace {

using namespace std::chrono_literals;

TEST(Timeline, CountsBySecond) {
    Timeline timeline(10min);
    EXPECT_EQ(timeline.size(), 0U);
    ++timeline.at(0s).asked;
    ++timeline.at(999ms).asked;
    ++timeline.at(3s).failed;
    ++timeline.at(1s).sent;
    ++timeline.at(-1ms).done;
    timeline.at(2999ms).in_flight = 7;
    ASSERT_EQ(timeline.size(), 4U);
    EXPECT_EQ(timeline.slot(0).tally.asked, 2U);
    EXPECT_EQ(timeline.slot(0).tally.done, 1U);
    EXPECT_EQ(timeline.slot(1).tally.sent, 1U);
    EXPECT_EQ(timeline.slot(2).tally.in_flight, 7U);
    EXPECT_EQ(timeline.slot(3).tally.failed, 1U);
    EXPECT_EQ(timeline.slot(3).start, 3s);
    EXPECT_EQ(timeline.slot(3).response, Histogram());
    EXPECT_DEATH((void)timeline.slot(4), "slot 4 of 4");
}

TEST(Timeline, LongRunsHaveWiderSlotsInsteadOfMore) {
    EXPECT_EQ(Timeline(0s).slot_width(), 1s);
    EXPECT_EQ(Timeline(10min).slot_width(), 1s);
    EXPECT_EQ(Timeline(10min + 1ns).slot_width(), 2s);
    EXPECT_EQ(Timeline(1h).slot_width(), 6s);
    Timeline hour(1h);
    hour.record(1h - 1ns, {.response = 2ms, .service = 1ms});
    EXPECT_EQ(hour.size(), 600U);
    EXPECT_EQ(hour.slot(599).start, 1h - 6s);
    EXPECT_EQ(hour.slot(599).service.max(), 1ms);
}

RC_GTEST_PROP(TimelineProperty, KeepsEachSlotsLatenciesInAnyOrder, ()) {
    struct Expected {
        Histogram response, service;
    };
    std::vector<Expected> expected(5);
    Timeline timeline(1min);
    (void)timeline.at(4s);
    // Few: each change of the slot packs and unpacks.
    const auto drawn = *rc::gen::resize(
        15, rc::gen::container<std::vector<std::pair<std::size_t, Duration>>>(rc::gen::pair(
                rc::gen::inRange<std::size_t>(0, 5), rc::gen::resize(100, any_duration()))));
    for (const auto& [second, response] : drawn) {
        const auto service = response / 3;
        timeline.record(std::chrono::seconds(second) + 500ms,
                        {.response = response, .service = service});
        expected[second].response.record(response);
        expected[second].service.record(service);
    }
    RC_ASSERT(timeline.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto slot = timeline.slot(i);
        RC_ASSERT((slot.response == expected[i].response));
        RC_ASSERT((slot.service == expected[i].service));
    }
}

}  // namespace
}  // namespace meshproof::stats
