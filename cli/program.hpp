#pragma once

#include <CLI/CLI.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/check/check.hpp"
#include "core/run/environment.hpp"
#include "core/run/result.hpp"
#include "core/run/target.hpp"
#include "core/world/scenario.hpp"
#include "scenarios/explore/history.hpp"

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
    out_of_time = 5,  ///< --time-limit ended it, and nothing had failed
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
/// Those that this program has: all of them (commands.cpp), or `run` alone (only_run.cpp).
/// `served` is the command of `serve -- COMMAND`, or empty.
void add_commands(CLI::App& app, Command& chosen, std::vector<std::string> served);
void add_run(CLI::App& app, Command& chosen);
void add_conform(CLI::App& app, Command& chosen);
void add_list(CLI::App& app, Command& chosen);
void add_explain(CLI::App& app, Command& chosen);
void add_report(CLI::App& app, Command& chosen);
/// Subcommands of `report`.
void add_report_gate(CLI::App& report, Command& chosen);
void add_report_merge(CLI::App& report, Command& chosen);
void add_load(CLI::App& app, Command& chosen);
void add_plan(CLI::App& app, Command& chosen);
void add_preflight(CLI::App& app, Command& chosen);
void add_export(CLI::App& app, Command& chosen);
void add_serve(CLI::App& app, Command& chosen, std::vector<std::string> served);
void add_clean(CLI::App& app, Command& chosen);
void add_replay(CLI::App& app, Command& chosen);
void add_explore(CLI::App& app, Command& chosen);
void add_completion(CLI::App& app, Command& chosen);
void add_twin(CLI::App& app, Command& chosen);

/// The sim world that a history asks for: as `replay` and `explore` both play it.
[[nodiscard]] std::unique_ptr<run::Environment> sim_for(const scenarios::explore::History& history);

/// A target as the command line names it: sim, loopback, or a file.
struct ChosenTarget {
    std::string setting;   ///< "sim", "loopback" or "live"
    std::string argument;  ///< as typed
    run::Target file;      ///< live only
};
/// UsageError where the file cannot be read or is wrong.
[[nodiscard]] ChosenTarget choose_target(const std::string& argument);
/// Of an account file that is wrong in so many words: where it works, or that it is a target file.
[[nodiscard]] std::string hint_of_account(std::string_view problem);

/// The scenarios whose id is one of `ids` or begins with one and a slash; all where it is empty.
/// UsageError names the nearest id.
[[nodiscard]] std::vector<const run::Scenario*> choose_scenarios(
    const std::vector<std::string>& ids);
/// The ids of all checks; none where this program has no checks.
[[nodiscard]] std::vector<std::string> check_ids();
/// As choose_scenarios, for checks ("vault/pki").
[[nodiscard]] std::vector<const run::Check*> choose_checks(const std::vector<std::string>& ids);

/// The ids that --skip names, by the same rules; none where it names none.
[[nodiscard]] std::set<std::string> skipped_scenarios(const std::vector<std::string>& ids);
[[nodiscard]] std::set<std::string> skipped_checks(const std::vector<std::string>& ids);

/// The known word nearest to what was typed, or "" where none is near.
[[nodiscard]] std::string nearest(std::string_view typed, const std::vector<std::string>& known);

/// The exit code that a run's verdicts ask for.
[[nodiscard]] int exit_code(const run::RunResult& result);

}  // namespace meshproof::cli
