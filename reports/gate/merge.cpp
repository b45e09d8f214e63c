#include "reports/gate/merge.hpp"

#include <algorithm>

#include "reports/gate/merge_load.hpp"
#include "reports/report.hpp"

namespace meshproof::reports::gate {
namespace {

using run::Verdict;

Result<void> agree(const Source& first, const Source& other) {
    const auto differ = [&](std::string_view what, std::string_view a, std::string_view b) {
        return fail(FailureKind::invalid,
                    "cannot merge {} and {}: they have different {} ({} and {})", first.path,
                    other.path, what, a, b);
    };
    if (first.result.command != other.result.command) {
        return differ("commands", run::to_string(first.result.command),
                      run::to_string(other.result.command));
    }
    if (first.result.target != other.result.target) {
        return differ("targets", first.result.target, other.result.target);
    }
    if (first.result.setting != other.result.setting) {
        return differ("settings", run::to_string(first.result.setting),
                      run::to_string(other.result.setting));
    }
    return {};
}

template <class T>
void add_new(std::vector<T>& all, const std::vector<T>& more) {
    for (const auto& one : more) {
        if (std::ranges::find(all, one) == all.end()) {
            all.push_back(one);
        }
    }
}

/// All but the outcomes.
void join_head(run::RunResult& sum, const run::RunResult& more) {
    add_new(sum.servers, more.servers);
    add_new(sum.features, more.features);
    sum.started = std::min(sum.started, more.started);
    sum.duration += more.duration;
    sum.interrupted = sum.interrupted || more.interrupted;
    sum.ended_early = sum.ended_early ? sum.ended_early : more.ended_early;
    sum.problem = sum.problem.empty() ? more.problem : sum.problem;
}

/// Whether the same was wanted, whatever came of it.
bool same_bounds(const run::LoadSlo& a, const run::LoadSlo& b) {
    const auto bound = [](const run::LatencyBound& one) {
        return std::pair(one.percentile, one.limit);
    };
    return std::ranges::equal(a.latencies, b.latencies, {}, bound, bound) &&
           a.errors.limit_share == b.errors.limit_share;
}

/// What may be merged of a load, and its log beside it.
Result<void> mergeable(const Source& first, const Source& source) {
    const auto* load = load_of(source.result);
    const auto* asked = load_of(first.result);
    if (load == nullptr || asked == nullptr) {
        return fail(FailureKind::invalid, "cannot merge {}: it has no load",
                    load == nullptr ? source.path : first.path);
    }
    if (load->options.find_max) {
        return fail(FailureKind::invalid,
                    "cannot merge {}: it looked for a maximum, and each found its own",
                    source.path);
    }
    if (load->options != asked->options || !same_bounds(load->slo, asked->slo)) {
        return fail(FailureKind::invalid,
                    "cannot merge {} and {}: their loads were asked otherwise", first.path,
                    source.path);
    }
    if (!source.response) {
        return fail(FailureKind::invalid,
                    "cannot merge {}: it needs a load.hlog beside report.json, of this version",
                    source.path);
    }
    return {};
}

/// Whether each ended before the next began.
bool one_after_another(const std::vector<const Source*>& in_time) {
    for (std::size_t i = 1; i < in_time.size(); ++i) {
        const auto& before = in_time[i - 1]->result;
        if (before.started + before.duration > in_time[i]->result.started) {
            return false;
        }
    }
    return true;
}

/// The worst of the outcomes says how it went, unless the sum misses a bound that each kept.
run::Outcome verdict_of(const std::vector<const Source*>& sources, const run::LoadSlo& slo) {
    // From bad to good: a deviation is a failure that somebody knows of.
    constexpr std::array order = {Verdict::fail,     Verdict::blocked, Verdict::not_run,
                                  Verdict::deviates, Verdict::skip,    Verdict::pass};
    run::Outcome out;
    out.verdict = Verdict::pass;
    for (const auto* source : sources) {
        const auto& one = source->result.outcomes.front();
        out.id = one.id;
        out.duration += one.duration;
        out.virtual_duration += one.virtual_duration;
        out.failures.insert(out.failures.end(), one.failures.begin(), one.failures.end());
        if (std::ranges::find(order, one.verdict) < std::ranges::find(order, out.verdict)) {
            out.verdict = one.verdict;
            out.reason = one.reason;
        }
    }
    if (const auto missed = missed_bound(slo); !missed.empty() && out.verdict == Verdict::pass) {
        out.verdict = Verdict::fail;
        out.reason = "of all runs together, " + missed;
        out.failures.push_back(out.reason);
    }
    return out;
}

Result<Merged> merge_load_runs(Merged out, const std::vector<Source>& sources) {
    std::vector<const Source*> in_time;
    for (const auto& source : sources) {
        if (const auto good = mergeable(sources.front(), source); !good) {
            return propagate(good);
        }
        in_time.push_back(&source);
    }
    std::ranges::sort(in_time, [](const Source* a, const Source* b) {
        return std::pair(a->result.started, a->path) < std::pair(b->result.started, b->path);
    });
    stats::HlogWriter log(out.result.started);
    Stages stages;
    std::vector<const run::LoadOutcome*> loads;
    for (const auto* source : in_time) {
        const auto added =
            add_stages(source->hlog, stages,
                       [&log](const stats::Stretch& stretch, const stats::Histogram& histogram) {
                           log.add(stretch, histogram);
                       });
        if (!added) {
            return propagate(added);
        }
        loads.push_back(load_of(source->result));
    }
    for (const auto& [tag, histogram] : stages) {
        log.add({tag, out.result.started, out.result.duration}, histogram);
    }
    auto load = merge_loads(loads, stages, one_after_another(in_time));
    auto outcome = verdict_of(in_time, load.slo);
    outcome.detail = std::move(load);
    out.result.outcomes = {std::move(outcome)};
    out.hlog = log.text();
    return out;
}

}  // namespace

Result<Merged> merge(const std::vector<Source>& sources) {
    const auto other = std::ranges::find_if(
        sources, [](const Source& source) { return !source.of_preflight.empty(); });
    if (other != sources.end()) {
        return fail(FailureKind::invalid,
                    "cannot merge {}: it is a report of preflight, not of a run", other->path);
    }
    Merged out{sources.front().result, {}};
    for (std::size_t i = 1; i < sources.size(); ++i) {
        if (const auto agreed = agree(sources.front(), sources[i]); !agreed) {
            return propagate(agreed);
        }
        join_head(out.result, sources[i].result);
        const auto& more = sources[i].result.outcomes;
        out.result.outcomes.insert(out.result.outcomes.end(), more.begin(), more.end());
    }
    return out.result.command == run::Command::load ? merge_load_runs(std::move(out), sources)
                                                    : Result<Merged>(std::move(out));
}

}  // namespace meshproof::reports::gate
