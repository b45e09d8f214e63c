#include <array>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "reports/load.hpp"
#include "reports/report.hpp"

namespace meshproof::reports {
namespace {

using Json = Place::Json;

enum class Kind { scenario, check, load };
constexpr std::array all_kinds = {Kind::scenario, Kind::check, Kind::load};
std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::scenario:
            return "scenario";
        case Kind::check:
            return "check";
        case Kind::load:
            return "load";
    }
    return {};
}

std::vector<std::pair<std::string, std::string>> headers_at(const Place& place) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& item : place.items()) {
        const auto line = item.text();
        const auto colon = line.find(": ");
        if (colon == std::string::npos) {
            item.wrong("\"NAME: VALUE\"");
        } else {
            out.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        }
    }
    return out;
}

run::Exchange exchange_at(const Place& place) {
    run::Exchange exchange;
    exchange.server = place["server"].text();
    exchange.method = place["method"].text();
    exchange.target = place["target"].text();
    exchange.headers = headers_at(place["headers"]);
    if (const auto body = place["body"]; body.exists()) {
        exchange.body = body.text();
    }
    if (const auto none = place["no_answer"]; none.exists()) {
        exchange.failure = none.text();
        return exchange;
    }
    const auto answer = place["answer"];
    exchange.status = static_cast<int>(answer["status"].whole(100, 999));
    exchange.answer_headers = headers_at(answer["headers"]);
    exchange.answer = answer["body"].text();
    return exchange;
}

run::TraceEvent event_at(const Place& place) {
    return {place["at_ms"].milliseconds(), place["actor"].text(), place["kind"].text(),
            place["fields"].text_members()};
}

run::AgentCounts agents_at(const Place& place) {
    run::AgentCounts agents;
    agents.logins = place["logins"].whole();
    agents.signatures = place["signatures"].whole();
    agents.refused_logins = place["refused_logins"].whole();
    agents.refused_signatures = place["refused_signatures"].whole();
    agents.unanswered = place["unanswered"].whole();
    // Reports of before these were counted have none.
    if (const auto unusable = place["unusable"]; unusable.exists()) {
        agents.unusable = unusable.whole();
    }
    if (const auto rejected = place["rejected_leaves"]; rejected.exists()) {
        agents.rejected_leaves = rejected.whole();
    }
    agents.retries = place["retries"].whole();
    return agents;
}

run::ScenarioOutcome scenario_at(const Place& place) {
    run::ScenarioOutcome scenario;
    // Earlier reports have neither, nor have histories and properties.
    if (const auto sentence = place["sentence"]; sentence.exists()) {
        scenario.sentence = sentence.text();
    }
    if (const auto source = place["source"]; source.exists()) {
        scenario.source = source.text();
    }
    scenario.trace_digest = place["trace_digest"].text();
    if (const auto agents = place["agents"]; agents.exists()) {
        scenario.agents = agents_at(agents);
    }
    if (const auto trace = place["trace"]; trace.exists()) {
        for (const auto& event : trace.items()) {
            scenario.trace.push_back(event_at(event));
        }
    }
    return scenario;
}

run::CheckOutcome check_at(const Place& place) {
    run::CheckOutcome check;
    check.requirement = place["requirement"].text();
    check.source = place["source"].text();
    check.level = place["level"].one_of(run::all_levels);
    check.features = place["features"].texts();
    if (const auto profile = place["profile"]; profile.text() != profile_of(check)) {
        profile.wrong(fmt::format("{}, as features say", profile_of(check)));
    }
    for (const auto& exchange : place["evidence"].items()) {
        check.evidence.push_back(exchange_at(exchange));
    }
    return check;
}

run::Outcome outcome_at(const Place& place) {
    run::Outcome outcome;
    outcome.id = place["id"].text();
    outcome.verdict = place["verdict"].one_of(run::all_verdicts);
    outcome.reason = place["reason"].text();
    outcome.duration = place["duration_ms"].milliseconds();
    outcome.virtual_duration = place["virtual_duration_ms"].milliseconds();
    switch (place["kind"].one_of(all_kinds)) {
        case Kind::scenario:
            outcome.detail = scenario_at(place);
            break;
        case Kind::check:
            outcome.detail = check_at(place);
            break;
        case Kind::load:
            outcome.detail = load_at(place);
            break;
    }
    if (const auto failures = place["failures"]; failures.exists()) {
        outcome.failures = failures.texts();
    }
    return outcome;
}

run::RunResult result_at(const Place& place) {
    run::RunResult result;
    result.version = place["version"].text();
    result.command = place["command"].one_of(run::all_commands);
    const auto target = place["target"];
    result.target = target["name"].text();
    result.setting = target["setting"].one_of(run::all_settings);
    for (const auto& server : target["servers"].items()) {
        result.servers.push_back({server["role"].text(), server["product"].text(),
                                  server["version"].text(), server["address"].text()});
    }
    result.features = target["features"].texts();
    result.seed = place["seed"].whole();
    result.started = place["started"].date();
    result.duration = place["duration_ms"].milliseconds();
    result.interrupted = place["interrupted"].flag();
    if (const auto early = place["ended_early"]; early.exists()) {
        result.ended_early = early.one_of(run::all_early_ends);
    }
    if (const auto problem = place["problem"]; problem.exists()) {
        result.problem = problem.text();
    }
    for (const auto& outcome : place["results"].items()) {
        result.outcomes.push_back(outcome_at(outcome));
    }
    for (const auto verdict : run::all_verdicts) {
        const auto counted = place["summary"][std::string(run::to_string(verdict))];
        const bool older = verdict == run::Verdict::not_run && !counted.exists();
        if (older && result.count(verdict) == 0) {
            continue;  // written before a run could be ended early
        }
        if (counted.whole() != result.count(verdict)) {
            counted.wrong(fmt::format("{}, as results say", result.count(verdict)));
        }
    }
    return result;
}

/// The document, or what is wrong with its JSON and where.
Json json_of(std::string_view text, std::string& problem) {
    if (too_deep(text)) {
        problem = fmt::format("expected JSON nested at most {} deep", deepest_json);
        return {};
    }
    std::size_t at = 0;
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& error) {
        at = std::min(std::max<std::size_t>(error.byte, 1) - 1, text.size());
    } catch (const Json::exception&) {  // a number beyond all bounds: it does not say where
        problem = "expected JSON, got a number that nothing can hold";
        return {};
    }
    const auto before = text.substr(0, at);
    problem = fmt::format("line {}, byte {}: expected JSON",
                          std::count(before.begin(), before.end(), '\n') + 1,
                          at - (before.rfind('\n') + 1) + 1);
    return {};
}

}  // namespace

Result<run::RunResult> parse_report(std::string_view text) {
    std::string problem;
    const auto json = json_of(text, problem);
    run::RunResult result;
    if (problem.empty()) {
        const Place document(&json, "", problem);
        const auto schema = document["schema"].text();
        if (problem.empty() && schema != report_schema) {
            document["schema"].wrong(schema.starts_with("meshproof.report/")
                                         ? fmt::format("{}, and another version of meshproof wrote "
                                                       "this: make it anew with this one",
                                                       report_schema)
                                         : std::string(report_schema));
        }
        if (problem.empty()) {
            result = result_at(document);
        }
    }
    if (!problem.empty()) {
        return fail(FailureKind::invalid, "{}", problem);
    }
    return result;
}

Result<run::RunResult> read_report(const std::string& path) {
    const auto text = read_file(path);
    if (!text) {
        return propagate(text);
    }
    auto result = parse_report(*text);
    return result ? std::move(result) : propagate(result, path);
}

}  // namespace meshproof::reports
