#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/base/text.hpp"
#include "reports/report.hpp"

namespace meshproof::reports {
namespace {

using Json = nlohmann::ordered_json;

double seconds(Duration duration) {
    // Milliseconds are enough for people and keep the numbers short.
    return static_cast<double>(std::chrono::round<std::chrono::milliseconds>(duration).count()) /
           1000.0;
}

Json pairs(const std::vector<std::pair<std::string, std::string>>& headers) {
    Json out = Json::array();
    for (const auto& [name, value] : headers) {
        out.push_back(fmt::format("{}: {}", name, value));
    }
    return out;
}

Json evidence_json(const std::vector<run::Exchange>& exchanges) {
    Json out = Json::array();
    for (const auto& exchange : exchanges) {
        Json item = {{"server", exchange.server},
                     {"request", fmt::format("{} {}", exchange.method, exchange.target)},
                     {"headers", pairs(exchange.headers)}};
        if (!exchange.body.empty()) {
            item["body"] = exchange.body;
        }
        if (exchange.status == 0) {
            item["no_answer"] = exchange.failure;
        } else {
            item["status"] = exchange.status;
            item["answer_headers"] = pairs(exchange.answer_headers);
            item["answer"] = exchange.answer;
        }
        out.push_back(std::move(item));
    }
    return out;
}

}  // namespace

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
        Json item = {{"id", outcome.id},
                     {"kind", outcome.kind},
                     {"verdict", run::to_string(outcome.verdict)},
                     {"reason", outcome.reason},
                     {"duration_s", seconds(outcome.duration)},
                     {"virtual_s", seconds(outcome.virtual_duration)},
                     {"trace_digest", outcome.trace_digest}};
        if (outcome.kind == "check") {
            item["requirement"] = outcome.requirement;
            item["source"] = outcome.source;
            item["level"] = outcome.level;
            item["features"] = outcome.features;
            item["profile"] = outcome.features.empty() ? "core" : "extended";
            item["evidence"] = evidence_json(outcome.evidence);
        }
        if (!outcome.failures.empty()) {
            item["failures"] = outcome.failures;
        }
        if (!outcome.trace.empty()) {
            item["trace"] = outcome.trace;
        }
        results.push_back(std::move(item));
    }
    const Json report = {{"schema", "meshproof.report/v1"},
                         {"version", MESHPROOF_VERSION},
                         {"command", result.command},
                         {"target",
                          {{"name", result.target},
                           {"setting", result.setting},
                           {"servers", servers},
                           {"features", result.features}}},
                         {"seed", result.seed},
                         {"started", rfc3339(result.started)},
                         {"duration_s", seconds(result.duration)},
                         {"interrupted", result.interrupted},
                         {"summary", summary},
                         {"results", results}};
    // A server's text may hold bytes that are no UTF-8: replaced, never a crash.
    return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<void> prepare_folder(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return fail(FailureKind::invalid, "cannot make the report folder {}: {}", folder,
                    error.message());
    }
    const auto probe = folder + "/.meshproof-probe";
    if (const auto written = write_file(probe, ""); !written) {
        return written;
    }
    std::filesystem::remove(probe, error);
    return {};
}

Result<void> write_reports(const std::string& folder, const run::RunResult& result) {
    if (const auto prepared = prepare_folder(folder); !prepared) {
        return prepared;
    }
    if (const auto written = write_file(folder + "/report.json", to_json(result)); !written) {
        return written;
    }
    if (const auto written = write_file(folder + "/junit.xml", to_junit(result)); !written) {
        return written;
    }
    return result.command == "conform" ? write_file(folder + "/report.md", to_markdown(result))
                                       : Result<void>{};
}

}  // namespace meshproof::reports
