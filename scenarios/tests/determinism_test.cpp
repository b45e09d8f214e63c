#include <gtest/gtest.h>

#include "core/run/runner.hpp"
#include "fakes/world/environments.hpp"
#include "scenarios/index.hpp"

namespace meshproof::scenarios {
namespace {

run::RunResult play(std::uint64_t seed, vault::Product product) {
    run::RunnerOptions options;
    options.seed = seed;
    options.run_id = "d";
    options.environment = [product](std::uint64_t its_seed) {
        fakes::SimOptions sim;
        sim.seed = its_seed;
        sim.servers.product = product;
        return fakes::make_sim(sim);
    };
    return run::run_scenarios(all_scenarios(), options);
}

class Determinism : public testing::TestWithParam<vault::Product> {};

TEST_P(Determinism, OneSeedTellsOneStory) {
    constexpr std::uint64_t seed = 7;
    const auto first = play(seed, GetParam()), second = play(seed, GetParam());
    ASSERT_EQ(first.outcomes.size(), all_scenarios().size());
    for (std::size_t i = 0; i < first.outcomes.size(); ++i) {
        const auto& one = first.outcomes[i];
        EXPECT_EQ(one.verdict, run::Verdict::pass) << one.id << ": " << one.reason;
        EXPECT_EQ(one.trace_digest, second.outcomes[i].trace_digest) << one.id;
        EXPECT_EQ(one.virtual_duration, second.outcomes[i].virtual_duration) << one.id;
    }
}

TEST_P(Determinism, AnotherSeedTellsAnother) {
    const auto first = play(1, GetParam()), second = play(2, GetParam());
    bool differs = false;
    for (std::size_t i = 0; i < first.outcomes.size(); ++i) {
        EXPECT_EQ(first.outcomes[i].verdict, run::Verdict::pass)
            << first.outcomes[i].id << ": " << first.outcomes[i].reason;
        differs |= first.outcomes[i].trace_digest != second.outcomes[i].trace_digest;
    }
    EXPECT_TRUE(differs);
}

INSTANTIATE_TEST_SUITE_P(Products, Determinism,
                         testing::Values(vault::Product::openbao, vault::Product::vault),
                         [](const auto& info) {
                             return std::string(vault::to_string(info.param));
                         });

}  // namespace
}  // namespace meshproof::scenarios
