#include <array>

#include "core/base/text.hpp"
#include "core/stats/percentile.hpp"
#include "reports/html/parts.hpp"
#include "reports/load.hpp"
#include "reports/report.hpp"
#include "reports/table.hpp"

namespace meshproof::reports {
namespace {

constexpr std::array<const char*, 5> told_percentiles = {"p50", "p90", "p95", "p99", "p99.9"};

std::string microseconds_text(const std::optional<std::chrono::microseconds>& time) {
    return time ? stats::latency_text(*time) : std::string("-");
}

std::string percentile_cell(const run::LoadTimes& times, const char* name, bool with_bounds) {
    const auto found = times.percentiles.find(name);
    if (found == times.percentiles.end()) {
        return "-";
    }
    const auto& [at, low, high] = found->second;
    return with_bounds ? fmt::format("{} [{}, {}]", stats::latency_text(at),
                                     stats::latency_text(low), stats::latency_text(high))
                       : stats::latency_text(at);
}

const run::LoadStage* stage_of(const run::LoadOutcome& load, const std::string& name) {
    const auto found = load.stages.find(name);
    return found == load.stages.end() ? nullptr : &found->second;
}

double error_share(const run::LoadCounts& counts) {
    return counts.asked == 0 ? 0
                             : static_cast<double>(counts.failed + counts.unfinished) /
                                   static_cast<double>(counts.asked);
}

/// How it was asked, and with what.
std::string asked_line(const run::LoadOptions& options) {
    std::string line;
    if (options.find_max) {
        line = "looks for the largest rate that keeps the SLO; ";
    }
    if (options.rate_per_second) {
        line += fmt::format("{:g}/s", *options.rate_per_second);
    }
    if (options.ramp_to_per_second) {
        line += fmt::format(" to {:g}/s", *options.ramp_to_per_second);
    }
    if (options.pods) {
        line += counted(*options.pods, "pod").text();
    }
    if (options.within) {
        line += " within " + human_duration(*options.within);
    }
    if (options.duration) {
        line += " for " + human_duration(*options.duration);
    }
    for (const auto& part : options.mix) {
        line += fmt::format(", {} x {:g}", cell(part.operation), part.weight);
    }
    if (!options.token.empty()) {
        line += fmt::format("; {} tokens, {} keys, certificates {}", cell(options.token),
                            cell(options.key_type), cell(options.storage));
    }
    return line + fmt::format("; {}", counted(options.connections, "connection"));
}

std::string slo_table(const run::LoadSlo& slo) {
    std::string text = "\n## SLO\n\n| bound | measured | |\n|---|---|---|\n";
    const auto add = [&text](const auto& bound) {
        text +=
            fmt::format("| {} | {} | {} |\n", bound_text(bound), measured_text(bound),
                        bound.answer == run::BoundAnswer::no_data ? std::string_view("no data")
                                                                  : run::to_string(bound.answer));
    };
    for (const auto& bound : slo.latencies) {
        add(bound);
    }
    add(slo.errors);
    return text;
}

std::string times_row(std::string_view stage, std::string_view clock, const run::LoadTimes& times) {
    auto row = fmt::format("| {} | {} | {} |", cell(stage), clock, times.count);
    for (const auto* name : told_percentiles) {
        row += fmt::format(" {} |", percentile_cell(times, name, true));
    }
    return row + fmt::format(" {} |\n", times.count == 0 ? "-" : stats::latency_text(times.max));
}

std::string stages_table(const run::LoadOutcome& load) {
    std::string text =
        "\n## Times\n\nResponse time counts from the intended moment, service time from the real "
        "send. In brackets: where the percentile lies with 95 % confidence; -: too few "
        "samples.\n\n| stage | time | n |";
    std::string rule = "|---|---|---|";
    for (const auto* name : told_percentiles) {
        text += fmt::format(" {} |", name);
        rule += "---|";
    }
    text += " max |\n" + rule + "---|\n";
    const auto add = [&text](const std::string& name, const run::LoadStage& stage) {
        text += times_row(name, "response", stage.response);
        text += times_row(name, "service", stage.service);
    };
    if (const auto* whole = stage_of(load, "whole"); whole != nullptr) {
        add("whole", *whole);
    }
    for (const auto& [name, stage] : load.stages) {
        if (name != "whole") {
            add(name, stage);
        }
    }
    return text;
}

std::string addresses_table(const std::vector<run::LoadAddress>& addresses) {
    if (addresses.empty()) {
        return {};
    }
    std::string text =
        "\n## By address\n\n| address | asked | done | failed | unfinished | response p50 | "
        "response p99 |\n|---|---|---|---|---|---|---|\n";
    for (const auto& one : addresses) {
        text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", cell(one.address), one.asked,
                            one.done, one.failed, one.unfinished,
                            percentile_cell(one.whole.response, "p50", false),
                            percentile_cell(one.whole.response, "p99", false));
    }
    return text;
}

std::string troubles_table(const std::vector<run::LoadTrouble>& troubles) {
    if (troubles.empty()) {
        return {};
    }
    std::string text =
        "\n## What failed\n\n| count | where | status | text | what it means |\n"
        "|---|---|---|---|---|\n";
    for (const auto& trouble : troubles) {
        text += fmt::format("| {} | {} | {} | {} | {} |\n", trouble.count, cell(trouble.step),
                            trouble.status == 0 ? "no answer" : std::to_string(trouble.status),
                            cell(trouble.text), cell(trouble.meaning));
    }
    return text;
}

std::string steps_table(const std::vector<run::LoadStep>& steps) {
    if (steps.empty()) {
        return {};
    }
    std::string text =
        "\n## Rates that were held\n\n| asked | done | response p50 | response p99 | SLO |\n"
        "|---|---|---|---|---|\n";
    for (const auto& step : steps) {
        const auto& times = step.whole.response;
        text += fmt::format("| {:.4g}/s | {:.4g}/s | {} | {} | {} |\n", step.rate_per_second,
                            step.done_per_second, percentile_cell(times, "p50", false),
                            percentile_cell(times, "p99", false),
                            step.kept ? "kept" : cell(step.why_not));
    }
    return text;
}

std::string timeline_table(const run::LoadTimeline& timeline) {
    std::string text =
        "\n## By time\n\n| from | asked | sent | done | failed | most in flight | response p50 | "
        "response p99 | service p50 | service p99 |\n|---|---|---|---|---|---|---|---|---|---|\n";
    for (const auto& slot : timeline.slots) {
        text += fmt::format(
            "| {} s | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", slot.start.count() / 1000,
            slot.asked, slot.sent, slot.done, slot.failed, slot.in_flight,
            microseconds_text(slot.response_p50), microseconds_text(slot.response_p99),
            microseconds_text(slot.service_p50), microseconds_text(slot.service_p99));
    }
    return text;
}

/// What was counted, and whether to trust it.
std::string facts(const run::LoadOutcome& load) {
    const auto& counts = load.counts;
    auto text = fmt::format(
        "- {} asked, {} done ({:.1f}/s), {} failed, {} unfinished, {} not asked\n"
        "- the last one that ended well: after {}\n"
        "- {} waited since all connections were busy; the longest queue: {}\n",
        counts.asked, counts.done, load.done_per_second, counts.failed, counts.unfinished,
        counts.not_asked, stats::latency_text(load.last_done), counts.overflowed,
        counts.longest_queue);
    const auto& verification = load.verification;
    std::uint64_t wrong = 0;
    for (const auto& [kind, count] : verification.wrong) {
        wrong += count;
    }
    text += fmt::format("- leaves: {} of {} verified, {} wrong, {} left out, {} not verified\n",
                        verification.verified, verification.answers, wrong, verification.skipped,
                        verification.not_verified);
    const auto& generator = load.generator;
    text += fmt::format("- the generator: late by {} at p50, {} at p99",
                        percentile_cell(generator.slip, "p50", false),
                        percentile_cell(generator.slip, "p99", false));
    if (generator.processor_share) {
        text += fmt::format(", {:.0f} % of a processor", *generator.processor_share * 100);
    }
    return text + "\n";
}

std::string outcome_markdown(const run::Outcome& outcome, const run::LoadOutcome& load) {
    auto text = fmt::format(
        "\n**{}** `{}`{}\n\n- {}\n", run::to_string(outcome.verdict), cell(outcome.id),
        outcome.reason.empty() ? "" : ": " + cell(outcome.reason), asked_line(load.options));
    for (std::size_t i = 1; i < outcome.failures.size(); ++i) {
        text += fmt::format("- {}\n", cell(outcome.failures[i]));
    }
    if (!load.why_ended.empty()) {
        text += fmt::format("- {}: {}\n", run::to_string(load.ended), cell(load.why_ended));
    }
    return text + facts(load) + slo_table(load.slo) + stages_table(load) +
           addresses_table(load.addresses) + steps_table(load.steps) +
           troubles_table(load.troubles) + timeline_table(load.timeline);
}

}  // namespace

