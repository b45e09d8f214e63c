#pragma once

#include "fakes/world/environments.hpp"
#include "scenarios/explore/history.hpp"

namespace meshproof::scenarios::explore {

/// The sim world that a history asks for, as `meshproof replay` makes it.
inline std::unique_ptr<run::Environment> sim_of(const History& history) {
    fakes::SimOptions sim;
    sim.seed = history.seed;
    sim.servers.vaults = static_cast<std::size_t>(history.world.vaults);
    sim.servers.clusters = static_cast<std::size_t>(history.world.clusters);
    sim.servers.product = history.world.product;
    sim.servers.es256 = true;
    return fakes::make_sim(sim);
}

}  // namespace meshproof::scenarios::explore
