#pragma once

#include <vector>

#include "core/world/scenario.hpp"

namespace meshproof::scenarios {

/// Every scenario that there is, sorted by id.
[[nodiscard]] const std::vector<const run::Scenario*>& all_scenarios();

}  // namespace meshproof::scenarios
