// Explorations in sim worlds: the same whatever goes side by side, and what they must find.
#include <gtest/gtest.h>

#include "core/mesh/saboteurs.hpp"
#include "scenarios/explore/explore.hpp"
#include "scenarios/explore/story.hpp"
#include "scenarios/explore/tests/sim.hpp"

namespace meshproof::scenarios::explore {
namespace {

ExploreOptions options_for(std::size_t runs, std::size_t jobs) {
    ExploreOptions options;
    for (const auto& property : properties()) {
        options.properties.push_back(&property);
    }
    options.runs = runs;
    options.steps = 12;
    options.jobs = jobs;
    options.shrink_budget = std::chrono::seconds(30);
    options.environment_for = sim_of;
    return options;
}

std::string told(const Explored& explored) {
    std::string all = explored.first_blocked;
    for (const auto& found : explored.findings) {
        all += fmt::format("\n{}{}", story_of(found.history, found.played), to_yaml(found.history));
    }
    return all;
}

TEST(Explore, FindsNothingWrongWithAnHonestMesh) {
    const auto explored = explore(options_for(20, 2));
    EXPECT_EQ(explored.runs, 20U);
    EXPECT_EQ(explored.failing, 0U) << told(explored);
    EXPECT_EQ(explored.blocked, 0U) << told(explored);
    EXPECT_GT(explored.requests, 0U);
    EXPECT_GT(explored.steps, explored.skipped);
}

TEST(Explore, IsTheSameWithMoreJobs) {
    const auto alone = explore(options_for(10, 1)), beside = explore(options_for(10, 2));
    EXPECT_EQ(alone.digest, beside.digest);
    auto options = options_for(10, 1);
    options.seed = 2;
    EXPECT_NE(explore(options).digest, alone.digest);
}

// What it finds is small, fails again from its file, and names the property.
TEST(Explore, FindsAndShrinksASaboteur) {
    auto options = options_for(10, 2);
    options.properties = {property_named("expiry")};
    options.seams_of_run = [] { return mesh::sabotaged("agent/never-renews"); };
    const auto explored = explore(options);
    ASSERT_FALSE(explored.findings.empty());
    const auto& found = explored.findings.front();
    EXPECT_TRUE(found.steady) << told(explored);
    EXPECT_LE(found.history.steps.size(), 3U) << told(explored);
    EXPECT_GE(found.drawn, found.history.steps.size());
    EXPECT_FALSE(found.played.failures.empty());
    EXPECT_EQ(found.history.name, fmt::format("{}-{}", found.tag, found.history.seed));
    EXPECT_EQ(explored.failing_by_property.at("expiry"), explored.failing);
}

// Nobody can go on in such a world: its histories are blocked, and the others are played.
TEST(Explore, SaysThatAWorldCannotBeMade) {
    auto options = options_for(4, 2);
    options.environment_for = [](const History&) -> std::unique_ptr<run::Environment> {
        throw CannotGoOn(Failure{FailureKind::server, "no world today", 0, {}});
    };
    const auto explored = explore(options);
    EXPECT_EQ(explored.blocked, 4U);
    EXPECT_NE(explored.first_blocked.find("no world today"), std::string::npos);
    EXPECT_TRUE(explored.findings.empty());
}

}  // namespace
}  // namespace meshproof::scenarios::explore
