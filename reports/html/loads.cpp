#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "core/html/escape.hpp"
#include "core/html/lanes.hpp"
#include "core/stats/percentile.hpp"
#include "reports/html/chart.hpp"
#include "reports/html/parts.hpp"
#include "reports/load.hpp"

namespace meshproof::reports::pages {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::array<const char*, 5> percentiles = {"p50", "p90", "p95", "p99", "p99.9"};
constexpr std::size_t trouble_bytes = 600;

std::string latency(double in_us) {
    return stats::latency_text(microseconds(static_cast<std::int64_t>(std::max(in_us, 0.0))));
}

std::string seconds_told(double count) {
    return human_duration(milliseconds(static_cast<std::int64_t>(count * 1000)));
}

std::string rate(double per_second) {
    return fmt::format("{:.4g}/s", per_second);
}

std::optional<double> in_us(const std::optional<microseconds>& time) {
    return time ? std::optional(static_cast<double>(time->count())) : std::nullopt;
}

const run::LoadPercentile* percentile_of(const run::LoadTimes& times, const std::string& name) {
    const auto found = times.percentiles.find(name);
    return found == times.percentiles.end() ? nullptr : &found->second;
}

std::string interval_text(const run::LoadPercentile& of) {
    return fmt::format("[{}, {}]", stats::latency_text(of.low), stats::latency_text(of.high));
}

std::string latency_words(const run::LoadTimes& times, const std::string& name) {
    const auto* found = percentile_of(times, name);
    return found == nullptr
               ? std::string("-")
               : fmt::format("{} {}", stats::latency_text(found->at), interval_text(*found));
}

void add_latency(Table& table, const run::LoadTimes& times, const std::string& name) {
    if (const auto* found = percentile_of(times, name); found != nullptr) {
        table.number(stats::latency_text(found->at), interval_text(*found));
    } else {
        table.number("-");
    }
}

Curve percentile_curve(std::string name, const run::LoadTimes& times) {
    Curve curve{std::move(name), {}};
    for (std::size_t place = 0; place < percentiles.size(); ++place) {
        if (const auto* found = percentile_of(times, percentiles.at(place)); found != nullptr) {
            curve.points.push_back({static_cast<double>(place),
                                    static_cast<double>(found->at.count()),
                                    std::pair(static_cast<double>(found->low.count()),
                                              static_cast<double>(found->high.count()))});
        }
    }
    return curve;
}

std::string percentiles_drawing(const run::LoadOutcome& load, std::string_view id) {
    const auto whole = load.stages.find("whole");
    if (whole == load.stages.end()) {
        return {};
    }
    CurveChart chart;
    chart.title = "Percentiles of the time of whole transactions";
    chart.description =
        "Response time counts from the intended moment, service time from the real "
        "send; upright lines are where a percentile lies with 95 % confidence. "
        "The table below has the figures.";
    chart.x.name = "percentile";
    for (std::size_t place = 0; place < percentiles.size(); ++place) {
        chart.x.ticks.emplace_back(static_cast<double>(place), percentiles.at(place));
    }
    chart.y = {"time", &latency, true};
    chart.curves = {percentile_curve("response time", whole->second.response),
                    percentile_curve("service time", whole->second.service)};
    return drawing(chart, id);
}

std::string stages_table(const run::LoadOutcome& load) {
    Table table(
        "Times by stage; in brackets where the percentile lies with 95 % confidence, -: too "
        "few samples",
        {"stage", "time", "samples", "p50", "p90", "p95", "p99", "p99.9", "max"});
    const auto add = [&table](const std::string& stage, std::string_view clock,
                              const run::LoadTimes& times) {
        table.head(stage).cell(clock).number(std::to_string(times.count));
        for (const auto* name : percentiles) {
            add_latency(table, times, name);
        }
        table.number(times.count == 0 ? "-" : stats::latency_text(times.max));
    };
    for (const auto& [name, stage] : load.stages) {
        add(name, "response", stage.response);
        add(name, "service", stage.service);
    }
    return table.empty() ? std::string() : table.text();
}

std::string slo_table(const run::LoadSlo& slo) {
    Table table("What had to hold", {"bound", "measured", "answer"});
    const auto add = [&table](const auto& bound) {
        table.head(bound_text(bound)).cell(measured_text(bound));
        table.cell(bound.answer == run::BoundAnswer::no_data ? "no data"
                                                             : run::to_string(bound.answer));
        if (bound.answer != run::BoundAnswer::kept) {
            table.mark_broken();
        }
    };
    std::ranges::for_each(slo.latencies, add);
    add(slo.errors);
    return table.text();
}

/// One member of each slot over time.
template <class Value>
Curve over_time(std::string name, const run::LoadTimeline& timeline, Value value) {
    Curve curve{std::move(name), {}};
    for (const auto& slot : timeline.slots) {
        curve.points.push_back({in_seconds(slot.start), value(slot)});
    }
    return curve;
}

Axis time_axis(const run::LoadTimeline& timeline) {
    Axis axis{"since the beginning", &seconds_told};
    constexpr std::size_t most = 6;
    for (const auto at : html::ticks(timeline.slots.back().start, most)) {
        axis.ticks.emplace_back(in_seconds(at), at == Duration::zero() ? "0" : human_duration(at));
    }
    return axis;
}

std::string rates_drawing(const run::LoadTimeline& timeline, std::string_view id) {
    const auto width = std::max(in_seconds(timeline.slot), 0.001);
    const auto count = [width](std::uint64_t value) {
        return std::optional(static_cast<double>(value) / width);
    };
    CurveChart chart;
    chart.title = "Rates and errors over time";
    chart.description = "Transactions a second: asked by the schedule, ended well, and failed.";
    chart.x = time_axis(timeline);
    chart.y = {"a second", &rate};
    chart.curves = {
        over_time("asked", timeline, [&](const auto& slot) { return count(slot.asked); }),
        over_time("done", timeline, [&](const auto& slot) { return count(slot.done); }),
        over_time("failed", timeline, [&](const auto& slot) { return count(slot.failed); })};
    return drawing(chart, id);
}

std::string latencies_drawing(const run::LoadTimeline& timeline, std::string_view id) {
    CurveChart chart;
    chart.title = "Latency over time";
    chart.description =
        "The middle and the slowest hundredth, by both clocks; gaps are slots with "
        "too few samples.";
    chart.x = time_axis(timeline);
    chart.y = {"time", &latency, true};
    chart.curves = {over_time("response p50", timeline,
                              [](const auto& slot) { return in_us(slot.response_p50); }),
                    over_time("service p50", timeline,
                              [](const auto& slot) { return in_us(slot.service_p50); }),
                    over_time("response p99", timeline,
                              [](const auto& slot) { return in_us(slot.response_p99); }),
                    over_time("service p99", timeline,
                              [](const auto& slot) { return in_us(slot.service_p99); })};
    return drawing(chart, id);
}

std::string slots_table(const run::LoadTimeline& timeline) {
    Table table("Slot by slot", {"from", "asked", "sent", "done", "failed", "in flight",
                                 "response p50", "response p99", "service p50", "service p99"});
    const auto told = [](const std::optional<microseconds>& time) {
        return time ? stats::latency_text(*time) : std::string("-");
    };
    for (const auto& slot : timeline.slots) {
        table.head(human_duration(slot.start));
        for (const auto count : {slot.asked, slot.sent, slot.done, slot.failed, slot.in_flight}) {
            table.number(std::to_string(count));
        }
        table.number(told(slot.response_p50)).number(told(slot.response_p99));
        table.number(told(slot.service_p50)).number(told(slot.service_p99));
        if (slot.failed > 0) {
            table.mark_broken();
        }
    }
    return table.text();
}

std::string over_time_part(const run::LoadTimeline& timeline, std::string_view id, Room& room) {
    if (timeline.slots.empty()) {
        return {};
    }
    return room.take("<h4>Over time</h4>\n" + rates_drawing(timeline, fmt::format("{}-rates", id)) +
                     latencies_drawing(timeline, fmt::format("{}-latency", id))) +
           room.take("<details>\n<summary>Over time as a table</summary>\n" +
                     slots_table(timeline) + "</details>\n");
}

/// The load that the mesh makes itself: nothing else is meant by "carries".
std::string mesh_words(const run::LoadOutcome& load) {
    return fmt::format("{} leaves of {} at {}",
                       counted(load.mesh->pods, "pod renews", "pods renew"),
                       human_duration(load.options.leaf_ttl), rate(load.mesh->renewals_per_second));
}

std::string rates_table(const run::LoadOutcome& load) {
    Table table("Rates that were tried, in their order",
                {"asked", "done", "response p50", "response p99", "SLO"});
    for (const auto& step : load.steps) {
        table.head(rate(step.rate_per_second)).number(rate(step.done_per_second));
        add_latency(table, step.whole.response, "p50");
        add_latency(table, step.whole.response, "p99");
        table.markup(step.kept ? "kept" : html::escaped_head(step.why_not, trouble_bytes));
        if (!step.kept) {
            table.mark_broken();
        }
    }
    if (load.mesh) {
        table.head(rate(load.mesh->renewals_per_second)).number("-").number("-").number("-");
        table.cell("not tried, the mesh's own load: " + mesh_words(load));
    }
    return table.text();
}

/// The latency that each rate came with: of find-max.
std::string capacity_part(const run::LoadOutcome& load, std::string_view id) {
    if (load.steps.empty()) {
        return {};
    }
    auto steps = load.steps;
    std::ranges::sort(steps, {}, &run::LoadStep::rate_per_second);
    CurveChart chart;
    chart.title = "Capacity: latency by rate";
    chart.description =
        "The response time that each rate came with; the table says which rates "
        "kept the SLO.";
    chart.x = {"transactions a second, asked", &rate};
    chart.y = {"response time", &latency, true};
    for (const auto* name : {"p50", "p95", "p99"}) {
        Curve curve{name, {}};
        for (const auto& step : steps) {
            const auto* found = percentile_of(step.whole.response, name);
            curve.points.push_back(
                {step.rate_per_second,
                 in_us(found == nullptr ? std::nullopt : std::optional(found->at))});
        }
        chart.curves.push_back(std::move(curve));
    }
    if (!load.slo.latencies.empty()) {
        const auto& bound = load.slo.latencies.front();
        chart.limit = {static_cast<double>(bound.limit.count()), bound_text(bound)};
    }
    if (load.mesh) {
        chart.description += " The upright line is the mesh's own load: " + mesh_words(load) + ".";
        chart.mark = {load.mesh->renewals_per_second, counted(load.mesh->pods, "pod").text()};
    }
    return "<h4>Capacity</h4>\n" + drawing(chart, fmt::format("{}-capacity", id)) +
           rates_table(load);
}

std::string troubles_table(const std::vector<run::LoadTrouble>& troubles) {
    Table table("What failed, the most frequent first",
                {"where", "count", "status", "text", "what it means"});
    for (const auto& trouble : troubles) {
        table.head(trouble.step)
            .number(std::to_string(trouble.count))
            .number(trouble.status == 0 ? "no answer" : std::to_string(trouble.status))
            .markup(html::escaped_head(trouble.text, trouble_bytes))
            .markup(html::escaped_head(trouble.meaning, trouble_bytes));
    }
    return table.empty() ? std::string() : table.text();
}

std::string addresses_table(const std::vector<run::LoadAddress>& addresses) {
    Table table("By address", {"address", "asked", "done", "failed", "unfinished", "response p50",
                               "response p99"});
    for (const auto& one : addresses) {
        table.head(one.address);
        for (const auto count : {one.asked, one.done, one.failed, one.unfinished}) {
            table.number(std::to_string(count));
        }
        add_latency(table, one.whole.response, "p50");
        add_latency(table, one.whole.response, "p99");
    }
    return table.empty() ? std::string() : table.text();
}

std::string facts_list(const run::LoadOutcome& load) {
    const auto& counts = load.counts;
    const auto& leaves = load.verification;
    std::uint64_t wrong = 0;
    for (const auto& [kind, count] : leaves.wrong) {
        wrong += count;
    }
    auto items = fmt::format(
        "<li>{} asked, {} done ({}), {} failed, {} unfinished, {} not asked</li>\n"
        "<li>{} waited since all connections were busy; the longest queue: {}</li>\n"
        "<li>leaves: {} of {} verified, {} wrong, {} left out, {} not verified</li>\n",
        counts.asked, counts.done, rate(load.done_per_second), counts.failed, counts.unfinished,
        counts.not_asked, counts.overflowed, counts.longest_queue, leaves.verified, leaves.answers,
        wrong, leaves.skipped, leaves.not_verified);
    items += fmt::format("<li>the generator was late by {} at p50, {} at p99</li>\n",
                         latency_words(load.generator.slip, "p50"),
                         latency_words(load.generator.slip, "p99"));
    if (!load.why_ended.empty()) {
        items += fmt::format("<li>{}: {}</li>\n", run::to_string(load.ended),
                             html::escaped_head(load.why_ended, trouble_bytes));
    }
    return "<ul>\n" + items + "</ul>\n";
}

std::string load_part(const run::Outcome& outcome, const run::LoadOutcome& load, std::size_t number,
                      Room& room) {
    const auto id = fmt::format("load-{}", number);
    return fmt::format("<h3>{} <code>{}</code></h3>\n", verdict_word(outcome.verdict),
                       html::escaped_head(outcome.id, trouble_bytes)) +
           facts_list(load) + slo_table(load.slo) + "<h4>Times</h4>\n" +
           percentiles_drawing(load, id + "-percentiles") + stages_table(load) +
           capacity_part(load, id) + over_time_part(load.timeline, id, room) +
           troubles_table(load.troubles) + addresses_table(load.addresses);
}

}  // namespace

std::string loads_section(const run::RunResult& result, Room& room) {
    std::string parts;
    std::size_t number = 0;
    for (const auto& outcome : result.outcomes) {
        if (const auto* load = std::get_if<run::LoadOutcome>(&outcome.detail)) {
            parts += load_part(outcome, *load, ++number, room);
        }
    }
    return parts.empty() ? parts
                         : "<section aria-labelledby=\"loads\">\n<h2 id=\"loads\">Loads</h2>\n" +
                               parts + "</section>\n";
}

}  // namespace meshproof::reports::pages
