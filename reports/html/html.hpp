#pragma once

#include <string>
#include <vector>

#include "core/run/result.hpp"

namespace meshproof::reports {

/// One page for people that needs nothing beside it: the verdict first, then each failure with its
/// evidence and the command that plays it again, then everything by kind: scenarios with their
/// timelines where the report has traces, loads with their curves, checks by topic. It stays under
/// 2 MB for a run of all checks: evidence and traces that do not fit are left to report.json, and
/// the page says so.
[[nodiscard]] std::string to_html(const run::RunResult& result);

/// Several reports side by side, as `comparison` tells them: the differences with their reasons
/// first, then every result by topic, a column a report, folded where all are alike.
[[nodiscard]] std::string to_html(const std::vector<run::RunResult>& reports);

}  // namespace meshproof::reports
