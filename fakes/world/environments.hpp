#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/run/environment.hpp"
#include "fakes/sim/sim_network.hpp"
#include "fakes/world/fake_servers.hpp"

namespace meshproof::fakes {

/// The setting `sim`: virtual time, no sockets, fake servers. A function of its seed.
struct SimOptions {
    std::uint64_t seed = 1;
    std::optional<Time> start;  ///< the date that it begins with; nothing = of 2026, by the seed
    FakeServersOptions servers;
    FaultPlan faults;
    std::function<void(FakeServers&)> on_started;  ///< they are there now; may be empty
};
[[nodiscard]] std::unique_ptr<run::Environment> make_sim(SimOptions options);

/// The setting `loopback`: real time and TLS sockets, fake servers in this process.
[[nodiscard]] std::unique_ptr<run::Environment> make_loopback(FakeServersOptions options);

/// The setting `live` on a target file, with fakes for the side that the file calls `fake`.
[[nodiscard]] std::unique_ptr<run::Environment> make_live(run::Target target,
                                                          FakeServersOptions fakes);

}  // namespace meshproof::fakes
