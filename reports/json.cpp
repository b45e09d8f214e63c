#include <nlohmann/json.hpp>

#include "reports/evidence.hpp"
#include "reports/load.hpp"
#include "reports/report.hpp"

namespace meshproof::reports {
namespace {

using Json = nlohmann::ordered_json;

std::int64_t milliseconds(Duration duration) {
    return std::chrono::round<std::chrono::milliseconds>(duration).count();
}

Json header_lines(const std::vector<std::pair<std::string, std::string>>& headers) {
    Json out = Json::array();
    for (const auto& [name, value] : headers) {
        out.push_back(fmt::format("{}: {}", name, value));
    }
    return out;
}

Json trace_json(const std::vector<run::TraceEvent>& events) {
    Json out = Json::array();
    for (const auto& event : events) {
        Json fields = Json::object();
        for (const auto& [name, value] : event.fields) {
            fields[name] = value;
        }
        out.push_back({{"at_ms", event.at.count()},
                       {"actor", event.actor},
                       {"kind", event.kind},
                       {"fields", std::move(fields)}});
    }
    return out;
}

void add_detail(Json& item, const run::ScenarioOutcome& scenario) {
    if (!scenario.sentence.empty()) {
        item["sentence"] = scenario.sentence;
    }
    if (!scenario.source.empty()) {
        item["source"] = scenario.source;
    }
    item["trace_digest"] = scenario.trace_digest;
    if (const auto& agents = scenario.agents; agents != run::AgentCounts()) {
        for (const auto& [name, count] : agents.named()) {
            item["agents"][std::string(name)] = count;
        }
    }
    if (!scenario.trace.empty()) {
        item["trace"] = trace_json(scenario.trace);
    }
}

void add_detail(Json& item, const run::CheckOutcome& check) {
    item["requirement"] = check.requirement;
    item["source"] = check.source;
    item["level"] = run::to_string(check.level);
    item["features"] = check.features;
    item["profile"] = profile_of(check);
    item["evidence"] = evidence_json(check.evidence);
}

void add_detail(Json& item, const run::LoadOutcome& load) {
    add_load(item, load);
}

Json outcome_json(const run::Outcome& outcome) {
    Json item = {{"id", outcome.id},
                 {"kind", kind_of(outcome)},
                 {"verdict", run::to_string(outcome.verdict)},
                 {"reason", outcome.reason},
                 {"duration_ms", milliseconds(outcome.duration)},
                 {"virtual_duration_ms", milliseconds(outcome.virtual_duration)}};
    std::visit([&item](const auto& detail) { add_detail(item, detail); }, outcome.detail);
    if (!outcome.failures.empty()) {
        item["failures"] = outcome.failures;
    }
    return item;
}

}  // namespace

Json evidence_json(const std::vector<run::Exchange>& exchanges) {
    Json out = Json::array();
    for (const auto& exchange : exchanges) {
        Json item = {{"server", exchange.server},
                     {"method", exchange.method},
                     {"target", exchange.target},
                     {"headers", header_lines(exchange.headers)}};
        if (!exchange.body.empty()) {
            item["body"] = exchange.body;
        }
        if (exchange.status == 0) {
            item["no_answer"] = exchange.failure;
        } else {
            item["answer"] = {{"status", exchange.status},
                              {"headers", header_lines(exchange.answer_headers)},
                              {"body", exchange.answer}};
        }
        out.push_back(std::move(item));
    }
    return out;
}

std::string_view kind_of(const run::Outcome& outcome) {
    if (std::holds_alternative<run::LoadOutcome>(outcome.detail)) {
        return "load";
    }
    return std::holds_alternative<run::CheckOutcome>(outcome.detail) ? "check" : "scenario";
}

std::string_view profile_of(const run::CheckOutcome& check) {
    return check.features.empty() ? "core" : "extended";
}

std::string to_json(const run::RunResult& result) {
    Json servers = Json::array();
    for (const auto& server : result.servers) {
        servers.push_back({{"role", server.role},
                           {"product", server.product},
                           {"version", server.version},
                           {"address", server.address}});
    }
    Json summary;
    for (const auto verdict : run::all_verdicts) {
        summary[std::string(run::to_string(verdict))] = result.count(verdict);
    }
    Json results = Json::array();
    for (const auto& outcome : result.outcomes) {
        results.push_back(outcome_json(outcome));
    }
    Json report = {
        {"schema", report_schema},
        {"version", result.version},
        {"command", run::to_string(result.command)},
        {"target",
         {{"name", result.target},
          {"setting", run::to_string(result.setting)},
          {"servers", servers},
          {"features", result.features}}},
        {"seed", result.seed},
        {"started", rfc3339_nano(std::chrono::floor<std::chrono::milliseconds>(result.started))},
        {"duration_ms", milliseconds(result.duration)},
        {"interrupted", result.interrupted}};
    if (result.ended_early) {
        report["ended_early"] = run::to_string(*result.ended_early);
    }
    if (!result.problem.empty()) {
        report["problem"] = result.problem;
    }
    report["summary"] = std::move(summary);
    report["results"] = std::move(results);
    // A server's text may hold bytes that are no UTF-8: replaced, never a crash.
    return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace meshproof::reports
