#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "reports/load.hpp"
#include "reports/report.hpp"
#include "reports/table.hpp"

namespace meshproof::reports {
namespace {

/// A cell a report; null where it has no such check (another server's).
using Row = std::vector<const run::Outcome*>;

std::map<std::string, Row> rows_of(const std::vector<run::RunResult>& reports) {
    std::map<std::string, Row> by_id;
    for (std::size_t column = 0; column < reports.size(); ++column) {
        for (const auto& outcome : reports[column].outcomes) {
            auto& row = by_id[outcome.id];
            row.resize(reports.size(), nullptr);
            row[column] = &outcome;
        }
    }
    return by_id;
}

/// The same verdict wherever it was run.
bool alike(const Row& row) {
    std::set<run::Verdict> verdicts;
    for (const auto* cell : row) {
        if (cell != nullptr) {
            verdicts.insert(cell->verdict);
        }
    }
    return verdicts.size() <= 1;
}

std::string heading(const std::vector<run::RunResult>& reports) {
    std::string out;
    for (std::size_t column = 0; column < reports.size(); ++column) {
        std::vector<std::string> servers;
        for (const auto& server : reports[column].servers) {
            servers.push_back(fmt::format("{} {}", cell(server.product), cell(server.version)));
        }
        out += fmt::format("{}. {} ({})\n", column + 1, cell(reports[column].target),
                           join(servers, ", "));
    }
    return out;
}

std::string reasons_of(const Row& row) {
    std::string reasons;
    for (std::size_t column = 0; column < row.size(); ++column) {
        if (row[column] != nullptr && row[column]->verdict != run::Verdict::pass) {
            reasons += fmt::format("{} {}: {} ({})", reasons.empty() ? ":" : ";", column + 1,
                                   run::to_string(row[column]->verdict), cell(row[column]->reason));
        }
    }
    return reasons;
}

}  // namespace

std::string comparison(const std::vector<run::RunResult>& reports) {
    const auto by_id = rows_of(reports);
    std::string rows, differences;
    std::size_t same = 0;
    for (const auto& [id, row] : by_id) {
        rows += fmt::format("| `{}` |", id);
        for (const auto* cell : row) {
            rows += fmt::format(" {} |", cell == nullptr ? "–" : run::to_string(cell->verdict));
        }
        rows += '\n';
        if (alike(row)) {
            ++same;
        } else {
            differences += fmt::format("- `{}`{}\n", id, reasons_of(row));
        }
    }
    std::string head = "| check |", rule = "|---|";
    for (std::size_t column = 0; column < reports.size(); ++column) {
        head += fmt::format(" {} |", column + 1);
        rule += "---|";
    }
    return valid_utf8(
        fmt::format("# Targets compared, check by check\n\n{}\n"
                    "{} checks; the same verdict wherever they were run: {}.\n\n"
                    "## Differences\n\n{}\n## All checks\n\n{}\n{}\n{}{}",
                    heading(reports), by_id.size(), same,
                    differences.empty() ? std::string("None.\n") : differences, head, rule, rows,
                    loads_compared(reports)));
}

std::string comparison_json(const std::vector<run::RunResult>& reports) {
    using Json = nlohmann::ordered_json;
    Json columns = Json::array(), checks = Json::array();
    for (const auto& report : reports) {
        Json servers = Json::array();
        for (const auto& server : report.servers) {
            servers.push_back({{"product", server.product}, {"version", server.version}});
        }
        columns.push_back({{"target", report.target},
                           {"command", run::to_string(report.command)},
                           {"started", rfc3339(report.started)},
                           {"servers", std::move(servers)}});
    }
    for (const auto& [id, row] : rows_of(reports)) {
        Json outcomes = Json::array();
        for (const auto* cell : row) {
            outcomes.push_back(cell == nullptr ? Json()
                                               : Json{{"verdict", run::to_string(cell->verdict)},
                                                      {"reason", cell->reason}});
        }
        checks.push_back({{"id", id}, {"alike", alike(row)}, {"outcomes", std::move(outcomes)}});
    }
    const Json whole = {{"schema", comparison_schema},
                        {"reports", std::move(columns)},
                        {"checks", std::move(checks)}};
    return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace meshproof::reports
