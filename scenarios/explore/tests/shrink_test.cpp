#include "scenarios/explore/shrink.hpp"

#include <gtest/gtest.h>

namespace meshproof::scenarios::explore {
namespace {

History long_one() {
    History history;
    history.name = "long";
    history.world.clusters = history.world.vaults = 2;
    for (int i = 0; i < 60; ++i) {
        history.steps.push_back({fmt::format("step-{}", i), 0.25, {}});
    }
    return history;
}

bool holds(const History& history, std::string_view name) {
    return std::ranges::any_of(history.steps, [&](const Step& step) { return step.does == name; });
}

bool needs_two(const History& history) {
    return holds(history, "step-7") && holds(history, "step-41");
}

ShrinkOptions patient(std::size_t jobs) {
    return {.budget = std::chrono::hours(1), .jobs = jobs, .on_better = {}};
}

TEST(Shrink, LeavesWhatTheFailureNeeds) {
    const auto shrunk = shrink(long_one(), needs_two, patient(1));
    EXPECT_TRUE(shrunk.finished);
    ASSERT_EQ(shrunk.history.steps.size(), 2U);
    EXPECT_EQ(shrunk.history.steps[0], (Step{"step-7", 0, {}}));
    EXPECT_EQ(shrunk.history.steps[1], (Step{"step-41", 0, {}}));
    EXPECT_EQ(shrunk.history.world.clusters, 1);
    EXPECT_EQ(shrunk.history.world.workloads.size(), 2U);
    EXPECT_LT(shrunk.tried, 400U);
}

TEST(Shrink, MakesAWorldPlainAgain) {
    auto history = long_one();
    history.world.tokens = "long";
    history.world.replicas = 3;
    history.world.vault_namespace = history.world.public_root = true;
    history.world.nodes = 3;
    history.world.signers = 2;
    history.world.signing_ms = 50;
    const auto plain = shrink(history, needs_two, patient(1)).history.world;
    EXPECT_EQ(plain.tokens, "");
    EXPECT_EQ(plain.replicas, 1);
    EXPECT_FALSE(plain.vault_namespace || plain.public_root);
    EXPECT_EQ(plain.nodes, 1);
    EXPECT_EQ(plain.signers, 0);
    EXPECT_EQ(plain.signing_ms, 0);
}

TEST(Shrink, IsTheSameWithMoreJobs) {
    EXPECT_EQ(shrink(long_one(), needs_two, patient(1)).history,
              shrink(long_one(), needs_two, patient(4)).history);
}

TEST(Shrink, KeepsAWaitThatMatters) {
    const auto shrunk = shrink(
        long_one(),
        [](const History& history) {
            return std::ranges::any_of(history.steps,
                                       [](const Step& step) { return step.after > 0; });
        },
        patient(2));
    ASSERT_EQ(shrunk.history.steps.size(), 1U);
    EXPECT_GT(shrunk.history.steps[0].after, 0);
}

TEST(Shrink, EndsWithItsBudgetAndWhatItHas) {
    auto options = patient(1);
    options.budget = {};
    const auto shrunk = shrink(long_one(), needs_two, options);
    EXPECT_FALSE(shrunk.finished);
    EXPECT_EQ(shrunk.history, long_one());
}

TEST(Shrink, TellsEachBetterOne) {
    std::vector<std::size_t> lengths;
    auto options = patient(1);
    options.on_better = [&](const History& best) { lengths.push_back(best.steps.size()); };
    std::ignore = shrink(long_one(), needs_two, options);
    ASSERT_FALSE(lengths.empty());
    EXPECT_TRUE(std::ranges::is_sorted(lengths, std::greater<>()));
}

}  // namespace
}  // namespace meshproof::scenarios::explore
