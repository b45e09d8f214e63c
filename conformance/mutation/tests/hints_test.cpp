#include "conformance/mutation/hints.hpp"

#include <gtest/gtest.h>

#include "conformance/mutation/likely.hpp"

namespace meshproof::conformance::mutation {
namespace {

TEST(Hints, AreTheTextsInQuotes) {
    const auto hints = hints_in(R"cpp(
        probe.expect(!reply.headers.find("X-Vault-Index"), "there is {}");
        probe.expect(at(reply.json, "/status/user").is_null() && !data.contains("private_key"), "");
    )cpp");
    EXPECT_EQ(hints.headers, std::vector<std::string>{"X-Vault-Index"});
    EXPECT_EQ(hints.members, (std::vector<std::string>{"X-Vault-Index", "user", "private_key"}));
    EXPECT_EQ(hints.texts,
              (std::vector<std::string>{"X-Vault-Index", "/status/user", "private_key"}));
    EXPECT_TRUE(hints_in("probe.expect(true, format);").empty());
    EXPECT_TRUE(hints_near({"no/such/file.cpp", 3, 1}).empty());
}

TEST(Likely, TellingWordsAreOfThreeLettersOrMore) {
    EXPECT_EQ(telling_words("keyUsage is {:#x}, not the ttl"),
              (std::vector<std::string>{"key", "usage", "ttl"}));
}

TEST(Likely, AnAnswerThatCameLaterCannotMatter) {
    Expectation expectation;
    expectation.answered = 1;
    const Likelihood likelihood(expectation, "");
    EXPECT_TRUE(likelihood.of({.exchange = 0}, {}, {}));
    EXPECT_FALSE(likelihood.of({.exchange = 1}, {}, {}));
}

TEST(Likely, TheStatusOfTheAnswerThatIsNamedComesFirst) {
    Expectation expectation;
    expectation.what = run::Expected::status;
    expectation.exchange = 1;
    expectation.answered = 3;
    const Likelihood likelihood(expectation, "");
    const auto of = [&](std::size_t exchange, Change::Part part) {
        return *likelihood.of({.exchange = exchange, .part = part}, {}, {});
    };
    EXPECT_GT(of(1, Change::Part::status), of(2, Change::Part::status));
    EXPECT_GT(of(1, Change::Part::status), of(1, Change::Part::body));
}

TEST(Likely, WordsOfTheSentenceAndOfTheCodeCount) {
    Expectation expectation;
    expectation.text = "the leaf has no key usage";
    expectation.answered = 1;
    const auto of = [&](std::string_view source, const std::vector<std::string>& words) {
        return *Likelihood(expectation, source).of({.exchange = 0}, {}, words);
    };
    EXPECT_GT(of("", {"key", "usage"}), of("", {"notAfter"}));
    EXPECT_GT(of("leaf.not_after()", {"after"}), of("leaf.not_after()", {"before"}));
}

}  // namespace
}  // namespace meshproof::conformance::mutation
