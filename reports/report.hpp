#pragma once

#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/run/result.hpp"

/// What is told of a run, in every format from the same RunResult.
namespace meshproof::reports {

/// Schema `meshproof.report/v1`: one JSON object, indented, with a final newline.
[[nodiscard]] std::string to_json(const run::RunResult& result);
/// JUnit XML: one test suite, a test case a scenario; blocked is an error, skip and deviates are
/// skipped with their reasons.
[[nodiscard]] std::string to_junit(const run::RunResult& result);

/// Of `conform`: a document for people: profile, features, counts, and each check with its
/// evidence.
[[nodiscard]] std::string to_markdown(const run::RunResult& result);

/// What a report.json says, as far as `comparison` needs it.
struct Summary {
    std::string target;                ///< its name
    std::vector<std::string> servers;  ///< "fake openbao 2.7.2"
    struct Line {
        std::string id, verdict, reason;
    };
    std::vector<Line> lines;
};
/// `invalid` names the file and what is wrong with it.
[[nodiscard]] Result<Summary> read_report(const std::string& path);
/// A table check by check, a column a report; then every difference with the reasons given.
[[nodiscard]] std::string comparison(const std::vector<Summary>& reports);

/// Makes the folder where needed and proves that it can be written: call it before a long run.
[[nodiscard]] Result<void> prepare_folder(const std::string& folder);
/// report.json, junit.xml and, of `conform`, report.md, each whole or not at all.
[[nodiscard]] Result<void> write_reports(const std::string& folder, const run::RunResult& result);

/// One line for one outcome: verdict, id, time, reason. `colour`: with ANSI colours.
[[nodiscard]] std::string outcome_line(const run::Outcome& outcome, bool colour);
/// "17 scenarios: 15 pass, 0 fail, 0 blocked, 2 skip, 0 deviates in 4.2 s"
[[nodiscard]] std::string summary_line(const run::RunResult& result);

}  // namespace meshproof::reports
