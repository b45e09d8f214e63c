#pragma once

#include <string>

#include "core/base/result.hpp"
#include "core/run/result.hpp"

/// What is told of a run, in every format from the same RunResult.
namespace meshproof::reports {

/// Schema `meshproof.report/v1`: one JSON object, indented, with a final newline.
[[nodiscard]] std::string to_json(const run::RunResult& result);
/// JUnit XML: one test suite, a test case a scenario; blocked is an error, skip and deviates are
/// skipped with their reasons.
[[nodiscard]] std::string to_junit(const run::RunResult& result);

/// Makes the folder where needed and proves that it can be written: call it before a long run.
[[nodiscard]] Result<void> prepare_folder(const std::string& folder);
/// report.json and junit.xml, each whole or not at all.
[[nodiscard]] Result<void> write_reports(const std::string& folder, const run::RunResult& result);

/// One line for one outcome: verdict, id, time, reason. `colour`: with ANSI colours.
[[nodiscard]] std::string outcome_line(const run::Outcome& outcome, bool colour);
/// "17 scenarios: 15 pass, 0 fail, 0 blocked, 2 skip, 0 deviates in 4.2 s"
[[nodiscard]] std::string summary_line(const run::RunResult& result);

}  // namespace meshproof::reports
