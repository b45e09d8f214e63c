#pragma once

#include "core/mesh/saboteurs.hpp"
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
        if (!saboteur.name.starts_with("capacity/")) {  // no history gives a server a capacity
            all.push_back({saboteur.name, saboteur.breaks, true});
        }
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

}  // namespace meshproof::scenarios::explore
