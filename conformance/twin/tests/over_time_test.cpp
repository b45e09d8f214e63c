#include "conformance/twin/over_time.hpp"

#include <gtest/gtest.h>

#include <set>

#include "conformance/twin/tests/servers.hpp"
#include "conformance/twin/twin.hpp"
#include "conformance/twin/vault_dialect.hpp"

namespace meshproof::twin {
namespace {

std::vector<Story> every_written_story() {
    std::vector<Story> out;
    for (const auto& topic : topics()) {
        auto more = stories_over_time(topic.name);
        EXPECT_EQ(more.empty(), !topic.keys.empty()) << topic.name;
        out.insert(out.end(), more.begin(), more.end());
    }
    return out;
}

constexpr Duration most_of_a_real_server = std::chrono::seconds(20);

TEST(OverTime, StoriesAreShortAndWaitSecondsOrSayWhatTheFakeIsToAnswer) {
    std::set<std::string> names;
    std::size_t long_ones = 0;
    for (const auto& story : every_written_story()) {
        EXPECT_TRUE(names.insert(story.name).second) << story.name;
        EXPECT_EQ(story.server, topic_named(story.topic)->server);
        Duration waits{};
        bool alone = false;
        for (const auto& step : story.steps) {
            alone = alone || step.wait > most_of_a_real_server;
            waits += alone ? Duration() : step.wait;
            EXPECT_EQ(step.says.has_value(), alone) << story.name << " " << step.number;
            for (const auto number : referred(step)) {
                EXPECT_LT(number, step.number) << story.name;
            }
        }
        EXPECT_EQ(waits_long(story, most_of_a_real_server), alone) << story.name;
        long_ones += alone ? 1 : 0;
        EXPECT_LE(waits, most_of_a_real_server) << story.name;
        EXPECT_LE(story.steps.size(), 7U) << story.name;
    }
    EXPECT_GE(names.size(), 18U);
    EXPECT_GE(long_ones, 5U);
}

/// Plays the written stories of a Vault in virtual time.
struct WrittenPair {
    explicit WrittenPair(HandMade::Fault fault, bool moves = false,
                         std::optional<Duration> stops_after = {})
        : real(1), fake(2, std::move(fault)) {
        boost::asio::io_context context;
        SimClock clock(context, Time());
        TwoServers wire(real, fake);
        const VaultDialect dialect({});
        TwinOptions options;
        options.topics = {topic_named("over-time")};
        options.run_id = "abcdef";
        options.requests = 1;
        if (moves) {
            options.waiting.move_fake = [this](Duration by) { moved.push_back(by); };
        }
        if (stops_after) {
            options.stopping = [&] { return clock.elapsed() >= *stops_after; };
        }
        clock.run(play_twin(clock, wire, dialect, side_named("real"), side_named("fake"),
                            std::move(options), result));
        waited = clock.elapsed();
    }
    HandMade real, fake;
    TwinResult result;
    Duration waited{};
    std::vector<Duration> moved;  ///< what the fake's date was moved by, in turn
};

TEST(OverTime, AgreesAndLivesItsStoriesBesideEachOther) {
    const WrittenPair pair({});
    EXPECT_TRUE(pair.result.findings.empty());
    EXPECT_EQ(pair.result.written.size(), stories_over_time("over-time").size());
    EXPECT_GE(pair.waited, std::chrono::seconds(8));
    EXPECT_LE(pair.waited, std::chrono::seconds(20));
    EXPECT_EQ(pair.real.held(), 0U);
}

TEST(OverTime, WaitsForNobodyWhereItIsLongAndSaysSo) {
    const WrittenPair pair({});
    EXPECT_EQ(pair.result.not_waited.size(), 4U);
    bool told = false;
    for (const auto& line : pair.result.not_waited) {
        told = told ||
               (line.starts_with("token-lives-a-month (") && line.ends_with("before request 3"));
    }
    EXPECT_TRUE(told);
    // Nobody moves this fake's date, so nothing is said of what would have come.
    EXPECT_TRUE(pair.result.findings.empty());
}

TEST(OverTime, MovesTheFakesDateAndPutsItBack) {
    const WrittenPair pair({}, true);
    Duration date{}, furthest{};
    for (const auto by : pair.moved) {
        date += by;
        furthest = std::max(furthest, date);
    }
    EXPECT_EQ(date, Duration::zero());
    EXPECT_GT(furthest, std::chrono::hours(24 * 30));
    EXPECT_LE(pair.waited, 2 * most_of_a_real_server);
}

TEST(OverTime, HoldsTheFakesAnswersAgainstWhatIsWritten) {
    // This server knows of no end: all that is to be refused then is answered.
    const WrittenPair pair({}, true);
    std::set<std::string> stories;
    for (const auto& finding : pair.result.findings) {
        stories.insert(finding.story.name);
        EXPECT_EQ(finding.difference.aspect, "over time");
        EXPECT_TRUE(finding.difference.real.starts_with("(not waited for)"));
    }
    EXPECT_TRUE(stories.contains("token-lives-a-month"));
    EXPECT_TRUE(stories.contains("issuer-ends"));
}

TEST(OverTime, AsksTheRealServerNothingAfterALongWait) {
    std::size_t asked = 0;
    const auto count = [&asked](const http::Request& request, http::Response&) {
        asked += request.target.ends_with("/cert/ca") ? 1 : 0;
    };
    HandMade real(1, count), fake(2);
    boost::asio::io_context context;
    SimClock clock(context, Time());
    TwoServers wire(real, fake);
    const VaultDialect dialect({});
    TwinOptions options;
    options.topics = {topic_named("over-time")};
    options.run_id = "abcdef";
    options.waiting.move_fake = [](Duration) {};
    TwinResult result;
    clock.run(play_twin(clock, wire, dialect, side_named("real"), side_named("fake"),
                        std::move(options), result));
    EXPECT_EQ(asked, 0U);
}

// Written stories wait beside each other: who ends them in the first second waits for none to end.
TEST(OverTime, StopsInTheMiddleOfItsWaits) {
    const WrittenPair pair({}, false, std::chrono::seconds(1));
    EXPECT_TRUE(pair.result.interrupted);
    EXPECT_LT(pair.waited, std::chrono::seconds(2));
    // What was not lived to its end passes nothing.
    EXPECT_LT(pair.result.written.size(), stories_over_time("over-time").size());
    EXPECT_EQ(pair.real.held(), 0U);
    EXPECT_TRUE(pair.result.left.empty());
}

TEST(OverTime, TellsADifferenceAsItsStorysRow) {
    const WrittenPair pair([](const http::Request& request, http::Response& response) {
        if (request.target == "/v1/sys/wrapping/unwrap") {
            response.status = 400;
        }
    });
    ASSERT_EQ(pair.result.findings.size(), 1U);
    EXPECT_EQ(pair.result.findings.front().story.name, "wrapping-ends");
    std::size_t failed = 0;
    for (const auto& row : rows_of(pair.result)) {
        if (row.verdict == run::Verdict::fail) {
            ++failed;
            EXPECT_EQ(row.id, "twin/over-time/wrapping-ends");
        }
    }
    EXPECT_EQ(failed, 1U);
}

TEST(OverTime, DoesNotTellWhatCameUpOnce) {
    bool once = false;
    const WrittenPair pair([&once](const http::Request& request, http::Response& response) {
        if (request.target == "/v1/sys/wrapping/unwrap" && !std::exchange(once, true)) {
            response.status = 400;
        }
    });
    EXPECT_TRUE(pair.result.findings.empty());
}

}  // namespace
}  // namespace meshproof::twin
