#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/run/load_outcome.hpp"
#include "core/run/trace_event.hpp"
#include "core/time/time.hpp"

namespace meshproof::run {

/// What is said of a scenario, a check or a load.
enum class Verdict {
    pass,
    fail,      ///< what was tested is wrong
    blocked,   ///< could not be found out: never counted as a pass
    skip,      ///< the target cannot do it, with the reason
    deviates,  ///< fails, and the target's file lists it with a reason
    not_run,   ///< the run ended before it was begun: never counted as a pass
};
inline constexpr std::array all_verdicts = {Verdict::pass, Verdict::fail,     Verdict::blocked,
                                            Verdict::skip, Verdict::deviates, Verdict::not_run};
[[nodiscard]] std::string_view to_string(Verdict verdict);

/// How much a mesh depends on what a check asks for.
enum class Level {
    must,    ///< a mesh breaks without it
    should,  ///< clients rely on it, and can live without
    may,     ///< a detail that only a fake has to get right
};
inline constexpr std::array all_levels = {Level::must, Level::should, Level::may};
[[nodiscard]] std::string_view to_string(Level level);

/// Which subcommand made a result.
enum class Command { run, conform, load };
inline constexpr std::array all_commands = {Command::run, Command::conform, Command::load};
[[nodiscard]] std::string_view to_string(Command command);

/// Where it ran: docs/architecture.md, "Three settings".
enum class Setting { sim, loopback, live };
inline constexpr std::array all_settings = {Setting::sim, Setting::loopback, Setting::live};
[[nodiscard]] std::string_view to_string(Setting setting);
[[nodiscard]] std::optional<Setting> setting_named(std::string_view name);

/// One request and its answer, as evidence. Secrets stand in it as `$TOKEN_1`, `$JWT_2`,
/// `$KEY_1`, the same name for the same secret through one check.
struct Exchange {
    std::string server;  ///< "vault", "kubernetes", or the name of another endpoint
    std::string method, target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    int status = 0;       ///< 0: no answer came
    std::string failure;  ///< why none came
    std::vector<std::pair<std::string, std::string>> answer_headers;
    std::string answer;  ///< text; binary bodies as "(1234 bytes)"; long ones cut, and it says so

    bool operator==(const Exchange&) const = default;
};

/// What the agents of a scenario asked of Vault, and what became of it. What is refused or not
/// answered may be meant so by the scenario: a mesh that survives it passes.
struct AgentCounts {
    std::size_t logins = 0, signatures = 0;                  ///< that were given
    std::size_t refused_logins = 0, refused_signatures = 0;  ///< by a status from 400 on
    std::size_t unanswered = 0;  ///< of both: the connection broke, or no answer came in time
    std::size_t unusable = 0;  ///< of both: by its status it was given, and its body holds nothing
    std::size_t rejected_leaves = 0;  ///< signatures whose leaf the agent itself refused
    std::size_t retries = 0;  ///< requests of an agent whose last one met any of these

    [[nodiscard]] std::size_t faults() const {
        return refused_logins + refused_signatures + unanswered + unusable + rejected_leaves;
    }
    /// Each count under its name in reports.
    [[nodiscard]] std::array<std::pair<std::string_view, std::size_t>, 8> named() const {
        return {{{"logins", logins},
                 {"signatures", signatures},
                 {"refused_logins", refused_logins},
                 {"refused_signatures", refused_signatures},
                 {"unanswered", unanswered},
                 {"unusable", unusable},
                 {"rejected_leaves", rejected_leaves},
                 {"retries", retries}}};
    }
    bool operator==(const AgentCounts&) const = default;
};

/// What is told of a scenario alone.
struct ScenarioOutcome {
    std::string trace_digest;  ///< SHA-256 over the trace's lines, hex
    std::vector<TraceEvent>
        trace;  ///< of what failed or was blocked; of all where it was asked for
    AgentCounts agents{};
    std::string sentence{};  ///< what it proves; "" of histories and properties
    std::string source{};    ///< where that is written

    bool operator==(const ScenarioOutcome&) const = default;
};

/// What is told of a check alone: what it states, and what was said.
struct CheckOutcome {
    std::string requirement, source;
    Level level = Level::must;
    std::vector<std::string> features;  ///< what it needs beside the common ground
    std::vector<Exchange> evidence;     ///< in the order of asking

    bool operator==(const CheckOutcome&) const = default;
};

struct Outcome {
    std::string id;
    Verdict verdict = Verdict::blocked;
    std::string reason;                 ///< "" for a pass; one line, the first failure first
    std::vector<std::string> failures;  ///< every expectation that did not hold
    Duration duration{};                ///< wall time; reports hold whole milliseconds
    Duration virtual_duration{};  ///< time on the run's clock; the same as duration outside sim
    std::variant<ScenarioOutcome, CheckOutcome, LoadOutcome> detail;

    bool operator==(const Outcome&) const = default;
};

/// Which flag ended a run before all of it was played.
enum class EarlyEnd { time_limit, fail_fast };
inline constexpr std::array all_early_ends = {EarlyEnd::time_limit, EarlyEnd::fail_fast};
/// As the flag has it: "time-limit".
[[nodiscard]] std::string_view to_string(EarlyEnd end);

struct ServerVersion {
    std::string role;     ///< "vault", "kubernetes"
    std::string product;  ///< "openbao", "vault", "kube-apiserver", with "fake " before it where it
                          ///< is one of ours
    std::string version;
    std::string address;

    bool operator==(const ServerVersion&) const = default;
};

/// Everything that a report says of one run. Source of every format in reports/, and what
/// reports::read_report gives back.
struct RunResult {
    std::string version = MESHPROOF_VERSION;  ///< of the meshproof that ran it
    Command command = Command::run;
    std::string target;  ///< its name
    Setting setting = Setting::sim;
    std::vector<ServerVersion> servers;
    std::vector<std::string> features;  ///< of `conform`: what the target offers
    std::uint64_t seed = 0;
    Time started;
    Duration duration{};
    std::vector<Outcome> outcomes;  ///< in the order of the list
    bool interrupted = false;       ///< by a signal
    std::optional<EarlyEnd> ended_early;
    std::string problem;  ///< why nothing could be begun; "" where something was

    [[nodiscard]] std::size_t count(Verdict verdict) const;
    bool operator==(const RunResult&) const = default;
};

}  // namespace meshproof::run
