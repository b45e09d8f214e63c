#include <map>
#include <nlohmann/json.hpp>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "reports/load.hpp"
#include "reports/report.hpp"
#include "reports/side_by_side.hpp"
#include "reports/table.hpp"

namespace meshproof::reports {
namespace {

std::string heading(const std::vector<run::RunResult>& reports) {
    std::string out;
    for (std::size_t column = 0; column < reports.size(); ++column) {
        out += fmt::format("{}. {}\n", column + 1, cell(column_title(reports[column])));
    }
    return out;
}

/// What is in one report alone, a line a report; "" where there is nothing.
std::string only_section(const std::map<std::string, SideBySide>& rows) {
    std::map<std::size_t, std::string> ids;
    for (const auto& [id, row] : rows) {
        if (const auto column = only_in(row)) {
            auto& of_column = ids[*column];
            of_column += fmt::format("{}`{}`", of_column.empty() ? "" : ", ", id);
        }
    }
    std::string lines;
    for (const auto& [column, text] : ids) {
        lines += fmt::format("- {}: {}\n", column + 1, text);
    }
    return lines.empty() ? lines : fmt::format("## In one report only\n\n{}\n", lines);
}

std::string reasons_of(const SideBySide& row) {
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
    const auto by_id = side_by_side(reports);
    const auto counts = counts_of(by_id);
    std::string rows, differences;
    for (const auto& [id, row] : by_id) {
        rows += fmt::format("| `{}` |", id);
        for (const auto* cell : row) {
            rows += fmt::format(" {} |", cell == nullptr ? "–" : run::to_string(cell->verdict));
        }
        rows += '\n';
        if (!alike(row)) {
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
                    "{}; the same verdict wherever they were run: {}; another: {}{}.\n\n"
                    "## Differences\n\n{}\n{}## All checks\n\n{}\n{}\n{}{}",
                    heading(reports), counted(by_id.size(), "check"), counts.same, counts.different,
                    counts.only_text(), differences.empty() ? std::string("None.\n") : differences,
                    only_section(by_id), head, rule, rows, loads_compared(reports)));
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
    for (const auto& [id, row] : side_by_side(reports)) {
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
