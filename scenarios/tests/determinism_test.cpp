#include <gtest/gtest.h>

#include "core/world/runner.hpp"
#include "fakes/world/environments.hpp"
#include "scenarios/index.hpp"

namespace meshproof::scenarios {
namespace {

run::RunResult play(std::uint64_t seed, vault::Product product, std::size_t jobs) {
    run::RunnerOptions options;
    options.seed = seed;
    options.run_id = "digest";
    options.jobs = jobs;
    options.environment = [product](std::uint64_t its_seed) {
        fakes::SimOptions sim;
        sim.seed = its_seed;
        sim.servers.product = product;
        return fakes::make_sim(sim);
    };
    return run::run_scenarios(all_scenarios(), options);
}

/// HashiCorp Vault has them in its Enterprise edition alone.
bool needs_namespaces(const run::Scenario& scenario) {
    return std::ranges::find(scenario.needs, run::Feature::namespaces) != scenario.needs.end();
}

class Determinism : public testing::TestWithParam<vault::Product> {};

TEST_P(Determinism, OneSeedTellsOneStoryAndAnotherAnother) {
    constexpr std::uint64_t seed = 7;
    // The second time beside others: no scenario may feel its neighbours.
    const auto first = play(seed, GetParam(), 1), second = play(seed, GetParam(), 2);
    const auto other = play(seed + 1, GetParam(), 2);
    ASSERT_EQ(first.outcomes.size(), all_scenarios().size());
    for (std::size_t i = 0; i < first.outcomes.size(); ++i) {
        const auto& one = first.outcomes[i];
        if (GetParam() == vault::Product::vault && needs_namespaces(*all_scenarios()[i])) {
            EXPECT_EQ(one.verdict, run::Verdict::skip) << one.id;
            continue;
        }
        EXPECT_EQ(one.verdict, run::Verdict::pass) << one.id << ": " << one.reason;
        EXPECT_EQ(std::get<run::ScenarioOutcome>(one.detail).trace_digest,
                  std::get<run::ScenarioOutcome>(second.outcomes[i].detail).trace_digest)
            << one.id;
        EXPECT_EQ(one.virtual_duration, second.outcomes[i].virtual_duration) << one.id;
        EXPECT_EQ(other.outcomes[i].verdict, run::Verdict::pass)
            << one.id << ": " << other.outcomes[i].reason;
        EXPECT_NE(one.virtual_duration, other.outcomes[i].virtual_duration) << one.id;
    }
}

INSTANTIATE_TEST_SUITE_P(Products, Determinism,
                         testing::Values(vault::Product::openbao, vault::Product::vault),
                         [](const auto& info) {
                             return std::string(vault::to_string(info.param));
                         });

}  // namespace
}  // namespace meshproof::scenarios
