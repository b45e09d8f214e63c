#pragma once

#include <CLI/CLI.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/check/check.hpp"
#include "core/run/target.hpp"
#include "core/world/runner.hpp"
#include "core/world/scenario.hpp"
#include "fakes/world/environments.hpp"

/// The program's subcommands. Each adds itself to the parser and is run by main; all say what they
/// do in `exit` codes.
namespace meshproof::cli {

/// Documented exit codes (README, --help).
enum Exit : int {
    as_expected = 0,
    something_failed = 1,
    usage = 2,        ///< also invalid input of any kind
    unreachable = 3,  ///< target or environment unreachable, or something was blocked
    nothing_ran = 4,
    own_bug = 70,
};

/// A usage or input error: printed as `meshproof: error:` and `hint:`, exit code 2.
class UsageError : public std::exception {
  public:
    explicit UsageError(std::string message, std::string hint = {})
        : message_(std::move(message)), hint_(std::move(hint)) {}
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
    [[nodiscard]] const std::string& hint() const { return hint_; }

  private:
    std::string message_, hint_;
};

using Command = std::function<int()>;
void add_run(CLI::App& app, Command& chosen);
void add_conform(CLI::App& app, Command& chosen);
void add_list(CLI::App& app, Command& chosen);
void add_explain(CLI::App& app, Command& chosen);
void add_report(CLI::App& app, Command& chosen);
void add_load(CLI::App& app, Command& chosen);
void add_serve(CLI::App& app, Command& chosen);
void add_clean(CLI::App& app, Command& chosen);

/// A target as the command line names it: sim, loopback, or a file.
struct ChosenTarget {
    std::string setting;   ///< "sim", "loopback" or "live"
    std::string argument;  ///< as typed
    run::Target file;      ///< live only
};
/// UsageError where the file cannot be read or is wrong.
[[nodiscard]] ChosenTarget choose_target(const std::string& argument);

/// The scenarios whose id is one of `ids` or begins with one and a slash; all where it is empty.
/// UsageError names the nearest id.
[[nodiscard]] std::vector<const run::Scenario*> choose_scenarios(
    const std::vector<std::string>& ids);
/// The same for checks ("vault/pki").
[[nodiscard]] std::vector<const run::Check*> choose_checks(const std::vector<std::string>& ids);

/// The known word nearest to what was typed, or "" where none is near.
[[nodiscard]] std::string nearest(std::string_view typed, const std::vector<std::string>& known);

/// The id that everything a run creates carries. On shared servers a fresh one, so that a second
/// run with the same seed does not meet the first one's names; in sim a part of the function.
[[nodiscard]] std::string draw_run_id(const ChosenTarget& target, std::uint64_t seed);
/// The command that removes what the run leaves when it is killed; "" where it ends with the run.
[[nodiscard]] std::string clean_advice(const ChosenTarget& target, std::string_view run_id);
/// For the head of a live run: its id, and how its things are removed.
[[nodiscard]] std::string run_id_line(const ChosenTarget& target, std::string_view run_id);

/// Turns the first SIGINT, SIGTERM or SIGHUP (a closed terminal, a dropped ssh) into a stop
/// request, and the second into an end at once, with `advice` for what is left. SIGHUP stays
/// ignored where it was (nohup). Made before any thread.
class SignalWatch {
  public:
    explicit SignalWatch(std::function<void()> on_first, std::string advice = {});
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

[[nodiscard]] bool stderr_is_terminal();

/// Progress for people: one redrawn line on a terminal, nothing where output is kept in a file (the
/// results are lines already).
class Progress {
  public:
    /// `wanted`: false keeps it away from a terminal too.
    explicit Progress(std::size_t all, bool wanted = true)
        : all_(all), live_(wanted && stderr_is_terminal()) {}
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void begin(std::string_view id) {
        running_.insert(std::string(id));
        draw();
    }
    void end(std::string_view id) {
        if (const auto found = running_.find(std::string(id)); found != running_.end()) {
            running_.erase(found);  // what is skipped never began
        }
        ++done_;
    }
    void clear() {
        if (drawn_) {
            fmt::print(stderr, "\r\x1b[K");
            std::fflush(stderr);
            drawn_ = false;
        }
    }
    void draw() {
        if (!live_ || running_.empty()) {
            return;
        }
        auto line = fmt::format("[{}/{}] {}", done_, all_, *running_.begin());
        if (running_.size() > 1) {
            line += fmt::format(" and {} more", running_.size() - 1);
        }
        fmt::print(stderr, "\r\x1b[K{}", line);
        std::fflush(stderr);
        drawn_ = true;
    }

  private:
    std::size_t all_;
    bool live_;
    bool drawn_ = false;
    std::size_t done_ = 0;
    std::multiset<std::string> running_;
};

/// The exit code that a run's verdicts ask for.
[[nodiscard]] int exit_code(const run::RunResult& result);

}  // namespace meshproof::cli
