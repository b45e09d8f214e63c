#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "cli/signal_watch.hpp"
#include "core/base/held_folder.hpp"
#include "core/run/schedule.hpp"
#include "fakes/world/environments.hpp"

namespace meshproof::cli {

/// Real leaves in loopback: short enough for a quick run, long enough that whole-second dates leave
/// room.
inline constexpr Duration loopback_leaf = std::chrono::seconds(6);

/// The flags of every command that plays something against a target.
struct SessionOptions {
    std::string target;
    std::optional<std::uint64_t> seed;
    std::string report;  ///< folder; "" = none
    std::size_t jobs = 0;
    std::string product = "openbao";
    bool fail_fast = false;
    std::vector<std::string> skips;  ///< as typed
    std::string time_limit;          ///< as typed; "" = none
    std::string summary;             ///< file; "" = none
    OutputOptions output;

    [[nodiscard]] vault::Product fake_product() const {
        return product == "vault" ? vault::Product::vault : vault::Product::openbao;
    }
};
/// Adds them. `fakes` is the word for the fakes over sockets; `things` are what is played, "" where
/// nothing goes side by side.
void add_session_options(CLI::App& command, SessionOptions& options, std::string_view targets,
                         std::string_view report_files, std::string_view things);

/// What pipelines expect beside them: --time-limit and --summary; where several `things` are
/// played, --fail-fast and --skip too. `add_session_options` adds them.
void add_pipeline_options(CLI::App& command, SessionOptions& options, std::string_view things);

/// The command that plays an outcome again; "" = none.
using ReplayCommand =
    std::function<std::string(const run::RunResult& result, const run::Outcome& outcome)>;

/// One run of a command: its target, seed and run id, the stop that a signal asks for, what it says
/// and where its reports go. Made before any thread.
class Session {
  public:
    /// UsageError where the target, the time limit, the report folder or the summary cannot be used
    /// as given. The time limit begins with it.
    /// `subcommand`: where it is not named as its kind of report is.
    Session(run::Command command, const SessionOptions& options, std::string_view subcommand = {});

    [[nodiscard]] const ChosenTarget& target() const { return target_; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    [[nodiscard]] const std::string& run_id() const { return run_id_; }
    [[nodiscard]] Output& output() { return output_; }
    [[nodiscard]] bool stopping() const { return stop_.requested(); }
    [[nodiscard]] bool out_of_time() const {
        return stop_.requested() && stop_.reason() == run::StopReason::time_limit;
    }
    [[nodiscard]] bool live() const { return target_.setting == "live"; }
    [[nodiscard]] bool sim() const { return target_.setting == "sim"; }

    /// What the target's environments are made of; `servers` says what the fakes among them are.
    /// Everything of ScheduleOptions but jobs and the callbacks.
    void fill(run::ScheduleOptions& options, fakes::FakeServersOptions servers);
    /// The same with another seed, and the run id that follows from it.
    void fill(run::ScheduleOptions& options, fakes::FakeServersOptions servers, std::uint64_t seed);

    /// The command that plays an outcome again, as this run would; without one, what its report
    /// says.
    void replay_by(ReplayCommand command) { replay_ = std::move(command); }

    /// How many scenarios or histories go side by side: as asked, or as many as this setting bears.
    [[nodiscard]] std::size_t jobs() const;

    /// Stops in order where nobody reads stdout any more. `play` does so by itself; others ask as
    /// they go on.
    void heed_reader();

    void say_head();
    /// The id that everything carries, and how it is removed after a kill.
    void say_run_id();
    /// Asks the target before anything begins: one clear error now instead of one for each of
    /// many. `ask` throws CannotGoOn where it cannot be used; the reports, with `bare` outcomes,
    /// are written then as well.
    void prove_usable(const std::function<void()>& ask,
                      const std::function<std::vector<run::Outcome>(std::string_view why)>& bare);
    /// Plays what has these ids, with progress on a terminal: `tell` says an outcome, `play` is
    /// given the callbacks. On a terminal outcomes are told as they end, elsewhere in the order of
    /// the ids.
    [[nodiscard]] run::RunResult play(const std::vector<std::string>& ids,
                                      run::ScheduleOptions& options,
                                      const std::function<void(const run::Outcome&)>& tell,
                                      const std::function<run::RunResult()>& played);
    /// What is known of the run before anything of it happened.
    [[nodiscard]] run::RunResult bare_result(std::uint64_t seed, Time started) const;
    /// What failed or was blocked, a line each, with the command that plays it again last. What a
    /// stop cut off is one line.
    void tell_problems(const run::RunResult& result);
    /// Says in the result who stopped the run, where somebody did.
    void note_stop(run::RunResult& result) const;
    /// The problems, a line each, the counts, the reports, and the document. Gives the exit code
    /// that the verdicts ask for.
    [[nodiscard]] int conclude(const run::RunResult& result);
    /// Reports and document of a run that could not begin (`result.problem`); never throws, since
    /// the problem is told next.
    void conclude_unbegun(const run::RunResult& result);
    /// Problems, counts and document are told by the command itself: adds the summary alone.
    void add_summary(const run::RunResult& result) const;

  private:
    [[nodiscard]] std::string replay_of(const run::RunResult& result,
                                        const run::Outcome& outcome) const;

    run::Command command_;
    SessionOptions options_;
    ChosenTarget target_;
    std::uint64_t seed_;
    std::string run_id_;
    HeldFolder report_folder_;
    Output output_;
    ReplayCommand replay_;
    run::StopSource stop_;
    SignalWatch watch_;
};

/// Whether an outcome is told even with --quiet.
[[nodiscard]] bool is_bad(const run::Outcome& outcome);
/// Whether a stop cut it off, and nothing else is to be said of it. On a machine that begins many
/// at once their exchanges and commands would push what failed out of sight.
[[nodiscard]] bool cut_off(const run::Outcome& outcome);
/// Its line, and its further failures.
void tell_outcome(const run::Outcome& outcome, Output& output);

}  // namespace meshproof::cli
