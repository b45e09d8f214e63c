#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/html/escape.hpp"
#include "reports/load.hpp"
#include "reports/report.hpp"
#include "reports/table.hpp"

namespace meshproof::reports {

namespace {

/// What --fail-fast left out is no error of its own; what else was not run shows that not all is
/// known.
bool as_error(const run::RunResult& result) {
    return result.ended_early != run::EarlyEnd::fail_fast;
}

/// Every expectation that did not hold, and what the check states or the scenario proves and where
/// that is written: who looks at one red case has nothing else at hand.
std::string failure_text(const run::Outcome& outcome) {
    auto text = join(outcome.failures, "\n");
    if (const auto* check = std::get_if<run::CheckOutcome>(&outcome.detail)) {
        text += fmt::format("\nrequirement: {}\nsource: {}", check->requirement, check->source);
    }
    const auto* scenario = std::get_if<run::ScenarioOutcome>(&outcome.detail);
    if (scenario != nullptr && !scenario->sentence.empty()) {
        text += fmt::format("\nproves: {}\nsource: {}", scenario->sentence, scenario->source);
    }
    return text;
}

std::string body(const run::RunResult& result, const run::Outcome& outcome) {
    switch (outcome.verdict) {
        case run::Verdict::pass:
            return {};
        case run::Verdict::fail:
            return fmt::format("    <failure message=\"{}\">{}</failure>\n",
                               html::escaped_xml(outcome.reason),
                               html::escaped_xml(failure_text(outcome)));
        case run::Verdict::blocked:
            return fmt::format("    <error message=\"{}\"/>\n",
                               html::escaped_xml("blocked: " + outcome.reason));
        case run::Verdict::skip:
            return fmt::format("    <skipped message=\"{}\"/>\n",
                               html::escaped_xml(outcome.reason));
        case run::Verdict::deviates:
            return fmt::format("    <skipped message=\"{}\"/>\n",
                               html::escaped_xml("deviates: " + outcome.reason));
        case run::Verdict::not_run:
            return fmt::format("    <{} message=\"{}\"/>\n", as_error(result) ? "error" : "skipped",
                               html::escaped_xml("not run: " + outcome.reason));
    }
    return {};
}

std::string evidence_text(const run::CheckOutcome& check) {
    std::string text;
    for (const auto& exchange : check.evidence) {
        constexpr std::size_t enough = 300;
        text +=
            fmt::format("{} {}\n  {} {}\n", exchange.method, exchange.target, exchange.status,
                        exchange.status == 0 ? exchange.failure : head_of(exchange.answer, enough));
    }
    return text;
}

/// What a scenario's agents asked and met, under the names of report.json.
std::string agents_text(const run::ScenarioOutcome& scenario) {
    std::string text;
    if (scenario.agents != run::AgentCounts()) {
        for (const auto& [name, count] : scenario.agents.named()) {
            text += fmt::format("{}: {}\n", name, count);
        }
    }
    return text;
}

/// For whoever looks at one test case. As text: a case that has <properties> is none to Jenkins'
/// xUnit plugin (its junit-10.xsd allows them to a suite alone), which then refuses the whole file.
std::string output(const run::Outcome& outcome) {
    std::string text;
    if (const auto* check = std::get_if<run::CheckOutcome>(&outcome.detail)) {
        text = evidence_text(*check);
    } else if (const auto* scenario = std::get_if<run::ScenarioOutcome>(&outcome.detail)) {
        text = agents_text(*scenario);
    }
    return text.empty() ? text
                        : fmt::format("    <system-out>{}</system-out>\n", html::escaped_xml(text));
}

/// The test cases, and how many there are of each kind.
struct Cases {
    std::string text;
    std::size_t tests = 0, failures = 0, errors = 0;

    void add(std::string_view group, std::string_view name, Duration time,
             std::string_view content) {
        ++tests;
        text += fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"{}",
                            html::escaped_xml(group), html::escaped_xml(name), in_seconds(time),
                            content.empty() ? "/>\n" : ">\n");
        if (!content.empty()) {
            text += fmt::format("{}  </testcase>\n", content);
        }
    }
    /// A bound of an SLO: a case of its own, so that whoever looks at the CI sees which was missed.
    template <class Bound>
    void add_bound(std::string_view id, const Bound& bound) {
        const auto measured = html::escaped_xml(measured_text(bound));
        std::string content;
        if (bound.answer == run::BoundAnswer::missed) {
            ++failures;
            content = fmt::format("    <failure message=\"{}\"/>\n", measured);
        } else if (bound.answer == run::BoundAnswer::no_data) {
            ++errors;
            content = fmt::format("    <error message=\"{}\"/>\n", measured);
        }
        add(id, fmt::format("{}: {}", id, bound_text(bound)), {}, content);
    }
};

void add_bounds(const run::Outcome& outcome, Cases& cases) {
    const auto* load = std::get_if<run::LoadOutcome>(&outcome.detail);
    if (load == nullptr) {
        return;
    }
    for (const auto& bound : load->slo.latencies) {
        cases.add_bound(outcome.id, bound);
    }
    cases.add_bound(outcome.id, load->slo.errors);
}

}  // namespace

std::string to_junit(const run::RunResult& result) {
    using run::Verdict;
    Cases cases;
    cases.failures = result.count(Verdict::fail);
    const auto not_run = result.count(Verdict::not_run);
    cases.errors = result.count(Verdict::blocked) + (as_error(result) ? not_run : 0);
    for (const auto& outcome : result.outcomes) {
        const auto slash = outcome.id.rfind('/');
        const auto group = slash == std::string::npos
                               ? kind_of(outcome)
                               : std::string_view(outcome.id).substr(0, slash);
        cases.add(group, outcome.id, outcome.duration, body(result, outcome) + output(outcome));
        add_bounds(outcome, cases);
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"meshproof {} {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
        "skipped=\"{}\" time=\"{:.3f}\" "
        "timestamp=\"{}\">\n"
        "  <properties>\n"
        "    <property name=\"version\" value=\"{}\"/>\n"
        "    <property name=\"seed\" value=\"{}\"/>\n"
        "  </properties>\n{}</testsuite>\n",
        run::to_string(result.command), html::escaped_xml(result.target), cases.tests,
        cases.failures, cases.errors,
        result.count(Verdict::skip) + result.count(Verdict::deviates) +
            (as_error(result) ? 0 : not_run),
        in_seconds(result.duration), rfc3339(result.started), html::escaped_xml(result.version),
        result.seed, cases.text);
}

}  // namespace meshproof::reports
