#pragma once

#include "fakes/world/environments.hpp"
#include "scenarios/explore/history.hpp"

namespace meshproof::scenarios::explore {

/// The sim world that a history asks for, as `meshproof replay` makes it; with saboteurs of the
/// fake servers in it, or none.
inline std::unique_ptr<run::Environment> sim_with(const History& history,
                                                  fakes::Saboteurs saboteurs) {
    fakes::SimOptions sim;
    sim.seed = history.seed;
    sim.servers.vaults = static_cast<std::size_t>(history.world.vaults);
    sim.servers.clusters = static_cast<std::size_t>(history.world.clusters);
    sim.servers.product = history.world.product;
    sim.servers.vault_nodes = static_cast<std::size_t>(history.world.nodes);
    sim.servers.sign_concurrency = history.world.signers;
    sim.servers.sign_service_time = std::chrono::milliseconds(history.world.signing_ms);
    sim.servers.es256 = true;
    sim.servers.saboteurs = std::move(saboteurs);
    return fakes::make_sim(sim);
}

inline std::unique_ptr<run::Environment> sim_of(const History& history) {
    return sim_with(history, {});
}

}  // namespace meshproof::scenarios::explore
