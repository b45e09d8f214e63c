// Histories in sim worlds: each file of scenarios/regressions, and what must be noticed.
#include "scenarios/explore/player.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/mesh/saboteurs.hpp"
#include "scenarios/explore/tests/sim.hpp"

namespace meshproof::scenarios::explore {
namespace {

PlayedTrace play_in_sim(const History& history, mesh::Seams seams = {}) {
    return play(history, sim_of(history), {.seams = std::move(seams)});
}

std::string told(const Played& played) {
    return fmt::format("{}{}{}", fmt::join(played.failures, "\n"),
                       played.blocked.empty() ? "" : "\nblocked: ", played.blocked);
}

std::vector<std::string> regressions() {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator("scenarios/regressions")) {
        if (entry.path().extension() == ".yaml") {
            paths.push_back(entry.path().string());
        }
    }
    std::ranges::sort(paths);
    return paths;
}

TEST(Player, PlaysEveryRegression) {
    ASSERT_FALSE(regressions().empty());
    for (const auto& path : regressions()) {
        const auto history = read_history(path);
        ASSERT_TRUE(history) << history.error().message;
        EXPECT_EQ(path, "scenarios/regressions/" + history->name + ".yaml");
        const auto played = play_in_sim(*history);
        EXPECT_TRUE(played.good()) << path << ":\n" << told(played);
        EXPECT_EQ(played.record.steps.size(), history->steps.size()) << path;
        EXPECT_GT(played.record.requests_judged, 0U) << path << ": nothing was shown";
    }
}

TEST(Player, TellsOneHistoryOneWay) {
    const auto history = read_history(regressions().front());
    ASSERT_TRUE(history) << history.error().message;
    const auto first = play_in_sim(*history), second = play_in_sim(*history);
    EXPECT_EQ(first.digest, second.digest);
    auto other = *history;
    ++other.seed;
    EXPECT_NE(play_in_sim(other).digest, first.digest);
}

// Whoever replays it has another run id, and names decide who comes first.
TEST(Player, ReplaysWhatWasExploredWhateverItsRunIsCalled) {
    const auto history = read_history(regressions().front());
    ASSERT_TRUE(history) << history.error().message;
    const auto explored = play_in_sim(*history);
    for (const auto* run_id : {"first1", "other2"}) {
        ReplayOptions options;
        options.run_id = run_id;
        options.environment = [&](std::uint64_t /*seed*/) { return sim_of(*history); };
        options.environment_for = sim_of;
        const auto replayed = replay({*history}, options);
        ASSERT_EQ(replayed.outcomes.size(), 1U);
        EXPECT_EQ(std::get<run::ScenarioOutcome>(replayed.outcomes.front().detail).trace_digest,
                  explored.digest)
            << run_id;
    }
}

TEST(Player, SaysWhatDidNotApply) {
    History history;
    history.name = "skips";
    history.steps = {{"unseal", 0, {{"vault", "0"}}},
                     {"connect-ca", 0, {{"cluster", "alpha"}, {"account", "nobody"}}}};
    const auto played = play_in_sim(history);
    ASSERT_TRUE(played.good()) << told(played);
    ASSERT_EQ(played.record.steps.size(), 2U);
    EXPECT_EQ(played.record.steps[0].skipped, "it is not sealed");
    EXPECT_EQ(played.record.steps[1].skipped, "there is no account nobody");
}

TEST(Player, NoticesWhoNeverRenews) {
    History history;
    history.name = "wait";
    history.steps = {{"wait", 0.9, {}}, {"wait", 0.9, {}}};
    EXPECT_TRUE(play_in_sim(history).good());
    const auto played = play_in_sim(history, mesh::sabotaged("agent/never-renews"));
    EXPECT_FALSE(played.good());
    EXPECT_NE(told(played).find("expiry: "), std::string::npos) << told(played);
}

TEST(Player, NoticesWhoGoesOnWithADeletedAccount) {
    History history;
    history.name = "deletion";
    history.steps = {{"delete-account-understood", 0, {{"account", "alpha"}}},
                     {"restart-pod", 0.1, {{"cluster", "alpha"}, {"workload", "web"}}},
                     {"wait", 0.9, {}}};
    EXPECT_TRUE(play_in_sim(history).good());
    EXPECT_FALSE(
        play_in_sim(history, mesh::sabotaged("control-plane/goes-on-with-a-deleted-account"))
            .good());
}

TEST(Player, NoticesWhoRestartsOnePodOfAll) {
    History history;
    history.name = "restart";
    history.steps = {{"restart-all", 0, {{"cluster", "alpha"}}}};
    EXPECT_TRUE(play_in_sim(history).good());
    const auto played = play_in_sim(history, mesh::sabotaged("control-plane/restarts-one-pod"));
    EXPECT_NE(told(played).find("is still the same one"), std::string::npos) << told(played);
}

// A pod beside those that its workload asks for has the same right to a leaf: here the one that
// comes last gets no second one.
TEST(Player, NoticesAPodMadeByHandThatLosesItsLeaf) {
    History history;
    history.name = "by-hand";
    history.steps = {{"scale-up", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                     {"wait", 1.2, {}}};
    EXPECT_TRUE(play_in_sim(history).good());
    mesh::Seams seams;
    const auto declared = history.world.workloads.size();
    seams.renewal_wait.put(
        [declared, leaves = std::make_shared<std::size_t>(0)](Duration wait, const auto&, auto) {
            constexpr int never = 1000;
            return ++*leaves == declared + 1 ? wait * never : wait;
        });
    const auto played = play_in_sim(history, std::move(seams));
    EXPECT_NE(told(played).find("not every pod is ready"), std::string::npos) << told(played);
}

TEST(Player, SkipsWhatTheTargetLacks) {
    History history;
    history.name = "two";
    history.world.clusters = 2;
    auto small = history;
    small.world.clusters = 1;
    const auto played = play(history, sim_of(small), {});
    EXPECT_NE(played.skip, "");
    EXPECT_EQ(outcome_of(history, played, {}).verdict, run::Verdict::skip);
}

}  // namespace
}  // namespace meshproof::scenarios::explore
