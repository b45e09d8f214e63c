#include "core/time/time.hpp"

#include <gtest/gtest.h>

namespace meshproof {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, PrintsAndReadsBack) {
    const Time time = from_unix_seconds(1767323045) + 250ms;
    EXPECT_EQ(rfc3339(time), "2026-01-02T03:04:05Z");
    EXPECT_EQ(rfc3339_nano(time), "2026-01-02T03:04:05.25Z");
    EXPECT_EQ(parse_rfc3339(rfc3339_nano(time)), time);
    EXPECT_EQ(parse_rfc3339("2026-01-02T05:04:05.25+02:00"), time);
}

TEST(Rfc3339, TakesTheNearestDateThatCanBeHeld) {
    const auto end = parse_rfc3339("9999-12-31T23:59:59Z");
    ASSERT_TRUE(end);
    EXPECT_GT(*end, parse_rfc3339("2261-01-01T00:00:00Z"));
    EXPECT_GT(*end + 24h, *end);
    EXPECT_LT(parse_rfc3339("0001-01-01T00:00:00Z"), parse_rfc3339("1679-01-01T00:00:00Z"));
}

TEST(Rfc3339, RefusesWhatIsNoDate) {
    for (const auto* text :
         {"", "zzz", "2026-13-02T03:04:05Z", "2026-02-30T03:04:05Z", "2026-01-02",
          "2026-01-02T03:04:05", "2026-01-02T03:04:05.Z", "2026-01-02T25:04:05Z"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

TEST(GoDuration, PrintsAsGoDoes) {
    EXPECT_EQ(go_duration(768h), "768h0m0s");
    EXPECT_EQ(go_duration(30min), "30m0s");
    EXPECT_EQ(go_duration(10s), "10s");
    EXPECT_EQ(go_duration(1500ms), "1.5s");
    EXPECT_EQ(go_duration(0s), "0s");
    EXPECT_EQ(go_duration(-90s), "-1m30s");
}

TEST(InSeconds, KeepsFractions) {
    EXPECT_DOUBLE_EQ(in_seconds(1500ms), 1.5);
    EXPECT_DOUBLE_EQ(in_seconds(-250us), -0.00025);
}

TEST(ParseDuration, ReadsWhatVaultAccepts) {
    EXPECT_EQ(parse_duration("60"), 60s);
    EXPECT_EQ(parse_duration("60s"), 60s);
    EXPECT_EQ(parse_duration("1h30m"), 90min);
    EXPECT_EQ(parse_duration("1.5h"), 90min);
    EXPECT_EQ(parse_duration("1d"), 24h);
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("-5"), -5s);
    for (const auto* text : {"200", "-5", "1.5", "5."}) {
        EXPECT_FALSE(parse_duration_with_unit(text)) << text;
    }
    EXPECT_EQ(parse_duration_with_unit("200ms"), 200ms);
    EXPECT_EQ(parse_duration_with_unit("-1h30m"), -90min);
    EXPECT_EQ(parse_duration_with_unit("0"), 0s);
    for (const auto* text : {"", "xx", "1x", "h", "1h5", "1e400", "--5", "1h-5m", "-inf", "nan"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(HumanDuration, ReadsWell) {
    EXPECT_EQ(human_duration(4ms), "4 ms");
    EXPECT_EQ(human_duration(12300ms), "12.3 s");
    EXPECT_EQ(human_duration(65min), "1 h 5 min");
    EXPECT_EQ(human_duration(90s), "1 min 30 s");
    EXPECT_EQ(human_duration(240h), "10 d");
}

TEST(HumanLeft, SaysOfNoTimeThatItIsOver) {
    EXPECT_EQ(human_left(90s), "1 min 30 s left");
    EXPECT_EQ(human_left(1us), "1 us left");
    EXPECT_EQ(human_left(0s), "nothing left");
    EXPECT_EQ(human_left(-3s), "nothing left");
}

}  // namespace
}  // namespace meshproof
