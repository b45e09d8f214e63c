#pragma once

#include "core/run/schedule.hpp"
#include "scenarios/explore/play.hpp"

namespace meshproof::scenarios::explore {

/// How a history is played.
struct PlayOptions {
    std::string run_id = "storys";  ///< must not repeat on servers that are shared
    mesh::Seams seams = {};         ///< with a saboteur of the mesh, or none
    Duration hidden_skew{};  ///< of the mesh's date, unknown to the model: a deliberate fault
    run::StopSource* stop = nullptr;
    bool keep_trace = false;
};

/// With what happened, event by event: of what failed, and where it was asked for.
struct PlayedTrace : Played {
    std::vector<run::TraceEvent> trace;
};
/// Plays it to its end, or to the first step after which something does not hold: what follows
/// from that tells nothing new. At the end all heals, and everybody who may be ready has to be.
[[nodiscard]] PlayedTrace play(const History& history,
                               std::unique_ptr<run::Environment> environment, PlayOptions options);

/// "history/NAME": its id in reports.
[[nodiscard]] std::string id_of(const History& history);
/// As a report has it.
[[nodiscard]] run::Outcome outcome_of(const History& history, PlayedTrace played, Duration wall);

/// Several of them, as scenarios are run; `environment` makes one for a history.
struct ReplayOptions : run::ScheduleOptions {
    bool keep_trace = false;
    std::function<std::unique_ptr<run::Environment>(const History& history)> environment_for;
};
[[nodiscard]] run::RunResult replay(const std::vector<History>& histories,
                                    const ReplayOptions& options);

/// Reads one from a file, with the commands that there are.
[[nodiscard]] Result<History> read_history(const std::string& path);

}  // namespace meshproof::scenarios::explore
