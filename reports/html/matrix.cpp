#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/text.hpp"
#include "core/html/escape.hpp"
#include "core/html/page.hpp"
#include "reports/html/html.hpp"
#include "reports/html/parts.hpp"
#include "reports/side_by_side.hpp"

namespace meshproof::reports {
namespace {

using Matrix = std::map<std::string, SideBySide>;  // by id

/// "1", "2", …: as the list above the tables numbers the reports.
std::vector<std::string> column_numbers(std::size_t count) {
    std::vector<std::string> numbers;
    for (std::size_t column = 1; column <= count; ++column) {
        numbers.push_back(std::to_string(column));
    }
    return numbers;
}

pages::Table table_of(std::string_view caption, const std::vector<std::string>& columns,
                      bool with_reasons) {
    std::vector<std::string_view> heads = {"id"};
    heads.insert(heads.end(), columns.begin(), columns.end());
    if (with_reasons) {
        heads.emplace_back("reasons");
    }
    return {caption, heads};
}

void add_cells(pages::Table& table, const std::string& name, const SideBySide& row) {
    table.head(name);
    for (const auto* cell : row) {
        table.markup(cell == nullptr ? "\u2013" : pages::verdict_word(cell->verdict));
    }
}

std::string reasons_markup(const SideBySide& row) {
    constexpr std::size_t reason_bytes = 300;
    std::string reasons;
    for (std::size_t column = 0; column < row.size(); ++column) {
        if (row[column] != nullptr && !row[column]->reason.empty()) {
            reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "<br/>", column + 1,
                                   html::escaped_head(row[column]->reason, reason_bytes));
        }
    }
    return reasons;
}

std::string columns_list(const std::vector<run::RunResult>& reports) {
    std::string items;
    for (const auto& report : reports) {
        std::string counts;
        for (const auto verdict : run::all_verdicts) {
            counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", report.count(verdict),
                                  run::to_string(verdict));
        }
        items += fmt::format("<li>{}, {}, seed {}: {}</li>\n", html::escaped(column_title(report)),
                             rfc3339(report.started), report.seed, counts);
    }
    return "<ol>\n" + items + "</ol>\n";
}

std::string differences_section(const Matrix& matrix, const std::vector<std::string>& columns) {
    auto table = table_of("Another verdict on one target than on another", columns, true);
    for (const auto& [id, row] : matrix) {
        if (!alike(row)) {
            add_cells(table, id, row);
            table.markup(reasons_markup(row));
        }
    }
    return "<section aria-labelledby=\"differences\">\n<h2 id=\"differences\">Differences</h2>\n" +
           (table.empty() ? std::string("<p>None.</p>\n") : table.text()) + "</section>\n";
}

std::string matrix_section(const Matrix& matrix, const std::vector<std::string>& columns) {
    std::map<std::string, Matrix> topics;
    for (const auto& [id, row] : matrix) {
        topics[id.substr(0, id.rfind('/'))][id] = row;
    }
    std::string text =
        "<section aria-labelledby=\"all\">\n<h2 id=\"all\">All results by topic</h2>\n";
    for (const auto& [topic, rows] : topics) {
        auto table = table_of("Results of " + topic, columns, false);
        for (const auto& [id, row] : rows) {
            const auto slash = id.rfind('/');
            add_cells(table, slash == std::string::npos ? id : id.substr(slash + 1), row);
            if (!alike(row)) {
                table.mark_broken();
            }
        }
        const auto counts = counts_of(rows);
        text += fmt::format(
            "<details{}>\n<summary><code>{}</code>: {} of {} alike{}</summary>\n{}</details>\n",
            counts.different > 0 ? " open=\"open\"" : "", html::escaped(topic), counts.same,
            rows.size(), counts.only_text(), table.text());
    }
    return text + "</section>\n";
}

}  // namespace

std::string to_html(const std::vector<run::RunResult>& reports) {
    const auto matrix = side_by_side(reports);
    const auto columns = column_numbers(reports.size());
    const auto counts = counts_of(matrix);
    const auto headline =
        fmt::format("{} of {} the same verdict wherever they were run{}", counts.same,
                    counted(matrix.size(), "result has", "results have"), counts.only_text());
    return html::page(
        "Targets compared - meshproof",
        fmt::format(
            "<header class=\"{}\">\n<h1>Targets compared</h1>\n<p class=\"sentence\">{}</p>\n"
            "{}</header>\n<main>\n{}{}</main>\n",
            counts.different == 0 && counts.same > 0 ? "pass" : "skip", headline,
            columns_list(reports), differences_section(matrix, columns),
            matrix_section(matrix, columns)));
}

}  // namespace meshproof::reports
