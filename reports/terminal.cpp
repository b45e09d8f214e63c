#include <tuple>

#include "core/base/text.hpp"
#include "reports/html/parts.hpp"
#include "reports/report.hpp"

namespace meshproof::reports {
namespace {

std::string_view colour_of(run::Verdict verdict) {
    switch (verdict) {
        case run::Verdict::pass:
            return "\x1b[32m";
        case run::Verdict::fail:
            return "\x1b[31m";
        case run::Verdict::blocked:
            return "\x1b[35m";
        case run::Verdict::skip:
            return "\x1b[33m";
        case run::Verdict::deviates:
            return "\x1b[36m";
        case run::Verdict::not_run:
            return "\x1b[35m";
    }
    return {};
}

std::string lengths(const run::Outcome& outcome) {
    const auto wall = human_duration(outcome.duration);
    // In virtual time both are of interest: what it cost, and how long it was.
    return outcome.virtual_duration > outcome.duration * 2
               ? fmt::format("{} ({} virtual)", wall, human_duration(outcome.virtual_duration))
               : wall;
}

/// What a scenario's agents met and came through, where they met anything: "" otherwise.
std::string faults_of(const run::Outcome& outcome) {
    const auto* scenario = std::get_if<run::ScenarioOutcome>(&outcome.detail);
    if (scenario == nullptr || scenario->agents.faults() == 0) {
        return {};
    }
    const auto& agents = scenario->agents;
    std::string parts;
    const std::tuple<std::size_t, std::string_view, std::string_view> counts[] = {
        {agents.refused_logins, "login refused", "logins refused"},
        {agents.refused_signatures, "signature refused", "signatures refused"},
        {agents.unanswered, "request unanswered", "requests unanswered"},
        {agents.unusable, "answer unusable", "answers unusable"},
        {agents.rejected_leaves, "leaf rejected", "leaves rejected"},
        {agents.retries, "retry", "retries"}};
    for (const auto& [count, one, several] : counts) {
        if (count > 0) {
            parts += fmt::format("{}{}", parts.empty() ? "" : ", ", counted(count, one, several));
        }
    }
    return fmt::format(", {} {}: {}", outcome.verdict == run::Verdict::pass ? "survived" : "met",
                       counted(agents.faults(), "fault"), parts);
}

}  // namespace

std::string outcome_line(const run::Outcome& outcome, bool colour) {
    const bool idle =
        outcome.verdict == run::Verdict::skip || outcome.verdict == run::Verdict::not_run;
    const auto verdict = fmt::format("{:<8}", run::to_string(outcome.verdict));
    // Checks have longer ids: few are longer than this.
    const std::size_t width = std::holds_alternative<run::CheckOutcome>(outcome.detail) ? 56 : 34;
    auto line = fmt::format("{}{}{} {:<{}}", colour ? colour_of(outcome.verdict) : "", verdict,
                            colour ? "\x1b[0m" : "", outcome.id, width);
    if (!idle) {
        line += " " + lengths(outcome) + faults_of(outcome);
    }
    if (!outcome.reason.empty()) {
        line += fmt::format("{}{}", idle ? " " : "\n         ", outcome.reason);
    }
    return line;
}

std::string summary_line(const run::RunResult& result) {
    auto line = pages::things(result, result.outcomes.size()) + ":";
    const char* separator = " ";
    for (const auto verdict : run::all_verdicts) {
        const auto count = result.count(verdict);
        // Only of a run that was ended early there is something to say.
        if (verdict != run::Verdict::not_run || count > 0) {
            line += fmt::format("{}{} {}", separator, count, run::to_string(verdict));
            separator = ", ";
        }
    }
    return line + fmt::format(" in {}", human_duration(result.duration));
}

}  // namespace meshproof::reports
