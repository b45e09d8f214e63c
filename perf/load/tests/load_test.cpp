// Whole loads on the fakes, in virtual time.
#include <gtest/gtest.h>

#include "fakes/world/environments.hpp"
#include "perf/load/tests/played.hpp"
#include "perf/load/text.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

/// How many things there are, by kind.
using Counts = std::map<std::string, std::size_t>;

/// Of what a load makes.
Task<Counts> count_made(Site site) {
    Counts counts;
    counts["secrets engines"] = require(co_await site.vault.secrets_engines()).size();
    counts["auth methods"] = require(co_await site.vault.auth_methods()).size();
    counts["policies"] = require(co_await site.vault.list_policies()).size();
    counts["service accounts"] =
        require(co_await site.kube.list_service_accounts(site.mesh_namespace)).size();
    counts["role bindings"] = require(co_await site.kube.list_cluster_role_bindings({})).size();
    co_return counts;
}

/// And of what logins leave: a look for the run's mark finds no token, and no entity whose auth
/// method is gone.
Task<Counts> count_all(Site site) {
    auto counts = co_await count_made(site);
    for (const auto* path :
         {"identity/entity/id", "identity/entity-alias/id", "auth/token/accessors"}) {
        counts[path] = require(co_await site.vault.list(path)).size();
    }
    co_return counts;
}

Task<void> look_around(run::Environment& environment, Counts& counts) {
    const auto found = co_await run::survey(environment, environment.transport());
    counts = co_await count_all(site_of(found, environment.transport()));
}

/// What servers have that nobody used.
Counts of_new_servers() {
    fakes::SimOptions sim;
    sim.servers.vaults = sim.servers.clusters = 1;
    const auto environment = fakes::make_sim(std::move(sim));
    Counts counts;
    environment->drive(look_around(*environment, counts));
    return counts;
}

Task<void> play_and_look(run::Environment& environment, Options options, const Counts& before,
                         Played& played) {
    std::optional<Site> site;
    Run run{environment, 1, "k3f9a2", nullptr, {}, {}, {}};
    run.on_plan = [&, chosen = options](const run::Survey& found, const Footprint&) {
        site = site_of(found, environment.transport(), chosen);
    };
    played.outcome = co_await run_load(std::move(run), std::move(options));
    played.see(co_await run::sweep_vault(site->vault, {"", true}));
    played.see(co_await run::sweep_cluster(site->kube, {site->mesh_namespace}, {"", true}));
    const auto after = co_await count_all(*site);
    for (const auto& [kind, count] : after) {
        if (count != before.at(kind)) {
            played.left.push_back(
                fmt::format("{} {}, and {} on new servers", count, kind, before.at(kind)));
        }
    }
}

