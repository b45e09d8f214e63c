#pragma once

#include "conformance/check.hpp"

/// What the checks of a cluster have in common.
namespace meshproof::conformance::sys {

/// The index of the node that is active, once there is one and every other node is in standby,
/// names it and passes requests on to it. The check is blocked where that does not come about
/// within a minute.
[[nodiscard]] Task<std::size_t> active_node(Probe& probe);

struct Nodes {
    std::size_t active = 0, standby = 0;
};
/// The active node, and one of the others.
[[nodiscard]] Task<Nodes> nodes(Probe& probe);

/// The header of a request that is not to be forwarded.
[[nodiscard]] http::Headers alone();

}  // namespace meshproof::conformance::sys
