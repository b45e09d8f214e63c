#include "fakes/vault/logical/go_time.hpp"

#include <gtest/gtest.h>

namespace meshproof::fakes::vault {

namespace {

std::string fault(std::string_view text) {
    const auto time = parse_go_time(text);
    return time ? "" : time.error();
}

}  // namespace

TEST(GoTime, TakesWhatGoTakes) {
    for (const auto& [text, seconds] :
         {std::pair("2030-01-01T03:00:00Z", 1'893'466'800),
          std::pair("2030-01-01T3:00:00Z", 1'893'466'800),
          std::pair("2030-01-01T03:00:00.5Z", 1'893'466'800),
          std::pair("2030-01-01T03:00:00,5Z", 1'893'466'800),
          std::pair("2030-01-01T04:00:00+01:00", 1'893'466'800),
          std::pair("2030-01-01T03:00:00-24:00", 1'893'466'800 + 86'400)}) {
        const auto time = parse_go_time(text);
        ASSERT_TRUE(time) << text << ": " << time.error();
        EXPECT_EQ(unix_seconds(*time), seconds) << text;
    }
}

TEST(GoTime, SaysWhatDoesNotFit) {
    constexpr auto layout = "2006-01-02T15:04:05Z07:00";
    for (const auto& [text, rest, piece] :
         {std::tuple("", "", "2006"), std::tuple("20a0", "20a0", "2006"),
          std::tuple("2030", "", "-"), std::tuple("2030-1-01T23:00:00Z", "1-01T23:00:00Z", "01"),
          std::tuple("2030-01-01t23:00:00z", "t23:00:00z", "T"),
          std::tuple("2030-01-01T23:00:00.Z", ".Z", "Z07:00"),
          std::tuple("2030-01-01T23:00:00+0100", "+0100", "Z07:00")}) {
        EXPECT_EQ(fault(text),
                  fmt::format("parsing time \"{}\" as \"{}\": cannot parse \"{}\" as \"{}\"", text,
                              layout, rest, piece));
    }
    EXPECT_EQ(fault("2030-01-01T23:00:00ZZ"),
              "parsing time \"2030-01-01T23:00:00ZZ\": extra text: \"Z\"");
    EXPECT_EQ(fault("a\n\u00e4\""), fmt::format("parsing time {0} as \"{1}\": cannot parse {0} as "
                                                "\"2006\"",
                                                R"("a\x0a\xc3\xa4\"")", layout));
}

TEST(GoTime, NamesWhatIsOutOfRange) {
    for (const auto& [text, part] :
         {std::pair("2030-13-01T00:00:00Z", "month"), std::pair("2030-00-01T00:00:60Z", "month"),
          std::pair("2030-01-00T00:00:00Z", "day"), std::pair("2030-02-30T00:00:00Z", "day"),
          std::pair("2030-01-01T24:00:00Z", "hour"), std::pair("2030-01-01T23:60:00Z", "minute"),
          std::pair("2030-01-00T23:00:60Z", "second"),
          std::pair("2030-01-01T23:00:00+25:00", "time zone offset hour"),
          std::pair("2030-01-01T23:00:00+23:61", "time zone offset minute")}) {
        EXPECT_EQ(fault(text), fmt::format("parsing time \"{}\": {} out of range", text, part));
    }
}

}  // namespace meshproof::fakes::vault
