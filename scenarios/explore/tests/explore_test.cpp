#include "scenarios/explore/explore.hpp"

#include <gtest/gtest.h>

#include "scenarios/explore/commands.hpp"
#include "scenarios/explore/motifs.hpp"
#include "scenarios/explore/story.hpp"

namespace meshproof::scenarios::explore {
namespace {

TEST(Properties, NameCommandsAndGroupsThatThereAre) {
    const auto known = groups();
    for (const auto& property : properties()) {
        EXPECT_EQ(property_named(property.name), &property);
        EXPECT_NE(property.sentence, "") << property.name;
        for (const auto group : property.groups) {
            EXPECT_NE(std::ranges::find(known, group), known.end())
                << property.name << ": " << group;
        }
        for (const auto command : property.commands) {
            EXPECT_NE(command_named(command), nullptr) << property.name << ": " << command;
        }
    }
    EXPECT_EQ(property_named("beauty"), nullptr);
}

TEST(Draw, IsAFunctionOfTheSeed) {
    const auto& property = properties().front();
    EXPECT_EQ(draw_history(7, property, 20), draw_history(7, property, 20));
    EXPECT_FALSE(draw_history(7, property, 20) == draw_history(8, property, 20));
}

// A longer history begins as a shorter one: steps have chance of their own.
TEST(Draw, GivesLongerHistoriesTheSameBeginning) {
    const auto& property = properties().front();
    const auto shorter = draw_history(7, property, 5);
    auto longer = draw_history(7, property, 20);
    ASSERT_EQ(longer.steps.size(), 20U);
    longer.steps.resize(5);
    EXPECT_EQ(longer, shorter);
}

TEST(Draw, ReachesEveryCommandAndWritesWhatFilesMayHold) {
    std::set<std::string> drawn;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const auto& property = properties().at(seed % properties().size());
        const auto history = draw_history(seed, property, 60);
        const auto read = parse_history(to_yaml(history), "h.yaml", vocabulary());
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(*read, history);
        for (const auto& step : history.steps) {
            drawn.insert(step.does);
        }
    }
    for (const auto& command : commands()) {
        EXPECT_TRUE(drawn.contains(command.name)) << command.name << " was never drawn";
    }
}

// Without something that differs from run to run, a swarm is one mix.
TEST(Draw, GivesEachRunItsOwnWeights) {
    std::set<std::string> weights;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        weights.insert(weights_of(seed, properties().front()));
    }
    EXPECT_GT(weights.size(), 15U);
}

TEST(Motifs, NameCommandsAndFieldsThatThereAre) {
    std::set<std::string_view> names;
    for (const auto& motif : motifs()) {
        EXPECT_TRUE(names.insert(motif.name).second) << motif.name << " is there twice";
        EXPECT_GT(motif.steps.size(), 1U) << motif.name;
        for (const auto& step : motif.steps) {
            const auto* command = command_named(step.does);
            ASSERT_NE(command, nullptr) << motif.name << ": " << step.does;
            for (const auto& [field, value] : step.with) {
                EXPECT_NE(std::ranges::find(command->fields, field), command->fields.end())
                    << motif.name << ": " << step.does << "." << field;
            }
        }
    }
}

// Their steps tell of one cluster, with its own account and Vault.
TEST(Motifs, AreAboutOneCluster) {
    Beginning world;
    world.clusters = world.vaults = 2;
    Prng prng(1);
    for (const auto& motif : motifs()) {
        std::map<std::string, std::set<std::string>> values;
        const auto steps = steps_of(motif, world, prng);
        ASSERT_EQ(steps.size(), motif.steps.size());
        for (const auto& step : steps) {
            EXPECT_EQ(step.with.size(), command_named(step.does)->fields.size())
                << motif.name << ": " << step.does;
            for (const auto& [field, value] : step.with) {
                values[field].insert(value);
            }
        }
        values["account"].erase("spare");
        values["account"].erase("next");
        for (const auto* field : {"cluster", "account", "vault", "workload"}) {
            EXPECT_LE(values[field].size(), 1U) << motif.name << "." << field;
        }
        if (values.contains("cluster") && !values["cluster"].empty() && !values["vault"].empty()) {
            EXPECT_EQ(*values["vault"].begin(), *values["cluster"].begin() == "beta" ? "1" : "0");
        }
    }
}

bool contains(const History& history, const Motif& motif) {
    const auto same = [](const Step& step, const Step& wanted) { return step.does == wanted.does; };
    return std::ranges::search(history.steps, motif.steps, same).begin() != history.steps.end();
}

// A minute on one core plays a hundred histories: what is not in one of thirty is easily missed.
constexpr std::size_t many = 600, often_enough = many / 30;

/// Drawn once for all who look at them.
const std::vector<History>& many_histories() {
    static const auto all = [] {
        std::vector<History> drawn;
        for (std::uint64_t seed = 0; seed < many; ++seed) {
            const auto& property = properties().at(seed % properties().size());
            drawn.push_back(draw_history(seed, property, 60));
        }
        return drawn;
    }();
    return all;
}

/// How many of those are so.
template <class Holds>
std::size_t histories_with(const Holds& holds) {
    return static_cast<std::size_t>(std::ranges::count_if(many_histories(), holds));
}

