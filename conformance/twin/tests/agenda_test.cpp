#include "conformance/twin/agenda.hpp"

#include <gtest/gtest.h>

#include <map>

#include "conformance/twin/tests/servers.hpp"

namespace meshproof::twin {
namespace {

struct Roles {
    Description description =
        *read_description(small_document("pki"), {.mounts = {{"pki", "{pki}"}}});
    std::vector<const Operation*> operations = operations_of(*topic_named("pki"), description);
    Vocabulary words = vocabulary({});
};

std::string named(const Wanted& wanted) {
    return fmt::format("{} {} {}", wanted.operation->key(),
                       wanted.parameter == nullptr ? "-" : wanted.parameter->name,
                       to_string(wanted.fit));
}

TEST(Agenda, HasEachOperationOnceAndEachParameterInEachFitRightOnesFirst) {
    const Roles roles;
    Agenda agenda(roles.operations, Prng(1));
    std::map<std::string, std::size_t> seen;
    auto last = Fit::right;
    while (agenda.size() > 0) {
        const auto wanted = agenda.next(1).front();
        ++seen[named(wanted)];
        EXPECT_GE(wanted.fit, last);
        last = wanted.fit;
    }
    // Of the two that write and list: three parameters of a body, and LIST's own; four operations.
    EXPECT_EQ(seen.size(), 4U + 3U * 4U);
    EXPECT_EQ(seen["POST {pki}/roles/{name} ttl odd"], 1U);
    EXPECT_EQ(seen["DELETE {pki}/roles/{name} - right"], 1U);
}

TEST(Agenda, ItsOrderIsTheSeeds) {
    const Roles roles;
    const auto order = [&roles](std::uint64_t seed) {
        Agenda agenda(roles.operations, Prng(seed));
        std::vector<std::string> out;
        for (const auto& one : agenda.next(agenda.size())) {
            out.push_back(named(one));
        }
        return out;
    };
    EXPECT_EQ(order(1), order(1));
    EXPECT_NE(order(1), order(2));
}

TEST(Agenda, AsksAgainWhatAStoryDidNotReachAndGivesUpInTheEnd) {
    const Roles roles;
    Agenda agenda(roles.operations, Prng(1));
    const auto all = agenda.size();
    auto taken = agenda.next(1);
    const auto wanted = named(taken.front());
    agenda.settle(std::move(taken), {});
    EXPECT_EQ(agenda.size(), all);
    std::size_t tries = 1;
    for (std::size_t i = 0; i < 20 * all && agenda.size() > 0; ++i) {
        taken = agenda.next(1);
        tries += named(taken.front()) == wanted ? 1 : 0;
        agenda.settle(std::move(taken), {});
    }
    EXPECT_EQ(agenda.size(), 0U);
    EXPECT_EQ(tries, 4U);
}

TEST(Agenda, AStoryThatIsToAskAParameterAsksItAlone) {
    const Roles roles;
    const auto* write = roles.operations.front();
    for (const auto* one : roles.operations) {
        write = one->method == "POST" ? one : write;
    }
    Tried tried;
    for (const auto fit : all_fits) {
        DrawOptions options;
        options.bursts = 1;
        options.wanted = {{write, write->find("ttl", In::body), fit}};
        const auto story =
            draw_story(*topic_named("pki"), roles.operations, roles.words, options, tried, Prng(7));
        Agenda agenda;
        agenda.settle(options.wanted, story.steps);
        EXPECT_EQ(agenda.size(), 0U) << "not asked with a value that is " << to_string(fit);
        std::size_t alone = 0;
        for (const auto& step : story.steps) {
            for (const auto& use : step.uses) {
                alone += use.name == "ttl" && use.fit == fit ? 1 : 0;
                EXPECT_TRUE(use.fit == Fit::right || use.name == "ttl" || alone > 0);
            }
        }
        EXPECT_GE(alone, 1U);
    }
}

}  // namespace
}  // namespace meshproof::twin
