#include "reports/gate/merge_load.hpp"

#include <algorithm>
#include <array>

#include "core/stats/percentile.hpp"
#include "reports/load.hpp"

namespace meshproof::reports::gate {
namespace {

using Loads = std::vector<const run::LoadOutcome*>;
using run::BoundAnswer;

std::chrono::microseconds rounded_us(Duration duration) {
    return std::chrono::round<std::chrono::microseconds>(duration);
}

run::LoadTimes times_of(const Stages& stages, const std::string& tag) {
    constexpr std::array told = {50.0, 90.0, 95.0, 99.0, 99.9};
    const auto found = stages.find(tag);
    run::LoadTimes out;
    if (found == stages.end() || found->second.count() == 0) {
        return out;
    }
    const auto& times = found->second;
    out.count = times.count();
    out.min = rounded_us(times.min());
    out.mean = rounded_us(times.mean());
    out.max = rounded_us(times.max());
    for (const auto percentile : told) {
        if (const auto bounds = stats::interval(times, percentile)) {
            out.percentiles[fmt::format("p{:g}", percentile)] = {rounded_us(times.at(percentile)),
                                                                 rounded_us(bounds->low),
                                                                 rounded_us(bounds->high)};
        }
    }
    return out;
}

/// What can be said of times without their histograms: no percentiles.
void add_times(run::LoadTimes& sum, const run::LoadTimes& more) {
    sum.percentiles.clear();
    if (more.count == 0) {
        return;
    }
    const auto whole = static_cast<double>(sum.count + more.count);
    const auto mean = (static_cast<double>(sum.mean.count()) * static_cast<double>(sum.count) +
                       static_cast<double>(more.mean.count()) * static_cast<double>(more.count)) /
                      whole;
    sum.min = sum.count == 0 ? more.min : std::min(sum.min, more.min);
    sum.max = std::max(sum.max, more.max);
    sum.mean = std::chrono::microseconds(static_cast<std::int64_t>(mean));
    sum.count += more.count;
}

void add_counts(run::LoadCounts& sum, const run::LoadCounts& more) {
    sum.asked += more.asked;
    sum.done += more.done;
    sum.failed += more.failed;
    sum.unfinished += more.unfinished;
    sum.not_asked += more.not_asked;
    sum.overflowed += more.overflowed;
    sum.longest_queue = std::max(sum.longest_queue, more.longest_queue);
}

void add_addresses(std::vector<run::LoadAddress>& sum, const std::vector<run::LoadAddress>& more) {
    for (const auto& one : more) {
        auto found = std::ranges::find(sum, one.address, &run::LoadAddress::address);
        if (found == sum.end()) {
            found = sum.insert(sum.end(), run::LoadAddress{.address = one.address, .whole = {}});
        }
        found->asked += one.asked;
        found->done += one.done;
        found->failed += one.failed;
        found->unfinished += one.unfinished;
        add_times(found->whole.response, one.whole.response);
        add_times(found->whole.service, one.whole.service);
    }
}

void add_troubles(std::vector<run::LoadTrouble>& sum, const std::vector<run::LoadTrouble>& more) {
    for (const auto& one : more) {
        const auto found = std::ranges::find_if(sum, [&one](const run::LoadTrouble& other) {
            return other.step == one.step && other.status == one.status && other.text == one.text;
        });
        if (found == sum.end()) {
            sum.push_back(one);
            continue;
        }
        found->count += one.count;
        found->first = std::min(found->first, one.first);
        found->last = std::max(found->last, one.last);
    }
}

void add_verification(run::LoadVerification& sum, const run::LoadVerification& more) {
    sum.answers += more.answers;
    sum.verified += more.verified;
    sum.skipped += more.skipped;
    sum.not_verified += more.not_verified;
    for (const auto& [kind, count] : more.wrong) {
        sum.wrong[kind] += count;
    }
    sum.first.insert(sum.first.end(), more.first.begin(), more.first.end());
    sum.processor += more.processor;
}

void add_footprint(run::LoadFootprint& sum, const run::LoadFootprint& more) {
    sum.made.insert(sum.made.end(), more.made.begin(), more.made.end());
    sum.transactions += more.transactions;
    sum.certificates += more.certificates;
    sum.stored_certificates += more.stored_certificates;
    sum.leases += more.leases;
    sum.stored_tokens += more.stored_tokens;
    sum.clients += more.clients;
}

void add_generator(run::LoadGenerator& sum, const run::LoadGenerator& more) {
    add_times(sum.slip, more.slip);
    if (more.processor_share) {
        sum.processor_share = std::max(sum.processor_share.value_or(0), *more.processor_share);
    }
    if (more.processor) {
        sum.processor = sum.processor.value_or(std::chrono::microseconds(0)) + *more.processor;
    }
    sum.pods += more.pods;
    sum.account_tokens += more.account_tokens;
    sum.preparation += more.preparation;
}

/// Second by second; without percentiles, which cannot be added.
void add_timeline(run::LoadTimeline& sum, const run::LoadTimeline& more) {
    if (sum.slots.empty()) {
        sum.slot = more.slot;
    }
    if (sum.slot != more.slot) {
        return;
    }
    for (std::size_t i = 0; i < more.slots.size(); ++i) {
        const auto& slot = more.slots[i];
        if (i == sum.slots.size()) {
            sum.slots.emplace_back().start = slot.start;
        }
        auto& to = sum.slots[i];
        to.asked += slot.asked;
        to.sent += slot.sent;
        to.done += slot.done;
        to.failed += slot.failed;
        to.in_flight = std::max(to.in_flight, slot.in_flight);
    }
}

/// Two looks: nothing used yet, and what all runs together used.
run::LoadServer server_of(const Loads& loads, bool apart) {
    run::LoadServer out;
    run::LoadLook begin;
    begin.processor = std::chrono::microseconds(0);
    auto last = begin;
    for (const auto* load : loads) {
        const auto& looks = load->server.looks;
        const bool seen = looks.size() > 1 && looks.front().processor && looks.back().processor;
        if (!apart || !seen) {
            out.unseen = {apart ? "not every run saw the server's CPU time"
                                : "the runs went side by side: whose the server's CPU time was "
                                  "cannot be told"};
            return out;
        }
        out.process = load->server.process;
        last.at += looks.back().at - looks.front().at;
        *last.processor += *looks.back().processor - *looks.front().processor;
        last.memory_bytes = looks.back().memory_bytes;
        last.allocated_bytes = looks.back().allocated_bytes;
        last.goroutines = looks.back().goroutines;
    }
    out.looks = {begin, last};
    return out;
}

run::LoadSlo slo_of(const run::LoadSlo& asked, const Stages& stages,
                    const run::LoadCounts& counts) {
    auto out = asked;
    const auto whole = stages.find(response_tag("whole"));
    for (auto& bound : out.latencies) {
        bound.measured = std::nullopt;
        bound.answer = BoundAnswer::no_data;
        if (whole != stages.end() &&
            whole->second.count() >= stats::samples_needed(bound.percentile)) {
            bound.measured = rounded_us(whole->second.at(bound.percentile));
            bound.answer = *bound.measured > bound.limit ? BoundAnswer::missed : BoundAnswer::kept;
        }
    }
    out.errors.measured_share = std::nullopt;
    out.errors.answer = BoundAnswer::no_data;
    if (counts.asked > 0) {
        const auto share = static_cast<double>(counts.failed + counts.unfinished) /
                           static_cast<double>(counts.asked);
        out.errors.measured_share = share;
        out.errors.answer =
            share > out.errors.limit_share ? BoundAnswer::missed : BoundAnswer::kept;
    }
    return out;
}

/// Everything that is a sum.
void add_sums(run::LoadOutcome& sum, const run::LoadOutcome& more) {
    add_counts(sum.counts, more.counts);
    sum.ended = std::max(sum.ended, more.ended);
    sum.why_ended = sum.why_ended.empty() ? more.why_ended : sum.why_ended;
    sum.last_done = std::max(sum.last_done, more.last_done);
    sum.handshakes += more.handshakes;
    sum.resumed += more.resumed;
    add_addresses(sum.addresses, more.addresses);
    add_troubles(sum.troubles, more.troubles);
    add_verification(sum.verification, more.verification);
    add_footprint(sum.footprint, more.footprint);
    add_generator(sum.generator, more.generator);
    add_timeline(sum.timeline, more.timeline);
}

}  // namespace

run::LoadOutcome merge_loads(const Loads& loads, const Stages& stages, bool apart) {
    run::LoadOutcome out;
    out.options = loads.front()->options;
    for (const auto* load : loads) {
        add_sums(out, *load);
        out.done_per_second += load->done_per_second / static_cast<double>(loads.size());
        for (const auto& [name, stage] : load->stages) {
            out.stages[name] = {times_of(stages, response_tag(name)),
                                times_of(stages, service_tag(name))};
        }
    }
    std::ranges::sort(out.troubles, std::greater<>(), &run::LoadTrouble::count);
    out.slo = slo_of(loads.front()->slo, stages, out.counts);
    out.server = server_of(loads, apart);
    return out;
}

std::string missed_bound(const run::LoadSlo& slo) {
    for (const auto& bound : slo.latencies) {
        if (bound.answer == BoundAnswer::missed) {
            return fmt::format("{}: {}", bound_text(bound), measured_text(bound));
        }
    }
    return slo.errors.answer == BoundAnswer::missed
               ? fmt::format("{}: {}", bound_text(slo.errors), measured_text(slo.errors))
               : std::string();
}

}  // namespace meshproof::reports::gate
