#include "reports/openmetrics.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/base/json_text.hpp"
#include "reports/report.hpp"

namespace meshproof::reports {
namespace {

/// A label's value between its quotes.
std::string label_text(std::string_view raw) {
    std::string out;
    for (const char c : valid_utf8(std::string(raw))) {
        if (c == '\n') {
            out += "\\n";
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else {
            out += c;
        }
    }
    return out;
}

Labels with_label(Labels labels, std::string_view name, std::string_view value) {
    labels.emplace_back(name, value);
    return labels;
}

/// "p99.9" as "0.999".
std::string quantile_of(std::string_view percentile) {
    double percent = 0;
    const auto digits = percentile.substr(percentile.starts_with('p') ? 1 : 0);
    std::from_chars(digits.data(), digits.data() + digits.size(), percent);
    return fmt::format("{:g}", percent / 100);
}

/// One of the two clocks of all loads' stages, as a summary.
void add_stage_times(OpenMetricsText& text, const run::RunResult& result, const Labels& run,
                     run::LoadTimes run::LoadStage::* clock) {
    for (const auto& outcome : result.outcomes) {
        const auto* load = std::get_if<run::LoadOutcome>(&outcome.detail);
        if (load == nullptr) {
            continue;
        }
        for (const auto& [name, stage] : load->stages) {
            const auto& times = stage.*clock;
            const auto labels = with_label(with_label(run, "id", outcome.id), "stage", name);
            for (const auto& [percentile, value] : times.percentiles) {
                text.sample(with_label(labels, "quantile", quantile_of(percentile)),
                            in_seconds(value.at));
            }
            text.sample(labels, static_cast<double>(times.count), "_count");
            text.sample(labels, in_seconds(times.mean) * static_cast<double>(times.count), "_sum");
        }
    }
}

void add_load_metrics(OpenMetricsText& text, const run::RunResult& result, const Labels& run) {
    text.family("meshproof_report_load_transactions", "gauge",
                "Transactions of a load, by what came of them.");
    for (const auto& outcome : result.outcomes) {
        if (const auto* load = std::get_if<run::LoadOutcome>(&outcome.detail)) {
            const auto labels = with_label(run, "id", outcome.id);
            const auto& counts = load->counts;
            const auto add = [&](std::string_view state, std::uint64_t count) {
                text.sample(with_label(labels, "state", state), static_cast<double>(count));
            };
            add("asked", counts.asked);
            add("done", counts.done);
            add("failed", counts.failed);
            add("unfinished", counts.unfinished);
        }
    }
    text.family("meshproof_report_load_done_per_second", "gauge",
                "Transactions that ended well, a second of the schedule.");
    for (const auto& outcome : result.outcomes) {
        if (const auto* load = std::get_if<run::LoadOutcome>(&outcome.detail)) {
            text.sample(with_label(run, "id", outcome.id), load->done_per_second);
        }
    }
    text.family("meshproof_report_load_response_seconds", "summary",
                "From the intended moment to the end; _sum is the mean times the count.");
    add_stage_times(text, result, run, &run::LoadStage::response);
    text.family("meshproof_report_load_service_seconds", "summary",
                "From the real send to the end; _sum is the mean times the count.");
    add_stage_times(text, result, run, &run::LoadStage::service);
}

}  // namespace

void OpenMetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
    if (name.ends_with("_seconds")) {
        text_ += fmt::format("# UNIT {} seconds\n", name);
    }
}

void OpenMetricsText::sample(const Labels& labels, double value, std::string_view suffix) {
    text_ += name_;
    text_ += suffix;
    const char* before = "{";
    for (const auto& [name, text] : labels) {
        text_ += fmt::format("{}{}=\"{}\"", before, name, label_text(text));
        before = ",";
    }
    text_ += fmt::format("{} {}\n", labels.empty() ? "" : "}", value);
}

std::string OpenMetricsText::end() && {
    return std::move(text_) + "# EOF\n";
}

std::string to_openmetrics(const run::RunResult& result) {
    OpenMetricsText text;
    const auto started =
        std::chrono::floor<std::chrono::milliseconds>(result.started).time_since_epoch();
    const auto seed = std::to_string(result.seed);
    const Labels run{{"command", run::to_string(result.command)},
                     {"target", result.target},
                     {"setting", run::to_string(result.setting)}};
    text.family("meshproof_report", "info", "The run that this tells of.");
    text.sample(with_label(with_label(run, "version", result.version), "seed", seed), 1, "_info");
    text.family("meshproof_report_results", "gauge", "Results by their verdict.");
    for (const auto verdict : run::all_verdicts) {
        text.sample(with_label(run, "verdict", run::to_string(verdict)),
                    static_cast<double>(result.count(verdict)));
    }
    text.family("meshproof_report_started_seconds", "gauge", "When it began, in Unix time.");
    text.sample(run, static_cast<double>(started.count()) / 1e3);
    text.family("meshproof_report_duration_seconds", "gauge", "How long it took.");
    text.sample(run, in_seconds(result.duration));
    text.family("meshproof_report_unfinished", "gauge",
                "1 where it was interrupted, ended early or could not begin.");
    text.sample(run,
                result.interrupted || result.ended_early || !result.problem.empty() ? 1.0 : 0.0);
    if (result.command == run::Command::load) {
        add_load_metrics(text, result, run);
    }
    return std::move(text).end();
}

}  // namespace meshproof::reports
