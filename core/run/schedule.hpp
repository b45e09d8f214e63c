#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/run/ending.hpp"
#include "core/run/result.hpp"

namespace meshproof::run {

/// What is said of every run, whatever it plays.
struct ScheduleOptions {
    std::uint64_t seed = 1;
    std::size_t jobs = 1;  ///< worker threads
    /// A new environment. Called from worker threads.
    std::function<std::unique_ptr<Environment>(std::uint64_t seed)> environment;
    /// Run ids must not repeat on a shared server: fresh chance on real ones, the seed in sim.
    std::string run_id;
    std::map<std::string, std::string> deviations;  ///< id -> reason
    std::set<std::string> skips;                    ///< ids that are asked to be left out
    /// Nothing is begun after the first that fails or is blocked; what was begun goes on to its
    /// end.
    bool fail_fast = false;
    /// What is played meets the same servers: what is exclusive then runs alone, after the rest.
    bool share_servers = false;
    /// May be called from several threads, never at once.
    std::function<void(std::string_view id)> on_begin;
    std::function<void(const Outcome&)> on_end;
    StopSource* stop = nullptr;
};

/// One run of a list of scenarios or checks: who plays which, what is told on the way, and what
/// comes of it. Everything but `result` may be called from any thread.
class Schedule {
  public:
    /// `options` outlive it.
    Schedule(const ScheduleOptions& options, std::size_t count);

    [[nodiscard]] const ScheduleOptions& options() const { return options_; }
    /// The indexes of what is to be played, in order. What the options skip has ended with this;
    /// `bare` is what is known of one that did not begin.
    [[nodiscard]] std::vector<std::size_t> pass_over(
        const std::function<Outcome(std::size_t)>& bare);
    /// Of `indexes`, those that may go side by side, and those that go alone afterwards because
    /// they are `exclusive` and the servers are shared.
    struct Turns {
        std::vector<std::size_t> together, alone;
    };
    [[nodiscard]] Turns turns(std::span<const std::size_t> indexes,
                              const std::function<bool(std::size_t)>& exclusive) const;
    /// Calls `work` once for each of `indexes`, in their order, on up to `threads` threads; comes
    /// back when all have ended.
    static void play(std::span<const std::size_t> indexes, std::size_t threads,
                     const std::function<void(std::size_t)>& work);

    /// Whether nothing more is to be begun.
    [[nodiscard]] bool stopping() const;
    void begin(std::string_view id);
    void end(std::size_t index, Outcome outcome);
    [[nodiscard]] bool ended(std::size_t index) const;
    /// What was found out of the servers; the first to tell is heard.
    void know(std::vector<ServerVersion> servers, std::vector<std::string> features);

    /// By the id, not by the place in the list: what is played alone is the same as within the
    /// suite.
    [[nodiscard]] std::string run_id_of(std::string_view id) const;
    [[nodiscard]] std::uint64_t seed_of(std::string_view id) const;

    /// The outcomes in the order of the list; `bare` is what is known of one that did not begin.
    [[nodiscard]] RunResult result(const std::function<Outcome(std::size_t)>& bare);

  private:
    [[nodiscard]] bool stop_requested() const;
    /// Why what was not begun was not.
    [[nodiscard]] std::string why_not_begun() const;

    const ScheduleOptions& options_;
    mutable std::mutex mutex_;
    std::vector<std::optional<Outcome>> outcomes_;
    std::vector<ServerVersion> servers_;
    std::vector<std::string> features_;
    std::string first_bad_;  ///< its id; "" where nothing failed or was blocked
};

/// An outcome of what could not be begun: blocked.
[[nodiscard]] Outcome not_begun(Outcome bare, std::string_view why);
/// An outcome of what somebody ended the run before.
[[nodiscard]] Outcome not_run(Outcome bare, std::string_view why);
/// An outcome of what somebody wants left out; says by which flag.
[[nodiscard]] Outcome skipped_on_request(Outcome bare);

}  // namespace meshproof::run
