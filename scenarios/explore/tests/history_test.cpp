#include "scenarios/explore/history.hpp"

#include <gtest/gtest.h>

namespace meshproof::scenarios::explore {
namespace {

const Vocabulary known = {{"cut", {"cluster"}}, {"heal", {}}, {"rotate-key", {"cluster", "note"}}};

History sample_history() {
    History history;
    history.name = "a-cut";
    history.property = "expiry";
    history.story = "a leaf ends: \"nobody\" renews it";
    history.seed = 42;
    history.world.vaults = 2;
    history.world.clusters = 2;
    history.world.product = vault::Product::vault;
    history.world.workloads = {"web", "true", "1e3"};
    history.world.token_type = "batch";
    history.world.tokens = "one-use";
    history.world.replicas = 3;
    history.world.vault_namespace = true;
    history.world.public_root = true;
    history.world.nodes = 3;
    history.world.signers = 2;
    history.world.signing_ms = 50;
    history.steps = {{"cut", 0.0625, {{"cluster", "alpha"}}},
                     {"rotate-key", 1.0 / 3, {{"cluster", "beta"}, {"note", "a: b, [c] # d"}}},
                     {"heal", 0, {}}};
    return history;
}

std::string problem(std::string_view yaml) {
    const auto read = parse_history(yaml, "h.yaml", known);
    return read ? "" : read.error().message;
}

TEST(History, ComesBackAsItWasWritten) {
    const auto read = parse_history(to_yaml(sample_history()), "h.yaml", known);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, sample_history()) << to_yaml(*read);
}

TEST(History, WithoutStepsComesBackToo) {
    History bare;
    bare.name = "nothing";
    const auto read = parse_history(to_yaml(bare), "h.yaml", known);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, bare);
}

TEST(History, WithSomethingElseIsAnother) {
    auto other = sample_history();
    other.steps[1].after += 0.001;
    const auto read = parse_history(to_yaml(other), "h.yaml", known);
    ASSERT_TRUE(read);
    EXPECT_FALSE(*read == sample_history());
}

TEST(History, SaysWhereItIsWrong) {
    EXPECT_NE(problem("history: a\nsteps:\n  - {do: cutt}\n").find("did you mean cut?"),
              std::string::npos);
    EXPECT_NE(problem("history: a\nsteps:\n  - {do: cutt}\n").find("h.yaml:3"), std::string::npos);
    EXPECT_NE(problem("history: a\nsteps:\n  - {do: cut, clustre: x}\n").find("cluster"),
              std::string::npos);
    EXPECT_NE(problem("steps: []\n").find("a name"), std::string::npos);
    EXPECT_NE(problem("history: A B\n").find("dashes"), std::string::npos);
    EXPECT_NE(problem("history: a\nworld: {clusters: 3}\n").find("clusters"), std::string::npos);
    EXPECT_NE(problem("history: a\nsteps:\n  - {do: cut, after: -1}\n").find("after"),
              std::string::npos);
    EXPECT_NE(problem("history: a\nworld: {workloads: []}\n").find("workloads"), std::string::npos);
    EXPECT_NE(problem("history: a\nworld: {tokens: lonng}\n").find("did you mean long?"),
              std::string::npos);
    EXPECT_NE(problem("history: a\nworld: {replicas: 0}\n").find("replicas"), std::string::npos);
    EXPECT_NE(problem("history: a\nworld: {nodes: 4}\n").find("nodes"), std::string::npos);
    EXPECT_NE(problem("history: a\nworld: {signers: 2}\n").find("signing_ms together"),
              std::string::npos);
    EXPECT_NE(problem("- a\n").find("expected a history"), std::string::npos);
}

TEST(History, TellsAStepInALine) {
    EXPECT_EQ(text_of(sample_history().steps[0]), "cut cluster=alpha");
}

}  // namespace
}  // namespace meshproof::scenarios::explore
