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

TEST(OverTime, StoriesAreShortAndWaitSeconds) {
    std::set<std::string> names;
    for (const auto& story : every_written_story()) {
        EXPECT_TRUE(names.insert(story.name).second) << story.name;
        EXPECT_EQ(story.server, topic_named(story.topic)->server);
        Duration waits{};
        for (const auto& step : story.steps) {
            waits += step.wait;
            for (const auto number : referred(step)) {
                EXPECT_LT(number, step.number) << story.name;
            }
        }
        EXPECT_GT(waits, Duration::zero()) << story.name;
        EXPECT_LE(waits, std::chrono::seconds(20)) << story.name;
        EXPECT_LE(story.steps.size(), 7U) << story.name;
    }
    EXPECT_GE(names.size(), 11U);
}

/// Plays the written stories of a Vault in virtual time.
struct WrittenPair {
    explicit WrittenPair(HandMade::Fault fault) : real(1), fake(2, std::move(fault)) {
        boost::asio::io_context context;
        SimClock clock(context, Time());
        TwoServers wire(real, fake);
        const VaultDialect dialect({});
        TwinOptions options;
        options.topics = {topic_named("over-time")};
        options.run_id = "abcdef";
        options.requests = 1;
        clock.run(play_twin(clock, wire, dialect, side_named("real"), side_named("fake"),
                            std::move(options), result));
        waited = clock.elapsed();
    }
    HandMade real, fake;
    TwinResult result;
    Duration waited{};
};

TEST(OverTime, AgreesAndLivesItsStoriesBesideEachOther) {
    const WrittenPair pair({});
    EXPECT_TRUE(pair.result.findings.empty());
    EXPECT_EQ(pair.result.written.size(), stories_over_time("over-time").size());
    EXPECT_GE(pair.waited, std::chrono::seconds(8));
    EXPECT_LE(pair.waited, std::chrono::seconds(20));
    EXPECT_EQ(pair.real.held(), 0U);
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
