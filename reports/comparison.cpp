#include <nlohmann/json.hpp>

#include "core/base/answer.hpp"
#include "core/base/text.hpp"
#include "reports/report.hpp"

namespace meshproof::reports {

Result<Summary> read_report(const std::string& path) {
    const auto text = read_file(path);
    if (!text) {
        return propagate(text);
    }
    const auto json = nlohmann::json::parse(*text, nullptr, false);
    const auto wrong = [&path](std::string_view what) {
        return fail(FailureKind::invalid, "{}: {}: expected a report.json of meshproof", path,
                    what);
    };
    if (!json.is_object() || json.value("schema", "") != "meshproof.report/v1") {
        return wrong("no schema meshproof.report/v1");
    }
    try {
        Summary summary;
        const auto& target = json.at("target");
        summary.target = target.at("name").get<std::string>();
        for (const auto& server : target.at("servers")) {
            summary.servers.push_back(fmt::format("{} {}", server.at("product").get<std::string>(),
                                                  server.at("version").get<std::string>()));
        }
        for (const auto& line : json.at("results")) {
            summary.lines.push_back({line.at("id").get<std::string>(),
                                     line.at("verdict").get<std::string>(),
                                     line.at("reason").get<std::string>()});
        }
        return summary;
    } catch (const nlohmann::json::exception& error) {
        return wrong(error.what());
    }
}

std::string comparison(const std::vector<Summary>& reports) {
    std::map<std::string, std::vector<const Summary::Line*>> by_id;
    for (std::size_t column = 0; column < reports.size(); ++column) {
        for (const auto& line : reports[column].lines) {
            auto& row = by_id[line.id];
            row.resize(reports.size(), nullptr);
            row[column] = &line;
        }
    }
    std::string out = "# Targets compared, check by check\n\n";
    std::string head = "| check |", rule = "|---|";
    for (std::size_t column = 0; column < reports.size(); ++column) {
        out += fmt::format("{}. {} ({})\n", column + 1, reports[column].target,
                           join(reports[column].servers, ", "));
        head += fmt::format(" {} |", column + 1);
        rule += "---|";
    }
    std::string rows, differences;
    std::size_t alike = 0;
    for (const auto& [id, row] : by_id) {
        std::set<std::string> verdicts;
        std::string cells, reasons;
        for (std::size_t column = 0; column < row.size(); ++column) {
            if (row[column] == nullptr) {
                cells += " – |";  // another server's check
                continue;
            }
            const auto& [line_id, verdict, reason] = *row[column];
            verdicts.insert(verdict);
            cells += fmt::format(" {} |", verdict);
            if (verdict != "pass") {
                reasons += fmt::format("; {}: {} ({})", column + 1, verdict, one_line(reason));
            }
        }
        rows += fmt::format("| `{}` |{}\n", id, cells);
        if (verdicts.size() <= 1) {
            ++alike;
        } else {
            differences += fmt::format("- `{}`{}\n", id, reasons.replace(0, 1, ":"));
        }
    }
    out += fmt::format("\n{} checks; the same verdict wherever they were run: {}.\n\n",
                       by_id.size(), alike);
    out += "## Differences\n\n" + (differences.empty() ? std::string("None.\n") : differences) +
           "\n## All checks\n\n";
    return out + head + "\n" + rule + "\n" + rows;
}

}  // namespace meshproof::reports
