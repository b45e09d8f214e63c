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
    EXPECT_TRUE(trace.add(note_event("pod ready")));
    EXPECT_TRUE(trace.add(note_event("leaf")));
    EXPECT_EQ(trace.lines(), (Lines{"pod ready", "leaf"}));
    EXPECT_EQ(trace.digest(), "ae3c57452d81bcd9fb8b220d4af01fe5a4fcd3ab823ef36ba67832c04898ccc5");
}

TEST_F(TraceTest, DigestTellsOrderAndBoundariesApart) {
    Trace turned(clock, false), joined(clock, false), same(clock, false);
    for (const auto* line : {"a", "b"}) {
        trace.add(note_event(line));
        same.add(note_event(line));
    }
    turned.add(note_event("b"));
    turned.add(note_event("a"));
    joined.add(note_event("ab"));
    EXPECT_EQ(trace.digest(), same.digest());
    EXPECT_NE(trace.digest(), turned.digest());
    EXPECT_NE(trace.digest(), joined.digest());
}

TEST_F(TraceTest, TimedLinesBeginWithElapsedMilliseconds) {
    Trace timed(clock, true);
    timed.add(note_event("begin"));
    pass_time(1500us);
    timed.add(note_event("later"));
    pass_time(24h);
    timed.add(note_event("next day"));
    EXPECT_EQ(timed.lines(),
              (Lines{"           0 begin", "           1 later", "    86400001 next day"}));
}

TEST_F(TraceTest, EventsHaveATimeWhetherTheirLinesDoOrNot) {
    pass_time(1500us);
    trace.add(mesh_event("pod ready", {{"cluster", "alpha"}, {"pod", "web-1"}}));
    ASSERT_EQ(trace.events().size(), 1);
    EXPECT_EQ(
        trace.events()[0],
        (TraceEvent{1ms, "alpha/web-1", "pod ready", {{"cluster", "alpha"}, {"pod", "web-1"}}}));
    EXPECT_EQ(trace.lines(), Lines{"pod ready cluster=alpha pod=web-1"});
    EXPECT_EQ(timed_text_of(trace.events()[0]), "           1 pod ready cluster=alpha pod=web-1");
}

TEST_F(TraceTest, EveryKindHasItsText) {
    EXPECT_EQ(text_of(request_event("admin", "GET", "/v1/sys/health", "200")),
              "admin GET /v1/sys/health 200");
    EXPECT_EQ(text_of(note_event("at two thirds")), "at two thirds");
    EXPECT_EQ(text_of(expectation_event("no request was sent")),
              "expectation failed: no request was sent");
    EXPECT_EQ(text_of(violation_event("two pods, one key")), "monitor violated: two pods, one key");
    EXPECT_EQ(text_of(mesh_event("account added", {{"account", "east"}})),
              "account added account=east");
    EXPECT_EQ(text_of(mesh_event("idle", {})), "idle");
}

TEST_F(TraceTest, ActorIsThePodWhereThereIsOne) {
    EXPECT_EQ(mesh_event("leaf", {{"pod", "web-1"}, {"cluster", "alpha"}}).actor, "alpha/web-1");
    EXPECT_EQ(mesh_event("leaf", {{"pod", "web-1"}}).actor, "web-1");
    EXPECT_EQ(mesh_event("ca health", {{"cluster", "alpha"}}).actor, "control-plane");
}

TEST_F(TraceTest, OnlyTimedDigestsDependOnTime) {
    Trace timed(clock, true), timed_later(clock, true), later(clock, false);
    trace.add(note_event("pod ready"));
    timed.add(note_event("pod ready"));
    pass_time(1s);
    later.add(note_event("pod ready"));
    timed_later.add(note_event("pod ready"));
    EXPECT_EQ(trace.digest(), later.digest());
    EXPECT_NE(timed.digest(), timed_later.digest());
}

TEST_F(TraceTest, RefusesLinesWithASecretThatItLearnt) {
    const std::string line = "login token=s.0123456789 ok";
    EXPECT_TRUE(trace.add(note_event(line))) << "it is not known yet";
    EXPECT_FALSE(trace.leaks(line));
    trace.learn(Secret("s.0123456789"));
    EXPECT_TRUE(trace.leaks(line));
    EXPECT_FALSE(trace.add(note_event(line)));
    EXPECT_TRUE(trace.add(note_event("login token=s.012345678 ok"))) << "a part of it is not it";
    EXPECT_EQ(trace.lines(),
              (Lines{line, "[a line that held a secret]", "login token=s.012345678 ok"}));
    // No member of an event may hold one either: not a field, not who did it.
    EXPECT_FALSE(trace.add(mesh_event("login", {{"token", "s.0123456789"}})));
    EXPECT_FALSE(trace.add({{}, "pod s.0123456789", "login", {}}));
    pass_time(1s);
    EXPECT_FALSE(trace.add(request_event("admin", "GET", "/v1/x?t=s.0123456789", "200")));
    ASSERT_EQ(trace.events().size(), 6);
    for (std::size_t i = 3; i < 6; ++i) {
        EXPECT_EQ(trace.events()[i], (TraceEvent{i == 5 ? 1000ms : 0ms,
                                                 "scenario",
                                                 "note",
                                                 {{"text", "[a line that held a secret]"}}}));
    }
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
    EXPECT_TRUE(trace.add(note_event("the root of sevenchairs")));
    trace.learn(Secret("eightch."));
    EXPECT_FALSE(trace.add(note_event("eightch.")));
}

}  // namespace
}  // namespace meshproof::run
