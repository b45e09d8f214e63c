#include "scenarios/explore/commands.hpp"

#include <gtest/gtest.h>

namespace meshproof::scenarios::explore {
namespace {

TEST(Commands, AreManyAndEachIsWhole) {
    EXPECT_GE(commands().size(), 30U);
    std::set<std::string> names;
    for (const auto& command : commands()) {
        EXPECT_TRUE(names.insert(command.name).second) << command.name << " is there twice";
        EXPECT_NE(command.apply, nullptr) << command.name;
        EXPECT_NE(command.why_not, nullptr) << command.name;
        EXPECT_GT(command.weight, 0) << command.name;
        EXPECT_EQ(command_named(command.name), &command);
    }
    EXPECT_EQ(command_named("make-coffee"), nullptr);
}

TEST(Commands, EachGroupIsThereOnce) {
    const auto all = groups();
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
    EXPECT_GE(all.size(), 6U);
}

// A field without a pool would end the program in the middle of a run.
TEST(Commands, EveryFieldIsDrawnFromAPool) {
    Prng prng(1);
    Beginning small, large;
    large.vaults = large.clusters = 2;
    for (const auto& command : commands()) {
        for (const auto& field : command.fields) {
            EXPECT_NE(draw_field(field, small, prng), "") << command.name << "." << field;
            EXPECT_NE(draw_field(field, large, prng), "beta ") << command.name;
        }
    }
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(draw_field("cluster", small, prng), "alpha");
    }
}

// What is written of a command is what a file may name.
TEST(Commands, AreTheVocabularyOfFiles) {
    for (const auto& command : commands()) {
        History history;
        history.name = "one";
        Step step{command.name, 0.5, {}};
        for (const auto& field : command.fields) {
            step.with[field] = "1";
        }
        history.steps = {step};
        const auto read = parse_history(to_yaml(history), "h.yaml", vocabulary());
        ASSERT_TRUE(read) << command.name << ": " << read.error().message;
        EXPECT_EQ(*read, history) << command.name;
    }
}

}  // namespace
}  // namespace meshproof::scenarios::explore
