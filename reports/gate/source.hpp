#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/run/result.hpp"
#include "core/stats/histogram.hpp"
#include "core/stats/hlog.hpp"

namespace meshproof::reports::gate {

/// A run's report as it lies in its folder, or preflight's (findings.hpp).
struct Source {
    std::string path{};          ///< as it was named: a folder, or a file
    std::string report{};        ///< the report.json itself
    std::string of_preflight{};  ///< "preflight" or "plan"; "" = of a run
    std::string told{};          ///< of preflight: what it counted
    std::string again{};  ///< of preflight: the command that looks again; "" where there is none
    std::string hlog{};   ///< load.hlog beside it; "" where there is none
    run::RunResult result{};
    /// Of a load: the response times of whole transactions. Nothing where there is no load.hlog.
    std::optional<stats::Histogram> response{};
};

/// What made it: "run", "load", "preflight", …
[[nodiscard]] std::string_view command_of(const Source& source);
/// The report that a path means: of a folder its report.json, else preflight.json or plan.json;
/// else the file itself.
[[nodiscard]] std::string report_file(const std::string& path);
/// Reads the report that a path means, and load.hlog where it lies beside a report.json.
/// Invalid where one of them is broken, or where they tell of different loads.
[[nodiscard]] Result<Source> read_source(const std::string& path);

/// What load.hlog says of a whole load, by tag: "whole-response", "login-service", …
using Stages = std::map<std::string, stats::Histogram>;
/// Adds the stages of a load.hlog; calls `second` with the lines that tell of one second, in turn.
[[nodiscard]] Result<void> add_stages(
    const std::string& path, Stages& stages,
    const std::function<void(const stats::Stretch&, const stats::Histogram&)>& second);
/// The tags of a stage.
[[nodiscard]] std::string response_tag(const std::string& stage);
[[nodiscard]] std::string service_tag(const std::string& stage);
/// Whether the stages hold as many times as the load counted: "" where they do.
[[nodiscard]] std::string stages_differ(const Stages& stages, const run::LoadOutcome& load);

/// The load of a run of `load`; null where it is another run, or made none.
[[nodiscard]] const run::LoadOutcome* load_of(const run::RunResult& result);

}  // namespace meshproof::reports::gate
