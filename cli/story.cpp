#include "cli/story.hpp"

#include "core/world/runner.hpp"
#include "fakes/world/environments.hpp"

namespace meshproof::cli {
namespace {

/// Events of one kind in a row, of which the first is told.
struct Scene {
    const run::TraceEvent* first;
    std::size_t count = 1;
};

/// The mesh's own events: requests of the administrator are steps of every scenario.
std::vector<Scene> scenes_of(const std::vector<run::TraceEvent>& events) {
    std::vector<Scene> out;
    for (const auto& event : events) {
        if (event.kind == "request") {
            continue;
        }
        if (!out.empty() && out.back().first->kind == event.kind) {
            ++out.back().count;
        } else {
            out.push_back({&event});
        }
    }
    return out;
}

/// How many lives of a leaf it takes says how long that is where leaves live otherwise.
std::string lengths_of(const run::Outcome& outcome) {
    const auto life = fakes::FakeServersOptions().leaf_ttl;
    const auto lives =
        static_cast<double>(outcome.virtual_duration.count()) / static_cast<double>(life.count());
    const auto with = [&](Duration leaf_ttl) {
        return human_duration(std::chrono::round<std::chrono::seconds>(leaf_ttl * lives));
    };
    constexpr double hardly = 0.05;
    if (lives < hardly) {
        return "a few seconds in every setting: it waits for no leaf to age";
    }
    return fmt::format(
        "{:.1f} lives of a leaf: about {} in loopback, {} on a target with leaf_ttl 30s; {} in sim",
        lives, with(std::chrono::seconds(6)), with(std::chrono::seconds(30)),
        human_duration(outcome.duration));
}

run::Outcome played_in_sim(const run::Scenario& scenario) {
    run::RunnerOptions options;
    options.keep_trace = true;
    options.run_id = "storys";
    options.environment = [](std::uint64_t seed) {
        fakes::SimOptions sim;
        sim.seed = seed;
        return fakes::make_sim(std::move(sim));
    };
    return run::run_scenarios({&scenario}, options).outcomes.at(0);
}

}  // namespace

void tell_story(const run::Scenario& scenario) {
    constexpr std::size_t most = 60;
    const auto outcome = played_in_sim(scenario);
    const auto* played = std::get_if<run::ScenarioOutcome>(&outcome.detail);
    if (played == nullptr || played->trace.empty()) {
        return;  // sim lacks what it needs
    }
    fmt::print("  takes     {}\n", lengths_of(outcome));
    fmt::print(
        "  expects   that the sentence above holds at each step, and what the monitors see in "
        "every "
        "scenario\n"
        "            (docs/architecture.md, Monitors)\n\n"
        "  What happens, played in virtual time with seed 1 and leaves of a day. Steps of one kind "
        "in "
        "a row are told once:\n\n");
    const auto scenes = scenes_of(played->trace);
    for (std::size_t i = 0; i < scenes.size() && i < most; ++i) {
        const auto& [first, count] = scenes[i];
        fmt::print("  {:>14}  {}{}\n", human_duration(first->at), run::text_of(*first),
                   count == 1 ? "" : fmt::format("  (and {} more)", count - 1));
    }
    if (scenes.size() > most) {
        fmt::print("  {:>14}  {} more: meshproof run {} --trace\n", "...", scenes.size() - most,
                   scenario.id);
    }
}

}  // namespace meshproof::cli
