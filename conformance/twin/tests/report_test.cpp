#include "conformance/twin/report.hpp"

#include <gtest/gtest.h>

namespace meshproof::twin {
namespace {

Finding finding_of(std::string key, std::string member) {
    Finding out;
    out.difference.key = out.step.key = std::move(key);
    out.difference.aspect = "body";
    out.difference.member = std::move(member);
    out.difference.real = "1";
    out.difference.fake = "2";
    out.story.steps = {{.number = 1, .key = out.step.key, .method = "GET", .path = "sys/health"}};
    return out;
}

TwinResult result_of(std::string real_version, std::size_t findings) {
    TwinResult out;
    out.real_version = std::move(real_version);
    out.fake_version = "2.7.2";
    out.seed = 42;
    out.requests = 300;
    out.stories = 20;
    out.took = std::chrono::seconds(90);
    for (std::size_t i = 0; i < findings; ++i) {
        out.findings.push_back(finding_of("GET sys/health", fmt::format("data.m{}", i)));
    }
    return out;
}

TEST(Report, OfThePlayedVersionSaysHowManyAnswersDiffer) {
    EXPECT_EQ(distance(result_of("2.7.2", 0)),
              "this 2.7.2 differs from the played 2.7.2 in 0 answers");
    EXPECT_EQ(distance(result_of("2.7.2", 1)),
              "this 2.7.2 differs from the played 2.7.2 in 1 answer");
}

TEST(Report, OfAnotherVersionSaysInWhich) {
    EXPECT_EQ(distance(result_of("2.9.1", 0)),
              "your 2.9.1 differs from the played 2.7.2 in 0 answers");
    EXPECT_EQ(distance(result_of("2.9.1", 2)),
              "your 2.9.1 differs from the played 2.7.2 in 2 answers: GET sys/health body data.m0; "
              "GET sys/health body data.m1");
    const auto many = distance(result_of("2.9.1", 14));
    EXPECT_NE(many.find("in 14 answers: GET"), std::string::npos) << many;
    EXPECT_TRUE(many.ends_with("data.m7; and 6 more")) << many;
}

TEST(Report, HasTheRunInFiguresAndEndsWithTheDifferences) {
    auto result = result_of("2.7.2", 1);
    result.not_waited = {"token-lives-a-month (a token): 719h before request 3"};
    const auto text = report_markdown(result);
    for (const auto* part :
         {"| seed | 42 |", "| asked of both | 300 requests in 20 stories |", "| minutes | 1.5 |",
          "| unexplained differences | 1 |", "| topic | paths | operations | parameters |",
          "## Never reached", "## Not waited for", "- token-lives-a-month", "## Differences",
          "### GET sys/health: body data.m0: the server 1, the fake 2", "curl "}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    }
    EXPECT_LT(text.find("## Never reached"), text.find("## Differences"));
    const auto none = report_markdown(result_of("2.7.2", 0));
    EXPECT_TRUE(none.ends_with("None that nothing explains.\n")) << none;
    EXPECT_EQ(none.find("## Not waited for"), std::string::npos);
}

TEST(Report, NamesWhatWasNeverReached) {
    Description description;
    description.operations = {
        {.method = "GET", .path = "{pki}/ca"},
        {.method = "POST",
         .path = "{pki}/roles/{name}",
         .parameters = {{"name", In::path}, {"ttl", In::body}, {"key_type", In::body}}},
        {.method = "POST", .path = "{pki}/acme/new"}};
    const auto& topic = *topic_named("pki");
    Known known;
    known.not_played = {{.operations = {"* {pki}/acme/*"}, .products = {}, .reason = "a reason"}};
    Coverage coverage;
    coverage.add(topic, operations_of(topic, description), known, vault::Product::openbao);
    Story story;
    story.steps = {{.number = 1,
                    .key = "POST {pki}/roles/{name}",
                    .method = "POST",
                    .path = "{pki}/roles/a",
                    .uses = {{"name", In::path}, {"ttl", In::body}}}};
    Played played;
    played.steps = 1;
    coverage.count(story, played);
    EXPECT_EQ(coverage.never_reached(),
              (std::vector<std::string>{"GET {pki}/ca", "POST {pki}/roles/{name}: key_type"}));
    EXPECT_EQ(coverage.json()["never_reached"].size(), 2U);
}

}  // namespace
}  // namespace meshproof::twin
