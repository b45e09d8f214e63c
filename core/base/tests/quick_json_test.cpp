// The quick way of reading JSON beside the parser: the same tree, or none.
#include "core/base/quick_json.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "core/base/json_text.hpp"
#include "core/time/prng.hpp"

namespace meshproof {
namespace {

using Json = nlohmann::json;

/// Numbers of another kind are equal for nlohmann, and print alike.
bool same_trees(const Json& a, const Json& b) {
    if (a.type() != b.type() || a.size() != b.size()) {
        return false;
    }
    if (a.is_object()) {
        return std::ranges::equal(a.items(), b.items(), [](const auto& one, const auto& other) {
            return one.key() == other.key() && same_trees(one.value(), other.value());
        });
    }
    return a.is_array() ? std::ranges::equal(a, b, same_trees) : a == b;
}

Json parsed(std::string_view text) {
    return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

constexpr std::string_view usual_json =
    R"({"csr": "-----BEGIN-----\nMIIB+\/=\n", "ttl":"1h","uris" : [ "a", [], {} ],)"
    "\r\n\t"
    R"("numbers":[0,-0,7,-12,123456789012345],"words":[true,false,null],"\u00e9":1,)"
    R"("auth":{"metadata":{"role":"mesh","a":"\"\\\b\f\n\r\t"},"lease":3600,"lease":1}} )";

TEST(QuickJson, ReadsWhatServersWrite) {
    auto text = std::string(usual_json);
    EXPECT_FALSE(quick_json(text));  // a name with an escape
    text.replace(text.find("\\u00e9"), 6, "");
    const auto read = quick_json(text);
    ASSERT_TRUE(read);
    EXPECT_TRUE(same_trees(*read, parsed(text)));
    EXPECT_EQ(read->at("numbers").at(1).type(), Json::value_t::number_integer);
    EXPECT_EQ(read->at("numbers").at(2).type(), Json::value_t::number_unsigned);
    EXPECT_EQ(read->at("auth").at("lease"), 1);
    for (const auto* small : {"null", "true", "1", R"("")", "[]", "{}", R"({"":{}})"}) {
        ASSERT_TRUE(quick_json(small)) << small;
        EXPECT_TRUE(same_trees(*quick_json(small), parsed(small))) << small;
    }
}

TEST(QuickJson, LeavesTheRestToTheParser) {
    constexpr std::array texts = {
        "",
        " ",
        "nul",
        "nulll",
        "tru",
        "01",
        "-",
        "1.5",
        "1e3",
        "1.",
        "+1",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1",
        "{\"a\"}",
        "{a:1}",
        "{\"a\":1,}",
        "\"a",
        "\"\x01\"",
        "\"\x7f\"",
        "\"\\x\"",
        "\"\\\"",
        "\"\\u0061\"",
        "\"\xc3\xa4\"",
        "\xef\xbb\xbf{}",
        "{} {}",
        "// a\n{}",
        "1234567890123456",
        "'a'",
    };
    for (const auto* text : texts) {
        EXPECT_FALSE(quick_json(text)) << text;
    }
    EXPECT_FALSE(quick_json(std::string_view("{}\0", 3)));
    EXPECT_FALSE(quick_json(std::string(40, '[') + std::string(40, ']')));
    EXPECT_FALSE(quick_json('"' + std::string(1U << 20, 'a') + '"'));
}

TEST(QuickJson, TheGeneralWayTakesWhatIsLeft) {
    EXPECT_EQ(json_or_null(R"({"a":1.5})"), Json({{"a", 1.5}}));
    EXPECT_EQ(json_or_null("\"\\u00e9\""), Json("\xc3\xa9"));
    EXPECT_EQ(json_or_null("{"), Json());
    EXPECT_TRUE(json_or_discarded("{").is_discarded());
    EXPECT_EQ(json_or_discarded("null"), Json());
    EXPECT_EQ(json_or_null(std::string(40, '[') + std::string(40, ']')),
              parsed(std::string(40, '[') + std::string(40, ']')));
}

TEST(QuickJson, ReadsDamagedTextAsTheParserDoes) {
    auto usual = std::string(usual_json);
    usual.replace(usual.find("\\u00e9"), 6, "x");
    constexpr std::string_view pieces = "{}[]\",:\\/untrfals0123456789-+.eE \n\t\x7f\x80\xc3";
    Prng chance(12);
    std::size_t read = 0;
    for (int i = 0; i < 20'000; ++i) {
        auto text = usual;
        for (auto left = 1 + chance.below(3); left > 0; --left) {
            const auto at = chance.below(text.size());
            const auto piece = pieces[chance.below(pieces.size())];
            switch (chance.below(4)) {
                case 0:
                    text[at] = piece;
                    break;
                case 1:
                    text.insert(at, 1, piece);
                    break;
                case 2:
                    text.erase(at, 1 + chance.below(4));
                    break;
                default:
                    text.insert(at, text.substr(chance.below(text.size()), chance.below(100)));
            }
        }
        if (const auto quick = quick_json(text)) {
            ++read;
            ASSERT_TRUE(same_trees(*quick, parsed(text))) << text;
        }
    }
    EXPECT_GT(read, 1000U);  // or it would show nothing
}

}  // namespace
}  // namespace meshproof
