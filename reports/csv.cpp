// Rows for tools that look for the point where a series changed.
#include <algorithm>
#include <array>
#include <chrono>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "reports/report.hpp"

namespace meshproof::reports {
namespace {

/// As columns have them; in report.json "p50" and so on.
constexpr std::array csv_percentiles = {"p50", "p90", "p95", "p99", "p99.9"};

/// One field by RFC 4180: quoted where it has to be.
std::string field(std::string_view raw) {
    const auto text = valid_utf8(std::string(raw));
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        return text;
    }
    std::string out = "\"";
    for (const char c : text) {
        out += c;
        if (c == '"') {
            out += c;
        }
    }
    return out + "\"";
}

/// "response_p99_9_us"
std::string column(std::string_view clock, std::string_view percentile) {
    std::string name(percentile);
    std::ranges::replace(name, '.', '_');
    return fmt::format("{}_{}_us", clock, name);
}

std::vector<std::string> csv_heads() {
    std::vector<std::string> out = {"started", "version", "command",    "target",         "setting",
                                    "seed",    "id",      "verdict",    "duration_ms",    "asked",
                                    "done",    "failed",  "unfinished", "done_per_second"};
    for (const auto* clock : {"response", "service"}) {
        for (const auto* percentile : csv_percentiles) {
            out.push_back(column(clock, percentile));
        }
    }
    out.emplace_back("server_cpu_us");
    return out;
}

/// CPU time of the server over the whole load; "" where it was not seen.
std::string server_time(const run::LoadServer& server) {
    const auto& looks = server.looks;
    return looks.size() < 2 || !looks.front().processor || !looks.back().processor
               ? std::string()
               : std::to_string((*looks.back().processor - *looks.front().processor).count());
}

void add_load_fields(std::vector<std::string>& fields, const run::LoadOutcome& load) {
    const auto& counts = load.counts;
    for (const auto count : {counts.asked, counts.done, counts.failed, counts.unfinished}) {
        fields.push_back(std::to_string(count));
    }
    fields.push_back(fmt::format("{}", load.done_per_second));
    const auto whole = load.stages.find("whole");
    for (const auto clock : {&run::LoadStage::response, &run::LoadStage::service}) {
        for (const auto* percentile : csv_percentiles) {
            std::string value;
            if (whole != load.stages.end()) {
                const auto& known = (whole->second.*clock).percentiles;
                const auto found = known.find(percentile);
                value = found == known.end() ? "" : std::to_string(found->second.at.count());
            }
            fields.push_back(std::move(value));
        }
    }
    fields.push_back(server_time(load.server));
}

std::string csv_row(const std::vector<std::string>& fields) {
    return join(fields, ",") + "\n";
}

std::string milliseconds_text(Duration duration) {
    return std::to_string(std::chrono::round<std::chrono::milliseconds>(duration).count());
}

}  // namespace

std::string to_csv(const run::RunResult& result) {
    const auto columns = csv_heads();
    auto out = csv_row(columns);
    for (const auto& outcome : result.outcomes) {
        std::vector<std::string> fields = {
            rfc3339_nano(std::chrono::floor<std::chrono::milliseconds>(result.started)),
            field(result.version),
            std::string(run::to_string(result.command)),
            field(result.target),
            std::string(run::to_string(result.setting)),
            std::to_string(result.seed),
            field(outcome.id),
            std::string(run::to_string(outcome.verdict)),
            milliseconds_text(outcome.duration)};
        if (const auto* load = std::get_if<run::LoadOutcome>(&outcome.detail)) {
            add_load_fields(fields, *load);
        }
        fields.resize(columns.size());
        out += csv_row(fields);
    }
    return out;
}

}  // namespace meshproof::reports
