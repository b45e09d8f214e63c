// The generator in virtual time, against servers whose every delay is known: what it measures can
// be computed by hand.
#include <gtest/gtest.h>

#include "perf/load/load.hpp"
#include "perf/load/tests/stage.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

constexpr Duration both_ways = 2ms;

/// Answers after 3 ms, but nothing between the fourth and the fifth second.
Duration stalled_for_a_second(Duration now) {
    return now >= 4s && now < 5s ? 5s + 3ms : now + 3ms;
}

void expect_near(Duration seen, Duration expected) {
    EXPECT_GE(seen, part_of(expected, 0.98));
    EXPECT_LE(seen, part_of(expected, 1.02));
}

TEST(Generator, SeesAStallAsTheScheduleImpliesIt) {
    Stage stage({stalled_for_a_second});
    Options options;
    options.rate = 500;
    options.connections = 1000;
    const auto measured = stage.offer(options);
    ASSERT_EQ(measured.done, 5000U);
    // A tenth of all were due in the stall, and waited for the rest of it: evenly from 0 to 1 s.
    expect_near(measured.whole.response.at(50), both_ways + 3ms);
    expect_near(measured.whole.response.at(99), 900ms + both_ways + 3ms);
    expect_near(measured.whole.response.at(99.9), 990ms + both_ways + 3ms);
    // All could be sent at once, so both times are the same here.
    EXPECT_EQ(measured.whole.service.at(99.9), measured.whole.response.at(99.9));
    EXPECT_EQ(measured.overflowed, 0U);
    EXPECT_EQ(fell_behind(options, measured), "");
}

TEST(Generator, FewConnectionsHideNothingOfAStall) {
    Stage stage({stalled_for_a_second});
    Options options;
    options.rate = 500;
    options.connections = 10;
    const auto measured = stage.offer(options);
    ASSERT_EQ(measured.done, 5000U);
    // Ten were under way in the stall, and the service time has only these: what a closed loop
    // shows. The others waited for a connection, and the response time has that.
    EXPECT_LT(measured.whole.service.at(99), 10ms);
    EXPECT_GE(measured.whole.response.at(99), part_of(900ms, 0.98));
    EXPECT_GT(measured.overflowed, 450U);
    EXPECT_GE(measured.longest_queue, 480U);
}

TEST(Generator, AClosedLoopWouldNotHaveSeenIt) {
    Stage stage({stalled_for_a_second});
    const auto times = stage.closed_loop(500, 10s);
    EXPECT_LT(times.at(99.9), 10ms);
    EXPECT_GT(times.max(), 900ms);
}

TEST(Generator, WhatDoesNotFitWaitsAndIsCounted) {
    // Ten connections of 100 ms carry 100 a second, and 200 are asked.
    Stage stage({[](Duration now) { return now + 98ms; }});
    Options options;
    options.rate = 200;
    options.connections = 10;
    options.duration = 4s;
    const auto measured = stage.offer(options);
    EXPECT_EQ(measured.asked, 800U);
    EXPECT_EQ(measured.done, 800U);
    expect_near(measured.whole.service.max(), 100ms);
    // The last of 800 is done after 8 s, and was due after 4.
    expect_near(measured.whole.response.max(), 4s);
    EXPECT_NEAR(measured.rate(), 100, 5);
    EXPECT_NEAR(measured.settled_rate(), 100, 1);
    EXPECT_NEAR(static_cast<double>(measured.longest_queue), 400, 15);
    expect_near(measured.last_done, 8s);
    EXPECT_NE(fell_behind(options, measured).find("of 800"), std::string::npos);
}

TEST(Generator, WhatIsUnderWayAtTheEndTakesNothingFromTheSettledRate) {
    Options options;
    options.rate = 50;
    options.duration = 5s;
    const auto offered = [&](std::size_t connections) {
        options.connections = connections;
        return Stage({[](Duration now) { return now + 998ms; }}).offer(options);
    };
    // What was asked in the last second is answered after the end.
    const auto kept_up = offered(64);
    EXPECT_NEAR(kept_up.rate(), 40, 1);
    EXPECT_NEAR(kept_up.settled_rate(), 50, 0.5);
    // Ten connections carry 10/s, of which the first second has none.
    const auto overloaded = offered(10);
    EXPECT_NEAR(overloaded.rate(), 8, 0.5);
    EXPECT_NEAR(overloaded.settled_rate(), 10, 0.2);
    EXPECT_GT(overloaded.settled, 20s) << "the queue drains at the server's rate too";
}

TEST(Generator, ARateThatEndsEarlyIsSettledUntilThen) {
    Stage stage({[](Duration now) { return now + 998ms; }});
    Options options;
    options.rate = 50;
    options.duration = 20s;
    options.connections = 10;
    run::StopSource stop;
    const auto measured = stage.offer(options, &stop, [&stop](const Progress& progress) {
        if (progress.elapsed >= 8s) {
            stop.request();
        }
    });
    EXPECT_EQ(measured.ended, Ended::stopped);
    EXPECT_NEAR(measured.settled_rate(), 10, 0.5);
    EXPECT_LT(measured.settled, 4s);
}

