#pragma once

#include <string_view>
#include <vector>

#include "core/check/check.hpp"
#include "core/check/evidence.hpp"
#include "core/run/schedule.hpp"

namespace meshproof::run {

/// Each thread has an environment of its own where `share_servers` is set; otherwise every check
/// has one.
struct CheckRunnerOptions : ScheduleOptions {
    CheckRunnerOptions() { share_servers = true; }
    std::size_t at_once = 16;  ///< checks side by side in one shared environment
    bool evidence = true;      ///< outcomes hold what was said
    std::size_t longest_evidence = evidence_bytes;  ///< of a body
    /// Stands by at each check. Of one thread and one check at a time.
    Witness* witness = nullptr;
};

/// A check of a run that could not begin, or ended before it.
[[nodiscard]] Outcome not_begun(const Check& check, std::string_view why);

/// Runs the checks and fills in `outcomes` (in the given order), `servers`, `features` and
/// `seed`. The caller sets the rest.
[[nodiscard]] RunResult run_checks(const std::vector<const Check*>& checks,
                                   const CheckRunnerOptions& options);

}  // namespace meshproof::run
