#include "reports/gate/loads.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/stats/percentile.hpp"
#include "reports/gate/judge.hpp"

namespace meshproof::reports::gate {
namespace {

using Kind = Measure::Kind;

Measured nothing(std::string why, std::uint64_t samples = 0) {
    return {std::nullopt, samples, "no data: " + std::move(why)};
}

Measured something(const Measure& measure, double value, std::uint64_t samples,
                   std::string_view more) {
    return {value, samples, fmt::format("{}{}", text_of(measure, value), more)};
}

double in_us(Duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

const run::LoadTimes& response_times(const run::LoadOutcome& load) {
    static const run::LoadTimes none;
    const auto whole = load.stages.find("whole");
    return whole == load.stages.end() ? none : whole->second.response;
}

/// As the report tells it: only where it had enough samples.
Measured reported_percentile(const run::LoadOutcome& load, const Measure& measure) {
    const auto& times = response_times(load);
    const auto found = times.percentiles.find(name_of(measure));
    if (found == times.percentiles.end()) {
        const auto needed = stats::samples_needed(measure.percentile);
        return nothing(
            times.count < needed
                ? fmt::format("{} needs {} samples, has {}", name_of(measure), needed, times.count)
                : fmt::format("{} is in no report.json; it needs load.hlog beside it",
                              name_of(measure)),
            times.count);
    }
    const auto& [at, low, high] = found->second;
    return something(measure, static_cast<double>(at.count()), times.count,
                     fmt::format(" [{}, {}] of {}", stats::latency_text(low),
                                 stats::latency_text(high), times.count));
}

Measured merged_percentile(const LoadGroup& group, const Measure& measure) {
    stats::Histogram merged;
    for (const auto& run : group.runs) {
        if (!run.source->response) {
            return group.runs.size() == 1
                       ? reported_percentile(*run.load, measure)
                       : nothing(fmt::format("{} has no load.hlog with the whole response times, "
                                             "and percentiles of several runs cannot be added",
                                             run.source->path));
        }
        merged.add(*run.source->response);
    }
    const auto bounds = stats::interval(merged, measure.percentile);
    if (!bounds) {
        return nothing(fmt::format("{} needs {} samples, has {}", name_of(measure),
                                   stats::samples_needed(measure.percentile), merged.count()),
                       merged.count());
    }
    return {in_us(merged.at(measure.percentile)), merged.count(),
            fmt::format("{} of {}", stats::percentile_text(merged, measure.percentile),
                        merged.count())};
}

/// Transactions that were asked, and those of them that failed or did not end.
struct ErrorCounts {
    std::uint64_t asked = 0, errors = 0;
    void add(const run::LoadCounts& counts) {
        asked += counts.asked;
        errors += counts.failed + counts.unfinished;
    }
    [[nodiscard]] Measured measured(const Measure& measure) const {
        return asked == 0
                   ? nothing("nothing was asked")
                   : something(measure, static_cast<double>(errors) / static_cast<double>(asked),
                               asked, fmt::format(" ({} of {})", errors, asked));
    }
};

/// CPU time of the server, and the leaves that it gave for it.
struct CpuCounts {
    double processor_us = 0;
    std::uint64_t leaves = 0;
    std::string unseen;

    void add(const run::LoadOutcome& load) {
        const auto& looks = load.server.looks;
        if (looks.size() < 2 || !looks.front().processor || !looks.back().processor) {
            unseen = load.server.unseen.empty() ? "the server's CPU time was not seen"
                                                : load.server.unseen.front();
            return;
        }
        processor_us +=
            static_cast<double>((*looks.back().processor - *looks.front().processor).count());
        leaves += load.verification.answers;
    }
    [[nodiscard]] Measured measured(const Measure& measure) const {
        if (!unseen.empty() || leaves == 0) {
            return nothing(unseen.empty() ? "it gave no leaves" : unseen, leaves);
        }
        return something(measure, processor_us / static_cast<double>(leaves), leaves,
                         fmt::format(" over {}", counted(leaves, "leaf", "leaves")));
    }
};

Measured lowest_rate(const LoadGroup& group, const Measure& measure) {
    double lowest = group.runs.front().load->done_per_second;
    std::uint64_t done = 0;
    for (const auto& run : group.runs) {
        lowest = std::min(lowest, run.load->done_per_second);
        done += run.load->counts.done;
    }
    if (done == 0) {
        return nothing("nothing was done");
    }
    return something(measure, lowest, done,
                     group.runs.size() > 1 ? fmt::format(" (lowest of {} runs)", group.runs.size())
                                           : std::string());
}

std::string wanted_of(const Threshold& rule) {
    return fmt::format(
        "{} {}{}", rule.measure.kind == Kind::rate ? "at least" : "at most",
        text_of(rule.measure, rule.bound),
        rule.min_samples > 1 ? fmt::format(", of {} or more", rule.min_samples) : std::string());
}

std::string kind_of_rule(const Measure& measure) {
    return measure.kind == Kind::response ? "response" : name_of(measure);
}

RuleResult judge_group(const Threshold& rule, const LoadGroup& group) {
    auto measured = measured_together(group, rule.measure);
    if (measured.value && measured.samples < rule.min_samples) {
        measured = nothing(fmt::format("{} of {} samples", measured.samples, rule.min_samples));
    }
    RuleResult out{Answer::undecided, kind_of_rule(rule.measure), rule.where,
                   group.text(),      std::move(measured.text),   wanted_of(rule)};
    if (measured.value) {
        const bool good = rule.measure.kind == Kind::rate ? *measured.value >= rule.bound
                                                          : *measured.value <= rule.bound;
        out.answer = good ? Answer::holds : Answer::broken;
    }
    return out;
}

}  // namespace

std::string LoadGroup::text() const {
    return fmt::format("{} on {}", id, target);
}

std::vector<LoadGroup> load_groups(const std::vector<Source>& sources, const std::string& profile,
                                   const std::string& target) {
    std::vector<LoadGroup> groups;
    for (const auto& source : sources) {
        for (const auto& outcome : source.result.outcomes) {
            const auto* load = std::get_if<run::LoadOutcome>(&outcome.detail);
            if (load == nullptr || !is_or_any(profile, load->options.profile) ||
                !is_or_any(target, source.result.target)) {
                continue;
            }
            auto found = std::ranges::find_if(groups, [&](const LoadGroup& group) {
                return group.id == outcome.id && group.target == source.result.target &&
                       group.options() == load->options;
            });
            if (found == groups.end()) {
                found = groups.insert(groups.end(), {outcome.id, source.result.target, {}});
            }
            found->runs.push_back({&source, load});
        }
    }
    return groups;
}

Measured measured_together(const LoadGroup& group, const Measure& measure) {
    switch (measure.kind) {
        case Kind::response:
            return merged_percentile(group, measure);
        case Kind::rate:
            return lowest_rate(group, measure);
        case Kind::errors: {
            ErrorCounts counts;
            for (const auto& run : group.runs) {
                counts.add(run.load->counts);
            }
            return counts.measured(measure);
        }
        case Kind::cpu_per_leaf: {
            CpuCounts counts;
            for (const auto& run : group.runs) {
                counts.add(*run.load);
            }
            return counts.measured(measure);
        }
    }
    return {};
}

Measured measured_of(const run::LoadOutcome& load, const Measure& measure) {
    if (measure.kind == Kind::response) {
        return reported_percentile(load, measure);
    }
    return measured_together({{}, {}, {{nullptr, &load}}}, measure);
}

std::vector<RuleResult> judge_loads(const Policy& policy, const std::vector<Source>& reports) {
    std::vector<RuleResult> out;
    for (const auto& rule : policy.thresholds) {
        const auto groups = load_groups(reports, rule.profile, rule.target);
        for (const auto& group : groups) {
            out.push_back(judge_group(rule, group));
        }
        if (groups.empty()) {
            out.push_back({Answer::undecided, kind_of_rule(rule.measure), rule.where,
                           fmt::format("load/{}{}", rule.profile.empty() ? "*" : rule.profile,
                                       rule.target.empty() ? "" : " on " + rule.target),
                           "no data: no such load in the reports", wanted_of(rule)});
        }
    }
    return out;
}

}  // namespace meshproof::reports::gate
