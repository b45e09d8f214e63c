#include "perf/load/report.hpp"

#include <algorithm>
#include <array>

#include "core/stats/percentile.hpp"
#include "perf/load/arrivals.hpp"

namespace meshproof::load {
namespace {

std::chrono::microseconds in_microseconds(Duration duration) {
    return std::chrono::round<std::chrono::microseconds>(std::max(duration, Duration::zero()));
}

std::chrono::milliseconds in_milliseconds(Duration duration) {
    return std::chrono::round<std::chrono::milliseconds>(std::max(duration, Duration::zero()));
}

/// Nothing where there are too few samples.
std::optional<std::chrono::microseconds> known_percentile(const stats::Histogram& times,
                                                          double percentile) {
    return times.count() < stats::samples_needed(percentile)
               ? std::nullopt
               : std::optional(in_microseconds(times.at(percentile)));
}

run::LoadTimes reported_times(const stats::Histogram& times) {
    constexpr std::array told = {50.0, 90.0, 95.0, 99.0, 99.9, 99.99};
    run::LoadTimes out;
    out.count = times.count();
    out.min = in_microseconds(times.min());
    out.mean = in_microseconds(times.mean());
    out.max = in_microseconds(times.max());
    for (const auto percentile : told) {
        if (const auto bounds = stats::interval(times, percentile)) {
            out.percentiles[fmt::format("p{:g}", percentile)] = {
                in_microseconds(times.at(percentile)), in_microseconds(bounds->low),
                in_microseconds(bounds->high)};
        }
    }
    return out;
}

run::LoadStage reported_stage(const StageTimes& times) {
    return {reported_times(times.response), reported_times(times.service)};
}

run::LoadOptions reported_options(const Options& options) {
    run::LoadOptions out;
    out.profile = to_string(options.profile);
    out.find_max = options.find_max;
    if (options.by_pods() || options.profile == Profile::renewal) {
        out.pods = options.pods;
    } else {
        out.rate_per_second = options.rate;
        out.ramp_to_per_second = options.ramp_to;
    }
    if (options.profile == Profile::restart_storm) {
        out.within = in_milliseconds(options.within);
    }
    if (!options.by_pods()) {
        out.duration = in_milliseconds(options.duration);
    }
    if (options.profile == Profile::mixed) {
        for (const auto& part : options.mix) {
            out.mix.push_back({std::string(to_string(part.operation)), part.weight});
        }
    }
    out.warmup = in_milliseconds(options.warmup);
    out.connections = options.connections;
    if (options.profile != Profile::health) {
        out.token = to_string(options.token);
        out.storage = to_string(options.storage);
        out.key_type = crypto::to_string(options.key_type);
        out.ca_key_type = options.ca_key_type;
    }
    out.leaf_ttl = in_milliseconds(options.leaf_ttl);
    out.accounts = options.accounts;
    out.verify_share = options.verify;
    out.timeout = in_milliseconds(options.timeout);
    out.abort_error_share = options.abort.errors;
    out.abort_lasting = in_milliseconds(options.abort.lasting);
    return out;
}

run::LoadEnd reported_end(Ended ended) {
    switch (ended) {
        case Ended::planned:
            return run::LoadEnd::planned;
        case Ended::stopped:
            return run::LoadEnd::stopped;
        case Ended::aborted:
            return run::LoadEnd::aborted;
    }
    return run::LoadEnd::planned;
}

std::string reported_step(const std::optional<mesh::Step>& step) {
    if (!step) {
        return "sys/health";
    }
    switch (*step) {
        case mesh::Step::token_request:
            return "token request";
        case mesh::Step::login:
            return "login";
        case mesh::Step::sign:
            return "sign";
    }
    return {};
}

std::vector<run::LoadTrouble> reported_troubles(const std::vector<Trouble>& troubles) {
    std::vector<run::LoadTrouble> out;
    for (const auto& trouble : troubles) {
        out.push_back({reported_step(trouble.step), trouble.status, trouble.text, trouble.meaning,
                       trouble.count, in_milliseconds(trouble.first),
                       in_milliseconds(trouble.last)});
    }
    return out;
}

run::LoadVerification reported_verification(const Verification& verification) {
    run::LoadVerification out;
    out.answers = verification.answers;
    out.verified = verification.verified;
    out.not_verified = verification.not_verified;
    const auto looked_at = out.verified + out.not_verified;
    out.skipped = out.answers > looked_at ? out.answers - looked_at : 0;
    for (const auto& [kind, count] : verification.wrong) {
        out.wrong[std::string(to_string(kind))] = count;
    }
    for (const auto& leaf : verification.first) {
        out.first.push_back({leaf.transaction, std::string(to_string(leaf.wrong)), leaf.detail});
    }
    out.processor = in_microseconds(verification.processor);
    return out;
}

run::LoadTimeline reported_timeline(const stats::Timeline& timeline) {
    run::LoadTimeline out;
    out.slot = in_milliseconds(timeline.slot_width());
    for (std::size_t i = 0; i < timeline.size(); ++i) {
        const auto slot = timeline.slot(i);
        const auto& tally = slot.tally;
        out.slots.push_back({.start = in_milliseconds(slot.start),
                             .asked = tally.asked,
                             .sent = tally.sent,
                             .done = tally.done,
                             .failed = tally.failed,
                             .in_flight = tally.in_flight,
                             .response_p50 = known_percentile(slot.response, 50),
                             .response_p99 = known_percentile(slot.response, 99),
                             .service_p50 = known_percentile(slot.service, 50),
                             .service_p99 = known_percentile(slot.service, 99)});
    }
    return out;
}

run::LoadServer reported_server(const ServerSide& side) {
    run::LoadServer out{.process = side.process, .looks = {}, .unseen = side.unseen};
    for (const auto& look : side.looks) {
        out.looks.push_back({.at = in_milliseconds(look.at - side.looks.front().at),
                             .processor = look.processor
                                              ? std::optional(in_microseconds(*look.processor))
                                              : std::nullopt,
                             .memory_bytes = look.memory_bytes,
                             .allocated_bytes = look.allocated_bytes,
                             .goroutines = look.goroutines});
    }
    return out;
}

run::LoadFootprint reported_footprint(const Footprint& print) {
    return {.made = print.made,
            .transactions = print.transactions,
            .certificates = print.certificates,
            .stored_certificates = print.stored_certificates,
            .leases = print.leases,
            .stored_tokens = print.stored_tokens,
            .clients = print.clients};
}

std::map<std::string, run::LoadStage> reported_stages(const Measured& measured) {
    std::map<std::string, run::LoadStage> out;
    out["whole"] = reported_stage(measured.whole);
    for (const auto& [name, times] : measured.stages) {
        out[name] = reported_stage(times);
    }
    return out;
}

std::vector<run::LoadAddress> reported_addresses(const Measured& measured) {
    std::vector<run::LoadAddress> out;
    for (const auto& one : measured.addresses) {
        out.push_back({one.address, one.asked, one.done, one.failed, one.unfinished,
                       reported_stage(one.whole)});
    }
    return out;
}

run::LoadOutcome reported(const Outcome& outcome) {
    const auto& measured = outcome.measured;
    run::LoadOutcome out;
    out.options = reported_options(outcome.options);
    out.ended = reported_end(measured.ended);
    out.why_ended = measured.why_ended;
    out.counts = {.asked = measured.asked,
                  .done = measured.done,
                  .failed = measured.failed,
                  .unfinished = measured.unfinished,
                  .not_asked = measured.not_asked,
                  .overflowed = measured.overflowed,
                  .longest_queue = measured.longest_queue};
    out.done_per_second = measured.rate();
    out.last_done = in_milliseconds(measured.last_done);
    out.slo = bounds_of(outcome.options.slo, measured);
    out.stages = reported_stages(measured);
    out.handshakes = measured.handshakes;
    out.resumed = measured.resumed;
    out.addresses = reported_addresses(measured);
    out.troubles = reported_troubles(measured.troubles);
    out.verification = reported_verification(outcome.verification);
    out.footprint = reported_footprint(outcome.footprint);
    out.generator = {.slip = reported_times(measured.slip),
                     .processor_share = measured.processor_share,
                     .processor = measured.processor
                                      ? std::optional(in_microseconds(*measured.processor))
                                      : std::nullopt,
                     .pods = outcome.pods,
                     .account_tokens = outcome.account_tokens,
                     .preparation = in_milliseconds(outcome.preparation)};
    out.server = reported_server(outcome.server);
    out.timeline = reported_timeline(measured.timeline);
    for (const auto& step : outcome.steps) {
        out.steps.push_back({step.rate, step.measured.settled_rate(), step.kept, step.why_not,
                             reported_stage(step.measured.whole)});
    }
    if (const auto& options = outcome.options; options.for_a_mesh()) {
        out.mesh = run::LoadMesh{options.pods, renewals_a_second(options.pods, options.leaf_ttl)};
    }
    return out;
}

}  // namespace

run::LoadSlo bounds_of(const Slo& slo, const Measured& measured) {
    using run::BoundAnswer;
    run::LoadSlo out;
    for (const auto& [percentile, limit] : slo.latencies) {
        const auto& times = measured.whole.response;
        run::LatencyBound bound{percentile, in_microseconds(limit), {}, BoundAnswer::no_data};
        bound.measured = known_percentile(times, percentile);
        if (bound.measured) {
            bound.answer = times.at(percentile) > limit ? BoundAnswer::missed : BoundAnswer::kept;
        }
        out.latencies.push_back(bound);
    }
    out.errors.limit_share = slo.errors;
    if (measured.asked > 0) {
        const auto share = measured.error_share();
        out.errors.measured_share = share;
        out.errors.answer = share > slo.errors ? BoundAnswer::missed : BoundAnswer::kept;
    }
    return out;
}

run::RunResult report_of(const Outcome& outcome, run::RunResult bare) {
    const auto& measured = outcome.measured;
    run::Outcome one;
    one.id = fmt::format("load/{}", to_string(outcome.options.profile));
    one.verdict = outcome.verdict;
    one.failures = outcome.failures;
    one.reason = outcome.failures.empty() ? std::string() : outcome.failures.front();
    one.duration = bare.duration;
    one.virtual_duration =
        bare.setting == run::Setting::sim
            ? std::max(outcome.options.warmup + measured.planned, measured.last_done)
            : bare.duration;
    one.detail = reported(outcome);
    bare.servers = outcome.servers;
    bare.interrupted = bare.interrupted || measured.ended == Ended::stopped;
    bare.outcomes = {std::move(one)};
    return bare;
}

}  // namespace meshproof::load
