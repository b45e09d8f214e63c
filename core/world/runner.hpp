#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/run/ending.hpp"
#include "core/run/result.hpp"
#include "core/world/scenario.hpp"

namespace meshproof::run {

struct RunnerOptions {
    std::uint64_t seed = 1;
    std::size_t jobs = 1;
    /// A new environment for one scenario. Called from worker threads.
    std::function<std::unique_ptr<Environment>(std::uint64_t seed)> environment;
    /// Run ids must not repeat on a shared server: fresh chance on real ones, the seed in sim.
    std::string run_id;
    std::map<std::string, std::string> deviations;  ///< id -> reason
    bool share_servers = false;  ///< live: exclusive scenarios run alone, after the others
    bool keep_trace = false;     ///< keep the lines of passes too
    std::function<void(const Scenario&)>
        on_begin;  ///< may be called from several threads, never at once
    std::function<void(const Outcome&, std::size_t done, std::size_t all)> on_end;
    StopSource* stop = nullptr;
};

/// A scenario of a run that could not begin, or ended before it.
[[nodiscard]] Outcome not_begun(const Scenario& scenario, std::string_view why);

/// Runs the scenarios and fills in `outcomes` (in the given order), `servers` and the verdicts. The
/// caller sets the rest.
[[nodiscard]] RunResult run_scenarios(const std::vector<const Scenario*>& scenarios,
                                      const RunnerOptions& options);

}  // namespace meshproof::run
