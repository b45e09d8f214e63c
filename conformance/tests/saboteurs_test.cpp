// Every check passes on the right fake and fails on the fake with its saboteur: a check that cannot
// fail is not a check.
#include <gtest/gtest.h>

#include "conformance/index.hpp"
#include "core/check/check_runner.hpp"
#include "fakes/world/environments.hpp"

namespace meshproof::conformance {
namespace {

run::Outcome outcome_of(const run::Check& check, vault::Product product, std::string defect) {
    run::CheckRunnerOptions options;
    options.share_servers = false;
    options.run_id = "sabote";
    options.environment = [&](std::uint64_t seed) {
        fakes::SimOptions sim;
        sim.seed = seed;
        sim.servers.product = product;
        sim.servers.vaults = sim.servers.clusters = 1;
        sim.servers.spare_vaults = true;
        if (!defect.empty()) {
            sim.servers.saboteurs.add(defect);
        }
        return fakes::make_sim(std::move(sim));
    };
    return run::run_checks({&check}, options).outcomes.at(0);
}

class EveryCheck : public testing::TestWithParam<const run::Check*> {};

TEST_P(EveryCheck, PassesOnTheFake) {
    for (const auto product : {vault::Product::openbao, vault::Product::vault}) {
        const auto outcome = outcome_of(*GetParam(), product, {});
        EXPECT_TRUE(outcome.verdict == run::Verdict::pass || outcome.verdict == run::Verdict::skip)
            << vault::to_string(product) << ": " << run::to_string(outcome.verdict) << ": "
            << outcome.reason;
    }
}

TEST_P(EveryCheck, FailsUnderItsSaboteur) {
    // One product is enough: some behaviour is one product's own.
    std::string verdicts;
    for (const auto product : {vault::Product::openbao, vault::Product::vault}) {
        const auto outcome = outcome_of(*GetParam(), product, std::string(GetParam()->saboteur));
        if (outcome.verdict == run::Verdict::fail) {
            return;
        }
        verdicts += fmt::format("{}: {} {}; ", vault::to_string(product),
                                run::to_string(outcome.verdict), outcome.reason);
    }
    FAIL() << "saboteur " << GetParam()->saboteur << " was not caught: " << verdicts;
}

std::string test_name(const testing::TestParamInfo<const run::Check*>& info) {
    std::string name(info.param->id);
    for (auto& c : name) {
        c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(All, EveryCheck, testing::ValuesIn(all_checks()), test_name);

}  // namespace
}  // namespace meshproof::conformance
