#include "scenarios/explore/explore.hpp"

#include <gtest/gtest.h>

#include "scenarios/explore/commands.hpp"
#include "scenarios/explore/story.hpp"

namespace meshproof::scenarios::explore {
namespace {

TEST(Properties, NameCommandsAndGroupsThatThereAre) {
    const auto known = groups();
    for (const auto& property : properties()) {
        EXPECT_EQ(property_named(property.name), &property);
        EXPECT_NE(property.sentence, "") << property.name;
        for (const auto group : property.groups) {
            EXPECT_NE(std::ranges::find(known, group), known.end())
                << property.name << ": " << group;
        }
        for (const auto command : property.commands) {
            EXPECT_NE(command_named(command), nullptr) << property.name << ": " << command;
        }
    }
    EXPECT_EQ(property_named("beauty"), nullptr);
}

TEST(Draw, IsAFunctionOfTheSeed) {
    const auto& property = properties().front();
    EXPECT_EQ(draw_history(7, property, 20), draw_history(7, property, 20));
    EXPECT_FALSE(draw_history(7, property, 20) == draw_history(8, property, 20));
}

// A longer history begins as a shorter one: steps have chance of their own.
TEST(Draw, GivesLongerHistoriesTheSameBeginning) {
    const auto& property = properties().front();
    const auto shorter = draw_history(7, property, 5);
    auto longer = draw_history(7, property, 20);
    ASSERT_EQ(longer.steps.size(), 20U);
    longer.steps.resize(5);
    EXPECT_EQ(longer, shorter);
}

TEST(Draw, ReachesEveryCommandAndWritesWhatFilesMayHold) {
    std::set<std::string> drawn;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const auto& property = properties().at(seed % properties().size());
        const auto history = draw_history(seed, property, 60);
        const auto read = parse_history(to_yaml(history), "h.yaml", vocabulary());
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(*read, history);
        for (const auto& step : history.steps) {
            drawn.insert(step.does);
        }
    }
    for (const auto& command : commands()) {
        EXPECT_TRUE(drawn.contains(command.name)) << command.name << " was never drawn";
    }
}

// Without something that differs from run to run, a swarm is one mix.
TEST(Draw, GivesEachRunItsOwnWeights) {
    std::set<std::string> weights;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        weights.insert(weights_of(seed, properties().front()));
    }
    EXPECT_GT(weights.size(), 15U);
}

Played sample_run() {
    Played played;
    played.failures = {"expiry: web was accepted at 12:00:31; its leaf had ended at 12:00:30"};
    played.record.steps = {
        {.at = std::chrono::hours(27), .date = {}, .text = "cut <x>", .skipped = {}, .wrong = {}},
        {.at = std::chrono::hours(28),
         .date = {},
         .text = "heal",
         .skipped = "nothing is cut",
         .wrong = {}}};
    auto& lane = played.record.lanes["uid"];
    lane.name = "web-abcde";
    lane.last_seen = std::chrono::hours(28);
    lane.leaves = {{"01:02", "alpha", {}, std::chrono::hours(24)}};
    played.record.requests = {{std::chrono::hours(27), "web-abcde", "api-abcde", true, true}};
    played.record.faults = {{"agents>vault-0", std::chrono::hours(2), std::nullopt}};
    return played;
}

TEST(Story, TellsStepsOnAClockAndTheSentence) {
    History history;
    history.name = "sample";
    const auto story = story_of(history, sample_run());
    EXPECT_NE(story.find("day 2 03:00:00   1. cut <x>"), std::string::npos) << story;
    EXPECT_NE(story.find("(skipped: nothing is cut)"), std::string::npos) << story;
    EXPECT_NE(story.find("its leaf had ended at 12:00:30"), std::string::npos) << story;
}

TEST(Story, DrawsATimelineThatNeedsNothingElse) {
    History history;
    history.name = "sample";
    const auto page = timeline_html(history, sample_run());
    for (const auto* part : {"class=\"leaf\"", "class=\"fault\"", "class=\"wrong\"",
                             "cut &lt;x&gt;", "web-abcde", "history: sample", "</html>"}) {
        EXPECT_NE(page.find(part), std::string::npos) << part;
    }
    EXPECT_EQ(page.find("cut <x>"), std::string::npos);
    EXPECT_EQ(page.find("://"), std::string::npos) << "it asks somebody for something";
}

}  // namespace
}  // namespace meshproof::scenarios::explore
