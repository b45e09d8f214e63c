#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/run/result.hpp"

/// Several reports, result by result: what the comparison in Markdown and its page have in common.
namespace meshproof::reports {

/// A cell a report; null where it has no such result (another server's, or another command's).
using SideBySide = std::vector<const run::Outcome*>;

inline std::map<std::string, SideBySide> side_by_side(const std::vector<run::RunResult>& reports) {
    std::map<std::string, SideBySide> by_id;
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
inline bool alike(const SideBySide& row) {
    const run::Outcome* first = nullptr;
    return std::ranges::all_of(row, [&first](const run::Outcome* cell) {
        first = first == nullptr ? cell : first;
        return cell == nullptr || cell->verdict == first->verdict;
    });
}

/// The column of the only one of several reports that has it: there is nothing to compare it with.
inline std::optional<std::size_t> only_in(const SideBySide& row) {
    const auto has = [](const run::Outcome* cell) { return cell != nullptr; };
    if (row.size() < 2 || std::ranges::count_if(row, has) != 1) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(std::ranges::find_if(row, has) - row.begin());
}

/// How many there are of each kind.
struct SideBySideCounts {
    std::size_t same = 0, different = 0;
    std::vector<std::size_t> only;  ///< a report each: what it alone has

    /// "; only in 1: 3; only in 2: 1", "" where each is in several.
    [[nodiscard]] std::string only_text() const {
        std::string text;
        for (std::size_t column = 0; column < only.size(); ++column) {
            if (only[column] > 0) {
                text += fmt::format("; only in {}: {}", column + 1, only[column]);
            }
        }
        return text;
    }
};

inline SideBySideCounts counts_of(const std::map<std::string, SideBySide>& rows) {
    SideBySideCounts counts;
    for (const auto& [id, row] : rows) {
        counts.only.resize(row.size());
        if (const auto column = only_in(row)) {
            ++counts.only[*column];
        } else {
            ++(alike(row) ? counts.same : counts.different);
        }
    }
    return counts;
}

/// "staging (openbao 2.7.2, kube-apiserver v1.34.4)": what a column is of. The setting stands for
/// what the report does not know.
inline std::string column_title(const run::RunResult& report) {
    const std::string setting(run::to_string(report.setting));
    const auto& name = report.target.empty() ? setting : report.target;
    std::string servers;
    for (const auto& server : report.servers) {
        servers +=
            fmt::format("{}{} {}", servers.empty() ? "" : ", ", server.product, server.version);
    }
    const auto& what = servers.empty() ? setting : servers;
    return what == name ? name : fmt::format("{} ({})", name, what);
}

}  // namespace meshproof::reports
