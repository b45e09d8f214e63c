#pragma once

#include "conformance/check.hpp"

/// What the checks of a cluster have in common.
namespace meshproof::conformance::sys {

/// The index of the node that is active, once there is one and every other node is in standby and
/// names it. The check is blocked where that does not come about within a minute.
[[nodiscard]] Task<std::size_t> active_node(Probe& probe);

}  // namespace meshproof::conformance::sys
