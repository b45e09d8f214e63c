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
        if (!outcome.failures.empty()) {
            item["failures"] = outcome.failures;
        }
        if (!outcome.trace.empty()) {
            item["trace"] = outcome.trace;
        }
        results.push_back(std::move(item));
    }
    const Json report = {
        {"schema", "meshproof.report/v1"},
        {"version", MESHPROOF_VERSION},
        {"command", result.command},
        {"target", {{"name", result.target}, {"setting", result.setting}, {"servers", servers}}},
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
    return write_file(folder + "/junit.xml", to_junit(result));
}

}  // namespace meshproof::reports
