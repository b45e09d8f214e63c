#include <gtest/gtest.h>

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/logical/templates.hpp"

namespace meshproof::fakes::vault {

TEST(Templates, AreTextsWithPairsOfBraces) {
    for (const auto* text : {"{{a}}", "x{{ a }}y", "{{a}}{{b}}", "{{}}"}) {
        EXPECT_TRUE(is_template(text)) << text;
    }
    for (const auto* text : {"", "a", "{{a", "a}}", "}}{{a}}", "{{a}}}}", "{{a{{b}}", "{a}"}) {
        EXPECT_FALSE(is_template(text)) << text;
    }
}

TEST(Templates, AreFilledInOnce) {
    const TemplateValues values = [](std::string_view name) -> std::optional<std::string> {
        if (name == "a") {
            return "{{b}}";
        }
        return name == "empty" ? std::optional<std::string>("") : std::nullopt;
    };
    EXPECT_EQ(filled_in("plain", values), "plain");
    EXPECT_EQ(filled_in("x/{{ a }}/{{empty}}y", values), "x/{{b}}/y");
    EXPECT_EQ(filled_in("{{a}}{{b}}", values), std::nullopt);
    EXPECT_EQ(filled_in("{{a", values), std::nullopt);
}

TEST(HttpDates, AreReadAsGoDoes) {
    const auto date = from_unix_seconds(784'111'777);
    for (const auto* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 UTC"}) {
        EXPECT_EQ(parse_http_date(text).value_or(Time()), date) << text;
    }
    EXPECT_EQ(http_date(date), "Sun, 06 Nov 1994 08:49:37 GMT");
    const auto complaint = [](std::string_view text) { return parse_http_date(text).error(); };
    const std::string layout = " as \"Mon, 02 Jan 2006 15:04:05 MST\": cannot parse ";
    EXPECT_EQ(complaint("junk"), "parsing time \"junk\"" + layout + "\"junk\" as \"Mon\"");
    EXPECT_EQ(complaint(""), "parsing time \"\"" + layout + "\"\" as \"Mon\"");
    EXPECT_EQ(complaint("Sunday, 06-Nov-94"),
              "parsing time \"Sunday, 06-Nov-94\"" + layout + "\"day, 06-Nov-94\" as \", \"");
    EXPECT_FALSE(parse_http_date("Sun, 36 Nov 1994 08:49:37 GMT"));
    EXPECT_FALSE(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT!"));
}

}  // namespace meshproof::fakes::vault
