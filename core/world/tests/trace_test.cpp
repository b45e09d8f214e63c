#include "core/world/trace.hpp"

#include <gtest/gtest.h>

#include "core/time/sim_clock.hpp"

namespace meshproof::run {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

struct TraceTest : testing::Test {
    boost::asio::io_context context;
    SimClock clock{context, from_unix_seconds(1'900'000'000)};
    Trace trace{clock, false};
    void pass_time(Duration duration) { clock.run(clock.sleep_for(duration)); }
};

TEST_F(TraceTest, DigestIsThatOfTheLines) {
    // sha256sum's own words for nothing, and for two lines.
    EXPECT_EQ(trace.digest(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_TRUE(trace.add("pod ready"));
    EXPECT_TRUE(trace.add("leaf"));
    EXPECT_EQ(trace.lines(), (Lines{"pod ready", "leaf"}));
    EXPECT_EQ(trace.digest(), "ae3c57452d81bcd9fb8b220d4af01fe5a4fcd3ab823ef36ba67832c04898ccc5");
}

TEST_F(TraceTest, DigestTellsOrderAndBoundariesApart) {
    Trace turned(clock, false), joined(clock, false), same(clock, false);
    for (const auto* line : {"a", "b"}) {
        trace.add(line);
        same.add(line);
    }
    turned.add("b");
    turned.add("a");
    joined.add("ab");
    EXPECT_EQ(trace.digest(), same.digest());
    EXPECT_NE(trace.digest(), turned.digest());
    EXPECT_NE(trace.digest(), joined.digest());
}

TEST_F(TraceTest, TimedLinesBeginWithElapsedMilliseconds) {
    Trace timed(clock, true);
    timed.add("begin");
    pass_time(1500us);
    timed.add("later");
    pass_time(24h);
    timed.add("next day");
    EXPECT_EQ(timed.lines(),
              (Lines{"           0 begin", "           1 later", "    86400001 next day"}));
}

TEST_F(TraceTest, OnlyTimedDigestsDependOnTime) {
    Trace timed(clock, true), timed_later(clock, true), later(clock, false);
    trace.add("pod ready");
    timed.add("pod ready");
    pass_time(1s);
    later.add("pod ready");
    timed_later.add("pod ready");
    EXPECT_EQ(trace.digest(), later.digest());
    EXPECT_NE(timed.digest(), timed_later.digest());
}

TEST_F(TraceTest, RefusesLinesWithASecretThatItLearnt) {
    const std::string line = "login token=s.0123456789 ok";
    EXPECT_TRUE(trace.add(line)) << "it is not known yet";
    EXPECT_FALSE(trace.leaks(line));
    trace.learn(Secret("s.0123456789"));
    EXPECT_TRUE(trace.leaks(line));
    EXPECT_FALSE(trace.add(line));
    EXPECT_TRUE(trace.add("login token=s.012345678 ok")) << "a part of it is not it";
    EXPECT_EQ(trace.lines(),
              (Lines{line, "[a line that held a secret]", "login token=s.012345678 ok"}));
}

TEST_F(TraceTest, KnowsEverySecretAndRedactsTexts) {
    trace.learn(Secret("s.0123456789"));
    trace.learn(Secret("hvs.abcdefgh"));
    EXPECT_EQ(trace.redacted("403 for s.0123456789"), "[a line that held a secret]");
    EXPECT_EQ(trace.redacted("403 for hvs.abcdefgh"), "[a line that held a secret]");
    EXPECT_EQ(trace.redacted("403 permission denied"), "403 permission denied");
}

TEST_F(TraceTest, IgnoresSecretsThatHonestLinesHoldToo) {
    trace.learn(Secret(""));
    trace.learn(Secret("root"));
    trace.learn(Secret("sevench"));
    EXPECT_TRUE(trace.add("the root of sevenchairs"));
    trace.learn(Secret("eightch."));
    EXPECT_FALSE(trace.add("eightch."));
}

}  // namespace
}  // namespace meshproof::run
