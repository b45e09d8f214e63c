#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/crypto/openssl.hpp"
#include "core/html/escape.hpp"
#include "core/html/lanes.hpp"
#include "core/html/page.hpp"
#include "core/html/tests/well_formed.hpp"

namespace meshproof::html {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Escape, LeavesNoMarkupAndNothingThatAPageCannotHold) {
    EXPECT_EQ(escaped("<script>alert('1 & \"2\"')</script>"),
              "&lt;script&gt;alert(&#39;1 &amp; &quot;2&quot;&#39;)&lt;/script&gt;");
    EXPECT_EQ(escaped("a\r\nb\rc\td"), "a\nb\nc\td");
    EXPECT_EQ(escaped_xml("a\r\nb <\"'\x01"), "a&#10;b &lt;&quot;&#39;\ufffd");
    EXPECT_EQ(escaped(std::string("\0\x1b[31m\x7f", 7)), "\ufffd\ufffd[31m\ufffd");
    EXPECT_EQ(escaped("caf\xe9 \u00e9 \u20ac \U0001f600"), "caf\ufffd \u00e9 \u20ac \U0001f600");
    EXPECT_EQ(escaped("\u0085\uffff\ufdd0\U0001ffff"), "\ufffd\ufffd\ufffd\ufffd");
    // Else "exe.cod" could be read where "doc.exe" stands.
    EXPECT_EQ(escaped("\u202edoc\u2066"), "\ufffddoc\ufffd");
}

TEST(Escape, CutsBetweenCharacters) {
    EXPECT_EQ(escaped_head("abc", 3), "abc");
    EXPECT_EQ(escaped_head("abcd", 3), "abc\u2026");
    EXPECT_EQ(escaped_head("a\u20ac\u20ac", 5), "a\u20ac\u2026");
}

TEST(Escape, AnyBytesStayText) {
    EXPECT_TRUE(rc::check("in an element and in an attribute", [] {
        const auto raw = *rc::gen::container<std::string>(
            rc::gen::oneOf(rc::gen::arbitrary<char>(), rc::gen::elementOf(std::string("<>&\"'/"))));
        const auto safe = escaped(raw);
        RC_ASSERT(safe == valid_utf8(safe));
        const auto markup =
            page(raw, "<p title=\"" + safe + "\">" + safe + "</p>\n" + command(raw));
        RC_ASSERT(page_offence(markup) == "");
    }));
}

TEST(Reader, SeesWhatIsWrong) {
    const auto wrong = [](std::string_view body) { return page_offence(page("a", body)); };
    EXPECT_EQ(wrong("<p>a</p>"), "");
    EXPECT_NE(wrong("<p>a"), "");
    EXPECT_NE(wrong("<p><b>a</p></b>"), "");
    EXPECT_NE(wrong("<p>a & b</p>"), "");
    EXPECT_NE(wrong("<p title=a>b</p>"), "");
    EXPECT_NE(wrong("<p title=\"<\">b</p>"), "");
    EXPECT_NE(wrong("<p id=\"a\">b</p><p id=\"a\">b</p>"), "");
    EXPECT_NE(wrong("<a href=\"#nowhere\">b</a>"), "");
    EXPECT_NE(wrong("<a href=\"https://example.org\">b</a>"), "");
    EXPECT_NE(wrong("<img src=\"data:,\"/>"), "");
    EXPECT_NE(wrong("<p onclick=\"a()\">b</p>"), "");
    EXPECT_NE(wrong("<p>\x01</p>"), "");
}

TEST(Page, AllowsItsOwnScriptAndNothingElse) {
    const auto text = page("a <title>", "<p>b</p>\n");
    const auto hash = crypto::sha256(as_bytes(script()));
    EXPECT_NE(text.find("script-src 'sha256-" + to_base64(as_text(hash)) + "'"), std::string::npos)
        << "the hash in page.cpp is of another script: sha256-" << to_base64(as_text(hash));
    EXPECT_NE(text.find("default-src 'none'"), std::string::npos);
    EXPECT_NE(text.find("<title>a &lt;title&gt;</title>"), std::string::npos);
    EXPECT_EQ(text.find("://"), std::string::npos) << "it asks somebody for something";
    // Then it is the same to parsers of HTML and of XML.
    EXPECT_EQ(script().find_first_of("<&"), std::string_view::npos);
}

TEST(Page, KnowsBothThemesAndPrint) {
    const auto text = page("a", "");
    for (const auto* part : {"prefers-color-scheme:dark", "@media print", "color-scheme:light dark",
                             "<html lang=\"en\">", "name=\"viewport\""}) {
        EXPECT_NE(text.find(part), std::string::npos) << part;
    }
}

TEST(Ticks, AreWhereAPersonWouldPutThem) {
    EXPECT_EQ(ticks({}, 6), std::vector<Duration>{Duration::zero()});
    EXPECT_EQ(ticks(milliseconds(222), 6),
              (std::vector<Duration>{
                  {}, milliseconds(50), milliseconds(100), milliseconds(150), milliseconds(200)}));
    EXPECT_EQ(ticks(hours(25), 3), (std::vector<Duration>{{}, hours(12), hours(24)}));
    for (const Duration end : {Duration(1), Duration(seconds(59)), Duration(hours(24 * 400)),
                               Duration(hours(24 * 40'000))}) {
        const auto at = ticks(end, 6);
        EXPECT_LE(at.size(), 7U) << end.count();
        EXPECT_LE(at.back(), end);
    }
}

LaneChart sample() {
    LaneChart chart;
    chart.title = "Timeline of <x>";
    chart.description = "what & how";
    chart.end = hours(10);
    chart.lanes = {{"alpha/web",
                    {{Bar::Kind::leaf, hours(1), hours(2), "leaf \"1\""},
                     {Bar::Kind::pod, {}, hours(10), "the pod"}},
                    {{Mark::Kind::accepted, hours(1), "in"},
                     {Mark::Kind::refused, hours(2), "out"},
                     {Mark::Kind::wrong, hours(3), "no"}}}};
    chart.bands = {{"cut", hours(1), hours(2), "cut once"},
                   {"sealed", hours(2), hours(3), "sealed"},
                   {"cut", hours(4), hours(5), "cut again"}};
    chart.moments = {{hours(6), "monitor violated: <it>"}};
    return chart;
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

TEST(Lanes, DrawsEverythingWithItsName) {
    const auto text = drawing(sample(), "one");
    EXPECT_EQ(page_offence(page("a", text + lanes_legend())), "");
    EXPECT_EQ(count_of(text, "class=\"fault\""), 3U);
    EXPECT_EQ(count_of(text, ">cut</text>"), 1U) << "bands of one name share a row";
    for (const auto* part :
         {"role=\"img\"", "aria-labelledby=\"one-t one-d\"",
          "<title id=\"one-t\">Timeline of &lt;x", "what &amp; how", "leaf &quot;1&quot;",
          "class=\"accepted\"", "class=\"refused\"", "class=\"wrong\"", "class=\"moment\"",
          "monitor violated: &lt;it&gt;", ">2 h</text>"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part;
    }
    EXPECT_LT(text.find("class=\"pod\""), text.find("class=\"leaf\"")) << "leaves lie upon pods";
}

TEST(Lanes, NothingAtAllIsDrawnToo) {
    EXPECT_EQ(page_offence(page("a", drawing({}, "one"))), "");
}

}  // namespace
}  // namespace meshproof::html
