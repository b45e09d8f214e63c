#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/run/account.hpp"
#include "core/run/ending.hpp"
#include "perf/load/measured.hpp"
#include "perf/load/preparation.hpp"
#include "perf/load/server_side.hpp"
#include "perf/load/verify.hpp"

namespace meshproof::load {

/// One rate that find-max held, and whether it kept the SLO.
struct Step {
    double rate = 0;
    bool kept = false;
    std::string why_not;
    Measured measured;
    bool hold = false;  ///< asked for long, to confirm what a shorter step had shown
};

/// Everything that is told of a load.
struct Outcome {
    run::Verdict verdict = run::Verdict::blocked;
    std::vector<std::string> failures;  ///< why it is not a pass, the first is the most important
    Options options;
    std::vector<run::ServerVersion> servers;
    Footprint footprint;
    std::size_t pods = 0;  ///< of the pool
    std::size_t account_tokens = 0;
    Duration preparation{};   ///< wall time of keys and CSRs; not part of the load
    Measured measured;        ///< of find-max, at the best rate that kept the SLO
    std::vector<Step> steps;  ///< of find-max, in their order
    bool cut_short = false;  ///< of find-max: another step would have been more than a load may ask
    Verification verification;
    ServerSide server;
    std::vector<std::string> left;  ///< what could not be removed, and why
};

/// Where a load runs, and what it tells on the way.
struct Run {
    run::Environment& environment;
    std::uint64_t seed = 1;
    std::string run_id;
    run::StopSource* stop = nullptr;
    /// The target was found, and nothing is made yet. May throw, to refuse.
    std::function<void(const run::Survey&, const Footprint&)> on_plan;
    std::function<void(std::string_view)> on_phase;  ///< "preparing", …; may be empty
    std::function<void(const Progress&)> on_second;  ///< may be empty
    /// A mesh's own, on which the load goes instead of one that it makes. Outlives the load.
    const run::Account* account = nullptr;
    std::function<void(std::string_view)>
        on_note{};  ///< known only once it was tried; may be empty
    /// Where the running load tells its metrics, over plain HTTP; nothing = nowhere.
    std::optional<http::ListenSpec> metrics{};
    std::function<void(const http::Url&)> on_metrics{};  ///< they are there; may be empty
};

/// Prepares the target, makes the load, verifies, and removes everything, also on a stop. Throws
/// CannotGoOn where the target cannot be used; what was made until then is removed.
[[nodiscard]] Task<Outcome> run_load(Run run, Options options);

/// Why this does not keep the SLO, "" where it does.
[[nodiscard]] std::string slo_missed(const Slo& slo, const Measured& measured);
/// Says it where more was waiting at the end of the schedule than can be under way at once:
/// whatever the latency was until then, it would have grown on. "" where not, and of a storm.
[[nodiscard]] std::string fell_behind(const Options& options, const Measured& measured);
/// Verdict and failures from the rest. A leaf that is wrong is the worst of them.
void judge(Outcome& outcome);

}  // namespace meshproof::load
