// Whole loads on the fakes, in virtual time.
#include <gtest/gtest.h>

#include "core/run/sweep.hpp"
#include "fakes/world/environments.hpp"
#include "perf/load/text.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

struct Played {
    Outcome outcome;
    std::vector<std::string> left;  ///< what a look at the servers finds afterwards
};

Task<void> play_and_look(run::Environment& environment, Options options, Played& played) {
    std::optional<Site> site;
    Run run{environment, 1, "k3f9a2", nullptr, {}, {}, {}};
    run.on_plan = [&](const run::Survey& found, const Footprint&) {
        site = site_of(found, environment.transport());
    };
    played.outcome = co_await run_load(std::move(run), std::move(options));
    const auto on_vault = co_await run::sweep_vault(site->vault, {"", true});
    const auto in_cluster =
        co_await run::sweep_cluster(site->kube, {site->mesh_namespace}, {"", true});
    for (const auto* swept : {&on_vault, &in_cluster}) {
        for (const auto& object : swept->found) {
            played.left.push_back(object.text());
        }
    }
}

Played play(Options options, fakes::FakeServersOptions servers = {}) {
    servers.vaults = servers.clusters = 1;
    fakes::SimOptions sim;
    sim.servers = std::move(servers);
    const auto environment = fakes::make_sim(std::move(sim));
    Played played;
    environment->drive(play_and_look(*environment, std::move(options), played));
    return played;
}

Options small() {
    Options options;
    options.rate = 50;
    options.duration = 2s;
    return options;
}

fakes::FakeServersOptions sabotaged(std::string name) {
    fakes::FakeServersOptions servers;
    servers.saboteurs.add(std::move(name));
    return servers;
}

TEST(Load, EveryTransactionGetsItsOwnLeafAndNothingIsLeft) {
    auto options = small();
    options.accounts = 3;
    const auto played = play(options);
    EXPECT_EQ(played.outcome.verdict, run::Verdict::pass);
    EXPECT_EQ(played.outcome.failures, std::vector<std::string>{});
    EXPECT_EQ(played.outcome.measured.done, 100U);
    EXPECT_EQ(played.outcome.verification.verified, 100U);
    EXPECT_EQ(played.outcome.measured.stages.at("login").service.count(), 100U);
    EXPECT_EQ(played.outcome.measured.stages.at("sign").service.count(), 100U);
    EXPECT_EQ(played.left, std::vector<std::string>{});
}

TEST(Load, EveryProfilePasses) {
    for (const auto profile : all_profiles) {
        auto options = small();
        options.profile = profile;
        options.rate = 20;
        options.pods = 20;
        options.within = 2s;
        options.leaf_ttl = 6s;
        const auto played = play(options);
        EXPECT_EQ(played.outcome.verdict, run::Verdict::pass)
            << to_string(profile) << ": " << testing::PrintToString(played.outcome.failures);
        EXPECT_EQ(played.left, std::vector<std::string>{}) << to_string(profile);
    }
}

TEST(Load, EveryWayOfTokensAndStoragePasses) {
    for (const auto token : {TokenMode::batch, TokenMode::one, TokenMode::in_header}) {
        // A request that logs in by itself gets no lease.
        const auto kept = token == TokenMode::in_header ? Storage::stored : Storage::leased;
        for (const auto storage : {Storage::no_store, kept}) {
            auto options = small();
            options.rate = 20;
            options.token = token;
            options.storage = storage;
            const auto played = play(options);
            EXPECT_EQ(played.outcome.verdict, run::Verdict::pass)
                << to_string(token) << " " << to_string(storage) << ": "
                << testing::PrintToString(outcome_lines(played.outcome));
            EXPECT_EQ(played.left, std::vector<std::string>{});
        }
    }
}

TEST(Load, ALeafForAnotherKeyFailsIt) {
    const auto played = play(small(), sabotaged("pki/wrong-csr-key"));
    EXPECT_EQ(played.outcome.verdict, run::Verdict::fail);
    EXPECT_GT(played.outcome.verification.wrong.at(Wrong::other_key), 90U);
    // The answers themselves were all well.
    EXPECT_EQ(played.outcome.measured.failed, 0U);
}

TEST(Load, ARepeatedSerialNumberFailsIt) {
    const auto played = play(small(), sabotaged("pki/repeat-serial"));
    EXPECT_EQ(played.outcome.verdict, run::Verdict::fail);
    EXPECT_EQ(played.outcome.verification.wrong.at(Wrong::repeated_serial), 99U);
}

TEST(Load, ALeafThatIsNotYetValidFailsIt) {
    const auto played = play(small(), sabotaged("pki/not-yet-valid"));
    EXPECT_EQ(played.outcome.verdict, run::Verdict::fail);
    EXPECT_EQ(played.outcome.verification.wrong_leaves(), 100U);
}

}  // namespace
}  // namespace meshproof::load
