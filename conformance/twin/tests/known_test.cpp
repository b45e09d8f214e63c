#include "conformance/twin/known.hpp"

#include <gtest/gtest.h>

#include "core/base/text.hpp"

namespace meshproof::twin {
namespace {

using vault::Product;

TEST(Known, ReadsWhatIsNotPlayedAndWhatDeviates) {
    const auto known = Known::parse(R"(
not_played:
  - operations: ["* {pki}/acme/*"]
    products: [openbao]
    reason: no ACME
deviations:
  - operation: GET {pki}/ca
    aspect: body
    member: data.*
    reason: another order
)",
                                    "known.yaml");
    ASSERT_TRUE(known) << known.error().message;
    EXPECT_EQ(known->why_not_played("GET {pki}/acme/directory", Product::openbao), "no ACME");
    EXPECT_EQ(known->why_not_played("GET {pki}/acme/directory", Product::vault), "");
    Difference difference;
    difference.key = "GET {pki}/ca";
    difference.aspect = "body";
    difference.member = "data.x";
    EXPECT_EQ(known->why_known(difference, Product::vault), "another order");
    difference.aspect = "status";
    EXPECT_EQ(known->why_known(difference, Product::vault), "");
}

TEST(Known, ExplainsByWhatEachSays) {
    const auto known = Known::parse(R"(
deviations:
  - {operation: "POST x", real: "*parse*", fake: "*parse*", reason: other words}
)",
                                    "known.yaml");
    ASSERT_TRUE(known) << known.error().message;
    Difference difference;
    difference.key = "POST x";
    difference.real = "cannot parse a";
    difference.fake = "failed to parse a";
    EXPECT_EQ(known->why_known(difference, Product::vault), "other words");
    difference.fake = "the name is taken";
    EXPECT_EQ(known->why_known(difference, Product::vault), "");
}

TEST(Known, TakesOutWordsThatAreNotSent) {
    const auto known = Known::parse(R"(
not_sent:
  - {operations: ["* {pki}/*"], parameter: key_type, words: [mldsa], products: [openbao], reason: x}
)",
                                    "known.yaml");
    ASSERT_TRUE(known) << known.error().message;
    Description description;
    description.operations = {{.method = "POST", .path = "{pki}/roles/{name}"}};
    description.operations.front().parameters = {{.name = "key_type", .words = {"ec", "mldsa"}}};
    const auto& words = description.operations.front().parameters.front().words;
    known->take_out(description, Product::vault);
    EXPECT_EQ(words.size(), 2U);
    known->take_out(description, Product::openbao);
    EXPECT_EQ(words, std::vector<Json>{"ec"});
    EXPECT_NE(known->markdown().find("| `* {pki}/*` with key_type mldsa | openbao | x |"),
              std::string::npos);
}

TEST(Known, RefusesAnEntryWithoutAReason) {
    const auto known = Known::parse("deviations:\n  - operation: GET x\n", "known.yaml");
    ASSERT_FALSE(known);
    EXPECT_NE(known.error().message.find("known.yaml:2"), std::string::npos)
        << known.error().message;
    EXPECT_NE(known.error().message.find("reason"), std::string::npos) << known.error().message;
}

TEST(Known, RefusesAProductThatIsNone) {
    const auto known = Known::parse(
        "not_played:\n  - {operations: [a], products: [consul], reason: x}\n", "known.yaml");
    ASSERT_FALSE(known);
    EXPECT_NE(known.error().message.find("consul"), std::string::npos) << known.error().message;
}

TEST(Known, SaysOfWhichServerAnEntryIs) {
    const auto known = Known::parse(R"(
deviations:
  - {operation: "GET api/v1/x", reason: a}
  - {operation: "GET sys/x", reason: b}
)",
                                    "known.yaml");
    ASSERT_TRUE(known) << known.error().message;
    const auto page = known->markdown();
    EXPECT_NE(page.find("| `GET api/v1/x` | anything | kube-apiserver | a |"), std::string::npos)
        << page;
    EXPECT_NE(page.find("| `GET sys/x` | anything | both | b |"), std::string::npos) << page;
}

TEST(Known, TheProgramsOwnFileIsRightAndDocsHoldIt) {
    const auto known = Known::parse(known_yaml, "known.yaml");
    ASSERT_TRUE(known) << known.error().message;
    const auto page = read_file("docs/played.md");
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(*page, known->markdown())
        << "write it anew: meshproof twin --played > docs/played.md";
}

TEST(Known, AListsOwnVersionMayBeTooNewForTheCache) {
    const auto known = require(Known::parse(known_yaml, "known.yaml"));
    const std::string too_large =
        "504 {\"message\":\"Timeout: Too large resource version: 9, "
        "current: 7\"}";
    const std::string list = "200 {\"items\":[]}";
    const std::string maps = "api/v1/namespaces/{namespace}/configmaps";
    const auto why = [&](const std::string& key, const std::string& real, const std::string& fake) {
        return known.why_known({key, "status", "", real, fake}, Product::vault);
    };
    EXPECT_NE(why("GET " + maps, too_large, list), "");
    EXPECT_NE(why("GET " + maps + "/{name}", too_large, list), "");
    // The fake alone saying so, or another refusal, is a difference.
    EXPECT_EQ(why("GET " + maps, list, too_large), "");
    EXPECT_EQ(why("GET " + maps, "504 {}", list), "");
    EXPECT_EQ(why("PUT " + maps + "/{name}", too_large, list), "");
}

}  // namespace
}  // namespace meshproof::twin
