#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/run/result.hpp"

/// What is told of a run, in every format from the same RunResult.
namespace meshproof::reports {

/// What docs/report.schema.json describes.
inline constexpr std::string_view report_schema = "meshproof.report/v2";

/// One JSON object of that schema, indented, with a final newline. Durations are in whole
/// milliseconds, dates in RFC 3339; what is no UTF-8 is U+FFFD.
[[nodiscard]] std::string to_json(const run::RunResult& result);
/// The same value back. `invalid` says in one line what is wrong, where, and what was expected.
/// Members that are not known are ignored, so that a later version may add some.
[[nodiscard]] Result<run::RunResult> parse_report(std::string_view text);
/// As parse_report; names the file.
[[nodiscard]] Result<run::RunResult> read_report(const std::string& path);

/// "scenario", "check" or "load".
[[nodiscard]] std::string_view kind_of(const run::Outcome& outcome);
/// "core", or "extended" where it needs a feature.
[[nodiscard]] std::string_view profile_of(const run::CheckOutcome& check);

/// JUnit XML: one test suite, a test case a scenario, check or load, and one for each bound of a
/// load's SLO. Blocked and not-run are errors, as is a bound without data; skip and deviates are
/// skipped with their reasons, and so is what --fail-fast left out.
[[nodiscard]] std::string to_junit(const run::RunResult& result);

/// GitHub drops a step's summary of more than 1,024 KiB whole.
inline constexpr std::size_t most_summary = (std::size_t{1024} << 10) - 1;

/// A document for people, the verdict first. Of `conform`: profile, features, counts, and each
/// check with its evidence. Of `load`: both times, the SLO, what failed, the timeline. At most so
/// many bytes: evidence without room is left out and counted, that of what passed first.
[[nodiscard]] std::string to_markdown(const run::RunResult& result,
                                      std::size_t most_bytes = most_summary);

/// Of a pipeline's step: the verdict first, the counts, then a line for each problem with the
/// command that plays it again last. At most so many bytes: problems without room are counted.
/// `replay` gives that command, "" = none.
[[nodiscard]] std::string to_summary(const run::RunResult& result, std::size_t most_bytes,
                                     const std::function<std::string(const run::Outcome&)>& replay);
/// Of what failed or was blocked, one line: verdict, id, reason, and the command last.
[[nodiscard]] std::string problem_line(const run::Outcome& outcome, std::string_view replay);

/// The text format of OpenMetrics 1.0: counts of verdicts, the duration, and of loads what was
/// counted and the percentiles by both clocks, in seconds.
[[nodiscard]] std::string to_openmetrics(const run::RunResult& result);
/// For tools that look for the point where a series changed: a head, and a row a result. What a
/// result does not have is empty; the columns stay the same.
[[nodiscard]] std::string to_csv(const run::RunResult& result);

/// A table check by check, a column a report; then every difference with the reasons given. Loads
/// are told by their figures as well.
[[nodiscard]] std::string comparison(const std::vector<run::RunResult>& reports);
/// What docs/comparison.schema.json describes.
inline constexpr std::string_view comparison_schema = "meshproof.comparison/v1";
/// The same table as one JSON object of that schema.
[[nodiscard]] std::string comparison_json(const std::vector<run::RunResult>& reports);

/// Makes the folder where needed and proves that it can be written: call it before a long run.
[[nodiscard]] Result<void> prepare_folder(const std::string& folder);
/// report.json, junit.xml, report.html and, of `conform`, report.md, each whole or not at all.
[[nodiscard]] Result<void> write_reports(const std::string& folder, const run::RunResult& result);

/// One line for one outcome: verdict, id, time, reason. `colour`: with ANSI colours.
[[nodiscard]] std::string outcome_line(const run::Outcome& outcome, bool colour);
/// "17 scenarios: 15 pass, 0 fail, 0 blocked, 2 skip, 0 deviates in 4.2 s"
[[nodiscard]] std::string summary_line(const run::RunResult& result);

}  // namespace meshproof::reports
