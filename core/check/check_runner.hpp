#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/check/check.hpp"
#include "core/run/ending.hpp"
#include "core/run/result.hpp"

namespace meshproof::run {

struct CheckRunnerOptions {
    std::uint64_t seed = 1;
    /// Worker threads. Each has an environment of its own where `share_servers` is set; otherwise
    /// every check has one.
    std::size_t threads = 1;
    std::size_t at_once = 16;   ///< checks side by side in one shared environment
    bool share_servers = true;  ///< exclusive checks then run alone, after the others
    /// A new environment. Called from worker threads.
    std::function<std::unique_ptr<Environment>(std::uint64_t seed)> environment;
    std::string run_id;
    std::map<std::string, std::string> deviations;  ///< id -> reason
    /// May be called from several threads, never at once.
    std::function<void(const Check&)> on_begin;
    std::function<void(const Outcome&)> on_end;
    StopSource* stop = nullptr;
    bool evidence = true;  ///< outcomes hold what was said
    /// Stands by at each check. Of one thread and one check at a time.
    Witness* witness = nullptr;
};

/// A check of a run that could not begin, or ended before it.
[[nodiscard]] Outcome not_begun(const Check& check, std::string_view why);

/// Runs the checks and fills in `outcomes` (in the given order), `servers` and `features`. The
/// caller sets the rest.
[[nodiscard]] RunResult run_checks(const std::vector<const Check*>& checks,
                                   const CheckRunnerOptions& options);

}  // namespace meshproof::run