Played play(Options options, fakes::FakeServersOptions servers = {}) {
    servers.vaults = servers.clusters = 1;
    fakes::SimOptions sim;
    sim.servers = std::move(servers);
    const auto environment = fakes::make_sim(std::move(sim));
    static const auto before = of_new_servers();
    Played played;
    environment->drive(play_and_look(*environment, std::move(options), before, played));
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

TEST(Load, ASampleIsVerifiedAndOneWrongLeafOfItFails) {
    auto options = small();
    options.verify = 0.2;
    const auto played = play(options);
    EXPECT_EQ(played.outcome.verdict, run::Verdict::pass);
    const auto& seen = played.outcome.verification;
    EXPECT_EQ(seen.answers, 100U);
    EXPECT_GT(seen.verified, 5U);
    EXPECT_LT(seen.verified, 40U);
    EXPECT_EQ(seen.not_verified, 0U) << "what is not of the sample was never to be verified";
    const auto wrong = play(options, sabotaged("pki/wrong-csr-key"));
    EXPECT_EQ(wrong.outcome.verdict, run::Verdict::fail);
    EXPECT_EQ(wrong.outcome.verification.wrong_leaves(), wrong.outcome.verification.verified);
}

TEST(Load, OneWrongLeafAmongThousandsFailsIt) {
    Outcome outcome;
    outcome.measured.asked = outcome.measured.done = outcome.measured.done_in_plan = 5000;
    outcome.verification.answers = outcome.verification.verified = 5000;
    judge(outcome);
    EXPECT_EQ(outcome.verdict, run::Verdict::pass);
    outcome.verification.wrong[Wrong::other_key] = 1;
    for (const auto ended : {Ended::planned, Ended::stopped}) {
        outcome.failures.clear();
        outcome.measured.ended = ended;
        judge(outcome);
        EXPECT_EQ(outcome.verdict, run::Verdict::fail);
        ASSERT_FALSE(outcome.failures.empty());
        EXPECT_EQ(outcome.failures.front(),
                  "1 of 5000 verified leaves: certifies another key than the CSR's");
    }
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

TEST(Load, SeveralClustersLogInAtMountsOfTheirOwn) {
    auto options = small();
    options.clusters = 3;
    options.accounts = 2;
    const auto played = play(options);
    EXPECT_EQ(played.outcome.verdict, run::Verdict::pass)
        << testing::PrintToString(outcome_lines(played.outcome));
    EXPECT_EQ(played.outcome.measured.done, 100U);
    EXPECT_EQ(played.outcome.footprint.clients, 6U);
    EXPECT_EQ(played.outcome.account_tokens % 3, 0U);
    EXPECT_EQ(played.left, std::vector<std::string>{});
}

TEST(Load, NodesOfOneVaultTakeTurnsOnceTheirStandbysTakeLogins) {
    fakes::FakeServersOptions servers;
    servers.spare_vaults = true;
    for (const auto profile : {Profile::login_sign, Profile::sign}) {
        auto options = small();
        options.profile = profile;
        options.storage = Storage::no_store;
        options.all_nodes = true;
        const auto played = play(options, servers);
        EXPECT_EQ(played.outcome.verdict, run::Verdict::pass)
            << testing::PrintToString(outcome_lines(played.outcome));
        EXPECT_EQ(played.outcome.verification.verified, 100U);
        ASSERT_EQ(played.outcome.measured.addresses.size(), 3U);
        for (const auto& node : played.outcome.measured.addresses) {
            EXPECT_GE(node.done, 33U) << node.address;
        }
        EXPECT_EQ(played.left, std::vector<std::string>{});
    }
}

TEST(Load, ATransactionCanHaveAConnectionOfItsOwn) {
    auto options = small();
    options.keep_alive = false;
    const auto played = play(options);
    EXPECT_EQ(played.outcome.verdict, run::Verdict::pass);
    EXPECT_EQ(played.outcome.measured.handshakes, 100U);
    EXPECT_EQ(played.outcome.measured.stages.at("connect").service.count(), 100U);
    EXPECT_EQ(played.outcome.measured.stages.at("tls").service.count(), 100U);
    EXPECT_EQ(played.outcome.measured.stages.at("first-byte").service.count(), 200U);
}

struct OnAccount {
    std::optional<Outcome> outcome;
    std::string problem;
    std::vector<std::string> notes;
    Counts before, after;  ///< of what a load makes: its logins are the account's own
};

Task<void> load_account(run::Environment& environment, Options options, OnAccount& seen) {
    const auto found = co_await run::survey(environment, environment.transport(), "owner");
    const auto site = site_of(found, environment.transport());
    run::Ledger owners{run::RunMark("b7c2d1")};
    const auto ground = co_await prepare_ground(owners, site, small(), 1);
    run::Account account;
    account.name = "prod";
    account.vault = ground.vault;
    account.auth_mount = ground.page.auth_mount;
    account.auth_role = ground.page.auth_role;
    account.sign_path = ground.page.pki_path();
    account.trust = {ground.trust.back()};  // the root alone
    account.cluster.emplace(run::Account::ServiceAccount{
        found.clusters.front().access, site.mesh_namespace, ground.page.service_account});
    seen.before = co_await count_made(site);
    Run run{environment, 1, "k3f9a2", nullptr, {}, {}, {}};
    run.account = &account;
    run.on_note = [&](std::string_view note) { seen.notes.emplace_back(note); };
    try {
        seen.outcome = co_await run_load(std::move(run), std::move(options));
    } catch (const CannotGoOn& error) {
        seen.problem = error.what();
    }
    seen.after = co_await count_made(site);
    (void)co_await clear_ground(owners, site);
}

OnAccount on_account(Options options) {
    options.existing = true;
    fakes::SimOptions sim;
    sim.servers.vaults = sim.servers.clusters = 1;
    const auto environment = fakes::make_sim(std::move(sim));
    OnAccount seen;
    environment->drive(load_account(*environment, std::move(options), seen));
    return seen;
}

TEST(Load, AMeshsOwnAccountIsLoadedAndNothingIsMade) {
    const auto seen = on_account(small());
    ASSERT_TRUE(seen.outcome) << seen.problem;
    EXPECT_EQ(seen.outcome->verdict, run::Verdict::pass)
        << testing::PrintToString(outcome_lines(*seen.outcome));
    EXPECT_EQ(seen.outcome->verification.verified, 100U);
    EXPECT_EQ(seen.outcome->footprint.made, std::vector<std::string>{});
    EXPECT_EQ(seen.before, seen.after);
    ASSERT_EQ(seen.notes.size(), 1U);
    EXPECT_NE(seen.notes[0].find("up to 100 service tokens stay in the Vault"), std::string::npos)
        << seen.notes[0];
}

TEST(Load, AnAccountWhoseRoleGivesLessIsRefusedBeforeTheLoad) {
    auto options = small();
    options.leaf_ttl = 3h;
    const auto seen = on_account(options);
    EXPECT_FALSE(seen.outcome);
    EXPECT_NE(seen.problem.find("are asked for"), std::string::npos) << seen.problem;
    EXPECT_EQ(seen.before, seen.after);
}

}  // namespace
}  // namespace meshproof::load
