#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/run/result.hpp"
#include "core/run/scenario.hpp"

namespace meshproof::run {

/// A request to stop, from any thread (a signal): running scenarios end, clean up and are
/// `blocked`; the rest is not begun.
class StopSource {
  public:
    void request();
    [[nodiscard]] bool requested() const { return requested_; }
    /// Calls back on request (at once if it was requested before), until the returned number is
    /// forgotten.
    std::size_t on_request(std::function<void()> callback);
    void forget(std::size_t number);

  private:
    std::atomic<bool> requested_{false};
    std::mutex mutex_;
    std::map<std::size_t, std::function<void()>> callbacks_;
    std::size_t next_ = 0;
};

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

/// Runs the scenarios and fills in `outcomes` (in the given order), `servers` and the verdicts. The
/// caller sets the rest.
[[nodiscard]] RunResult run_scenarios(const std::vector<const Scenario*>& scenarios,
                                      const RunnerOptions& options);

}  // namespace meshproof::run
