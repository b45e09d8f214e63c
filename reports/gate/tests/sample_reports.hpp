#pragma once

#include "core/stats/percentile.hpp"
#include "reports/gate/source.hpp"

/// Reports as runs write them, in few lines.
namespace meshproof::reports::gate {

[[nodiscard]] inline Time day(std::string_view text) {
    return parse_rfc3339(fmt::format("{}T12:00:00Z", text)).value();
}

[[nodiscard]] inline run::Outcome scenario(std::string id, run::Verdict verdict,
                                           std::vector<std::string> failures = {}) {
    run::Outcome out;
    out.id = std::move(id);
    out.verdict = verdict;
    out.reason = failures.empty() ? verdict == run::Verdict::pass ? "" : "because of this"
                                  : failures.front();
    out.failures = std::move(failures);
    out.detail = run::ScenarioOutcome{};
    return out;
}

[[nodiscard]] inline Source run_of(std::vector<run::Outcome> outcomes, std::string target = "sim") {
    Source source;
    source.path = "out/run";
    source.result.target = std::move(target);
    source.result.seed = 7;
    source.result.outcomes = std::move(outcomes);
    return source;
}

/// Response times of 1 ms to `slowest` ms, each once; both times are the same.
[[nodiscard]] inline stats::Histogram times_up_to(int slowest) {
    stats::Histogram out;
    for (int i = 1; i <= slowest; ++i) {
        out.record(std::chrono::milliseconds(i));
    }
    return out;
}

[[nodiscard]] inline run::LoadTimes told(const stats::Histogram& times) {
    const auto us = [](Duration time) {
        return std::chrono::round<std::chrono::microseconds>(time);
    };
    run::LoadTimes out;
    out.count = times.count();
    out.min = us(times.min());
    out.mean = us(times.mean());
    out.max = us(times.max());
    for (const auto percentile : {50.0, 95.0, 99.0}) {
        if (const auto bounds = stats::interval(times, percentile)) {
            out.percentiles[fmt::format("p{:g}", percentile)] = {us(times.at(percentile)),
                                                                 us(bounds->low), us(bounds->high)};
        }
    }
    return out;
}

/// A login-sign load of `count` transactions, which took 1 ms to `count` ms.
[[nodiscard]] inline Source load_run(int count, std::string path = "out/load") {
    const auto times = times_up_to(count);
    run::LoadOutcome load;
    load.options.profile = "login-sign";
    load.options.rate_per_second = 100;
    load.counts.asked = static_cast<std::uint64_t>(count);
    load.counts.done = load.counts.asked;
    load.done_per_second = 100;
    load.stages["whole"] = {told(times), told(times)};
    load.verification.answers = load.counts.asked;
    load.slo.errors = {0.001, 0, run::BoundAnswer::kept};
    run::Outcome outcome;
    outcome.id = "load/login-sign";
    outcome.verdict = run::Verdict::pass;
    outcome.detail = std::move(load);
    Source source;
    source.path = std::move(path);
    source.result.command = run::Command::load;
    source.result.target = "staging";
    source.result.setting = run::Setting::live;
    source.result.outcomes = {std::move(outcome)};
    source.response = times;
    return source;
}

[[nodiscard]] inline run::LoadOutcome& load_in(Source& source) {
    return std::get<run::LoadOutcome>(source.result.outcomes.front().detail);
}

/// The server used so much CPU time from the first look to the last.
inline void add_cpu(Source& source, std::chrono::microseconds used) {
    run::LoadLook first, last;
    first.processor = std::chrono::microseconds(1000);
    last.processor = std::chrono::microseconds(1000) + used;
    last.at = std::chrono::seconds(10);
    load_in(source).server.looks = {first, last};
}

}  // namespace meshproof::reports::gate
