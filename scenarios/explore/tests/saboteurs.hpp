#pragma once

#include "core/mesh/saboteurs.hpp"
#include "scenarios/explore/player.hpp"
#include "scenarios/explore/tests/sim.hpp"

namespace meshproof::scenarios::explore {

/// A deliberate fault somewhere in a world: in its mesh, or in its fake servers.
struct WorldSaboteur {
    std::string_view name;
    std::string_view breaks;  ///< what no longer holds
    bool of_servers = false;
};

/// All that a history may meet.
inline std::vector<WorldSaboteur> world_saboteurs() {
    std::vector<WorldSaboteur> all;
    for (const auto& saboteur : mesh::saboteurs()) {
        all.push_back({saboteur.name, saboteur.breaks, false});
    }
    for (const auto& saboteur : fakes::all_saboteurs) {
        all.push_back({saboteur.name, saboteur.breaks, true});
    }
    return all;
}

/// The seams of one run's mesh: honest where the saboteur is in the servers.
inline mesh::Seams seams_with(const WorldSaboteur& saboteur) {
    return saboteur.of_servers ? mesh::Seams{} : mesh::sabotaged(saboteur.name);
}

/// The servers of one run: honest where the saboteur is in the mesh.
inline std::unique_ptr<run::Environment> servers_with(const WorldSaboteur& saboteur,
                                                      const History& history) {
    fakes::Saboteurs in_servers;
    if (saboteur.of_servers) {
        in_servers.add(std::string(saboteur.name));
    }
    return sim_with(history, std::move(in_servers));
}

/// What is wrong with the history, what did not apply included: under the saboteur, or in an honest
/// world.
inline std::string told_of(const History& history, const WorldSaboteur* saboteur,
                           std::string run_id) {
    const auto played =
        play(history, saboteur != nullptr ? servers_with(*saboteur, history) : sim_of(history),
             {.run_id = std::move(run_id),
              .seams = saboteur != nullptr ? seams_with(*saboteur) : mesh::Seams(),
              .hidden_skew = {},
              .stop = nullptr,
              .keep_trace = false});
    std::string told = played.blocked;
    for (const auto& step : played.record.steps) {
        told += step.skipped.empty() ? "" : fmt::format("skipped: {}\n", step.skipped);
    }
    return told + fmt::format("{}", fmt::join(played.failures, "\n"));
}

}  // namespace meshproof::scenarios::explore
