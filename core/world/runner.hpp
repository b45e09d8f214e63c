#pragma once

#include <string_view>
#include <vector>

#include "core/run/schedule.hpp"
#include "core/world/scenario.hpp"

namespace meshproof::run {

struct RunnerOptions : ScheduleOptions {
    bool keep_trace = false;  ///< keep the lines of passes too
};

/// A scenario of a run that could not begin, or ended before it.
[[nodiscard]] Outcome not_begun(const Scenario& scenario, std::string_view why);

/// Runs the scenarios, each in an environment of its own, and fills in `outcomes` (in the given
/// order), `servers` and `seed`. The caller sets the rest.
[[nodiscard]] RunResult run_scenarios(const std::vector<const Scenario*>& scenarios,
                                      const RunnerOptions& options);

}  // namespace meshproof::run