std::string bound_text(const run::LatencyBound& bound) {
    return fmt::format("p{:g} <= {}", bound.percentile, stats::latency_text(bound.limit));
}

std::string bound_text(const run::ErrorBound& bound) {
    return fmt::format("errors <= {:.3g} %", bound.limit_share * 100);
}

std::string measured_text(const run::LatencyBound& bound) {
    return bound.measured
               ? fmt::format("p{:g} is {}", bound.percentile, stats::latency_text(*bound.measured))
               : fmt::format("no data: p{:g} has too few samples", bound.percentile);
}

std::string measured_text(const run::ErrorBound& bound) {
    return bound.measured_share
               ? fmt::format("{:.3g} % failed or did not end", *bound.measured_share * 100)
               : std::string("no data: nothing was asked");
}

std::string load_markdown(const run::RunResult& result) {
    auto text = fmt::format("# Load of {}\n\n{}.\n\n- meshproof {}, {}, seed {}, {} setting\n",
                            cell(result.target), pages::headline(result).text, cell(result.version),
                            rfc3339(result.started), result.seed, run::to_string(result.setting));
    for (const auto& server : result.servers) {
        text += fmt::format("- {} {} at {}\n", cell(server.product), cell(server.version),
                            cell(server.address));
    }
    if (!result.problem.empty()) {
        text += fmt::format("- could not be begun: {}\n", cell(result.problem));
    }
    for (const auto& outcome : result.outcomes) {
        if (const auto* load = std::get_if<run::LoadOutcome>(&outcome.detail)) {
            text += outcome_markdown(outcome, *load);
        }
    }
    return text;
}

std::string loads_compared(const std::vector<run::RunResult>& reports) {
    std::string rows;
    for (std::size_t column = 0; column < reports.size(); ++column) {
        for (const auto& outcome : reports[column].outcomes) {
            const auto* load = std::get_if<run::LoadOutcome>(&outcome.detail);
            if (load == nullptr) {
                continue;
            }
            const auto* whole = stage_of(*load, "whole");
            rows += fmt::format("| {} | `{}` | {:.1f}/s |", column + 1, cell(outcome.id),
                                load->done_per_second);
            for (const auto* name : {"p50", "p99"}) {
                rows += fmt::format(
                    " {} |", whole == nullptr ? "-" : percentile_cell(whole->response, name, true));
            }
            rows += fmt::format(" {:.3g} % | {} |\n", error_share(load->counts) * 100,
                                asked_line(load->options));
        }
    }
    return rows.empty() ? rows
                        : "\n## Loads\n\n| report | load | done | response p50 | response p99 | "
                          "errors | asked |\n|---|---|---|---|---|---|---|\n" +
                              rows;
}

}  // namespace meshproof::reports