TEST(Generator, WhatIsDueWhileWarmingUpIsNotMeasured) {
    Stage stage({[](Duration now) { return now < 2s ? now + 1s : now + 3ms; }});
    Options options;
    options.rate = 100;
    options.warmup = 2s;
    options.duration = 3s;
    options.connections = 1000;
    const auto measured = stage.offer(options);
    EXPECT_EQ(measured.asked, 300U);
    EXPECT_EQ(measured.done, 300U);
    EXPECT_LT(measured.whole.response.max(), 10ms);
    EXPECT_EQ(measured.timeline.slot(0).tally.asked, 100U);
}

TEST(Generator, EndsByItselfWhenMostFail) {
    Stage stage({[](Duration now) { return now + 3ms; }, 503});
    Options options;
    options.rate = 100;
    options.duration = 60s;
    const auto measured = stage.offer(options);
    EXPECT_EQ(measured.ended, Ended::aborted);
    EXPECT_LE(measured.asked, 520U);
    EXPECT_EQ(measured.asked + measured.not_asked, 6000U);
    EXPECT_EQ(measured.done, 0U);
    ASSERT_EQ(measured.troubles.size(), 1U);
    EXPECT_EQ(measured.troubles[0].status, 503);
    EXPECT_NE(measured.troubles[0].meaning.find("sealed"), std::string::npos);
    // Quick refusals are no latency.
    EXPECT_EQ(measured.whole.response.count(), 0U);
}

TEST(Generator, WhatGetsNoAnswerCountsWithTheTimeThatItWaited) {
    Stage stage({[](Duration now) { return now + 1h; }});
    Options options;
    options.rate = 100;
    options.duration = 2s;
    options.connections = 20;
    options.timeout = 1s;
    const auto measured = stage.offer(options);
    EXPECT_EQ(measured.asked, 200U);
    EXPECT_EQ(measured.done, 0U);
    EXPECT_GT(measured.failed, 20U);
    EXPECT_EQ(measured.failed + measured.unfinished, 200U);
    EXPECT_EQ(measured.whole.response.count(), 200U);
    EXPECT_GE(measured.whole.response.max(), 2s);
}

TEST(Generator, StopsWhenItIsAskedTo) {
    Stage stage({[](Duration now) { return now + 3ms; }});
    Options options;
    options.rate = 100;
    options.duration = 60s;
    run::StopSource stop;
    const auto measured = stage.offer(options, &stop, [&stop](const Progress& progress) {
        if (progress.elapsed >= 2s) {
            stop.request();
        }
    });
    EXPECT_EQ(measured.ended, Ended::stopped);
    EXPECT_GE(measured.done, 190U);
    EXPECT_LE(measured.done, 210U);
    EXPECT_EQ(measured.unfinished, 0U);
}

TEST(Generator, TheStagesOfTheWireAreApart) {
    for (const bool keep_alive : {true, false}) {
        Stage stage({[](Duration now) { return now + 3ms; }});
        Options options;
        options.rate = 100;
        options.duration = 2s;
        options.keep_alive = keep_alive;
        const auto measured = stage.offer(options);
        const auto& waited = measured.stages.at("first-byte").service;
        EXPECT_EQ(waited.count(), 200U);
        expect_near(waited.at(50), both_ways + 3ms);
        // One connection carries them all, or each has its own.
        EXPECT_EQ(measured.stages.at("connect").service.count(), keep_alive ? 1U : 200U);
        EXPECT_FALSE(measured.stages.contains("tls"));
        EXPECT_EQ(measured.handshakes, 0U);
    }
}

TEST(Generator, EachOfSeveralAddressesHasItsOwnFigures) {
    Stage stage({[](Duration now) { return now + 3ms; }}, 3);
    Options options;
    options.rate = 100;
    options.duration = 3s;
    const auto measured = stage.offer(options);
    ASSERT_EQ(measured.addresses.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto& one = measured.addresses[i];
        EXPECT_EQ(one.address, fmt::format("http://node-{}:80", i + 1));
        EXPECT_EQ(one.asked, 100U);
        EXPECT_EQ(one.done, 100U);
        EXPECT_EQ(one.failed + one.unfinished, 0U);
        EXPECT_EQ(one.whole.service.count(), 100U);
        expect_near(one.whole.response.at(50), both_ways + 3ms);
    }
    EXPECT_EQ(Stage({[](Duration now) { return now + 3ms; }}).offer(options).addresses.size(), 0U);
}

TEST(Generator, WhatAnAddressRefusesOrLeavesIsItsOwn) {
    Stage stage({[](Duration now) { return now + 1h; }}, 2);
    Options options;
    options.rate = 100;
    options.duration = 2s;
    options.connections = 20;
    options.timeout = 1s;
    const auto measured = stage.offer(options);
    ASSERT_EQ(measured.addresses.size(), 2U);
    std::uint64_t bad = 0;
    for (const auto& one : measured.addresses) {
        EXPECT_EQ(one.asked, 100U);
        EXPECT_EQ(one.failed + one.unfinished, 100U);
        EXPECT_EQ(one.whole.response.count(), 100U);
        bad += one.failed + one.unfinished;
    }
    EXPECT_EQ(bad, measured.bad());
}

}  // namespace
}  // namespace meshproof::load