TEST(Draw, BringsEveryMotifOften) {
    for (const auto& motif : motifs()) {
        const auto found =
            histories_with([&](const History& history) { return contains(history, motif); });
        EXPECT_GE(found, often_enough) << motif.name;
    }
}

// Whatever the seed: who plays a round of runs has begun with each of them, in a world where it
// shows.
TEST(Draw, BeginsWithEveryMotifInItsTurn) {
    for (const std::uint64_t seed : {1, 2, 977}) {
        std::set<const Motif*> begun;
        std::vector<const Motif*> order;
        std::size_t without = 0;
        const auto round = motifs().size() + motifs().size() / 4;
        for (std::size_t run = 0; run < round; ++run) {
            const auto* opening = opening_of(seed, run);
            order.push_back(opening);
            without += opening == nullptr ? 1 : 0;
            EXPECT_TRUE(opening == nullptr || begun.insert(opening).second) << opening->name;
            const auto& property = properties().at(run % properties().size());
            const auto history = draw_run(seed, run, property, 60);
            EXPECT_EQ(history.steps.size(), 60U);
            if (opening == nullptr) {
                continue;
            }
            for (std::size_t i = 0; i < opening->steps.size(); ++i) {
                EXPECT_EQ(history.steps[i].does, opening->steps[i].does) << opening->name;
            }
            if (opening->world != nullptr) {
                auto same = history.world;
                opening->world(same);
                EXPECT_EQ(same, history.world) << opening->name;
            }
        }
        EXPECT_EQ(begun.size(), motifs().size());
        EXPECT_EQ(without, motifs().size() / 4);
        std::vector<const Motif*> next;
        for (std::size_t run = round; run < 2 * round; ++run) {
            next.push_back(opening_of(seed, run));
        }
        EXPECT_NE(next, order) << "each round has an order of its own";
    }
    EXPECT_EQ(draw_run(7, 3, properties().front(), 20), draw_run(7, 3, properties().front(), 20));
}

TEST(Draw, BringsEveryKindOfWorldOften) {
    const auto worlds = [](auto holds) {
        return histories_with([&](const History& history) { return holds(history.world); });
    };
    EXPECT_GE(worlds([](const Beginning& world) { return world.replicas > 1; }), often_enough);
    EXPECT_GE(worlds([](const Beginning& world) { return world.vault_namespace; }), often_enough);
    EXPECT_GE(worlds([](const Beginning& world) { return world.public_root; }), often_enough);
    EXPECT_GE(worlds([](const Beginning& world) { return world.nodes > 1; }), often_enough);
    EXPECT_GE(worlds([](const Beginning& world) { return world.signers > 0; }), often_enough);
    EXPECT_GE(worlds([](const Beginning& world) { return world.clusters > 1; }), often_enough);
    EXPECT_GE(worlds([](const Beginning& world) { return !world.tokens.empty(); }), often_enough);
}

TEST(Draw, GivesAPropertyOfThroughputBusyVaults) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto history = draw_history(seed, *property_named("throughput"), 1);
        EXPECT_GT(history.world.signers, 0);
        EXPECT_GT(history.world.signing_ms, 0);
    }
}

Played sample_run() {
    Played played;
    played.failures = {"expiry: web was accepted at 12:00:31; its leaf had ended at 12:00:30"};
    played.record.steps = {
        {.at = std::chrono::hours(27), .date = {}, .text = "cut <x>", .skipped = {}, .wrong = {}},
        {.at = std::chrono::hours(28),
         .date = {},
         .text = "heal",
         .skipped = "nothing is cut",
         .wrong = {}}};
    auto& lane = played.record.lanes["uid"];
    lane.name = "web-abcde";
    lane.last_seen = std::chrono::hours(28);
    lane.leaves = {{"01:02", "alpha", {}, std::chrono::hours(24)}};
    played.record.requests = {{std::chrono::hours(27), "web-abcde", "api-abcde", true, true}};
    played.record.faults = {{"agents>vault-0", std::chrono::hours(2), std::nullopt}};
    return played;
}

TEST(Story, TellsStepsOnAClockAndTheSentence) {
    History history;
    history.name = "sample";
    const auto story = story_of(history, sample_run());
    EXPECT_NE(story.find("day 2 03:00:00   1. cut <x>"), std::string::npos) << story;
    EXPECT_NE(story.find("(skipped: nothing is cut)"), std::string::npos) << story;
    EXPECT_NE(story.find("its leaf had ended at 12:00:30"), std::string::npos) << story;
}

TEST(Story, DrawsATimelineThatNeedsNothingElse) {
    History history;
    history.name = "sample";
    const auto page = timeline_html(history, sample_run());
    for (const auto* part : {"class=\"leaf\"", "class=\"fault\"", "class=\"wrong\"",
                             "cut &lt;x&gt;", "web-abcde", "history: sample", "</html>"}) {
        EXPECT_NE(page.find(part), std::string::npos) << part;
    }
    EXPECT_EQ(page.find("cut <x>"), std::string::npos);
    EXPECT_EQ(page.find("://"), std::string::npos) << "it asks somebody for something";
}

}  // namespace
}  // namespace meshproof::scenarios::explore
