// Whether exploring finds anything: each saboteur of the mesh is hunted from fresh seeds, and the
// table of what was found is Markdown on stdout.
#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "core/mesh/saboteurs.hpp"
#include "core/time/prng.hpp"
#include "core/time/real_clock.hpp"
#include "scenarios/explore/explore.hpp"
#include "scenarios/explore/tests/sim.hpp"

namespace meshproof::scenarios::explore {
namespace {

constexpr Duration budget = std::chrono::seconds(60);  // on one core, for one hunt
constexpr int hunts = 3;                               // each from a fresh seed

/// One hunt: until the first failure, or the budget is spent.
struct Caught {
    double seconds = 0;
    std::string tag;        ///< "" = not found
    std::size_t steps = 0;  ///< of the shrunk story
};

Caught hunt(const mesh::Saboteur& saboteur, std::uint64_t seed) {
    ExploreOptions options;
    for (const auto& property : properties()) {
        options.properties.push_back(&property);
    }
    options.seed = seed;
    options.minutes = budget;
    options.shrink_budget = budget;
    options.seams = mesh::sabotaged(saboteur.name);
    options.environment_for = sim_of;
    options.until_first_failure = true;
    const RealClock clock;
    Duration found{};
    options.on_progress = [&](std::size_t, std::size_t, std::size_t failures) {
        if (failures > 0 && found == Duration::zero()) {
            found = clock.elapsed();
        }
    };
    const auto explored = explore(options);
    Caught caught;
    if (!explored.findings.empty()) {
        caught.seconds = std::chrono::duration<double>(found).count();
        caught.tag = explored.findings.front().tag;
        caught.steps = explored.findings.front().history.steps.size();
    }
    return caught;
}

int hunt_all(std::string_view only) {
    fmt::print("| saboteur | found | seconds | by | steps of the story |\n|---|---|---|---|---|\n");
    int missed = 0;
    for (const auto& saboteur : mesh::saboteurs()) {
        if (!only.empty() && saboteur.name != only) {
            continue;
        }
        int found = 0;
        Caught worst;
        for (int i = 0; i < hunts; ++i) {
            const auto caught = hunt(saboteur, fresh_seed());
            found += caught.tag.empty() ? 0 : 1;
            if (caught.seconds >= worst.seconds) {
                worst = caught;
            }
        }
        missed += found < hunts ? 1 : 0;
        fmt::print("| {} | {} of {} | {:.1f} | {} | {} |\n", saboteur.name, found, hunts,
                   worst.seconds, worst.tag, worst.steps);
        std::fflush(stdout);
    }
    return missed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace meshproof::scenarios::explore

int main(int argc, char** argv) {
    return meshproof::scenarios::explore::hunt_all(argc > 1 ? argv[1] : "");
}
