#pragma once

#include <optional>

#include "conformance/preflight/judge.hpp"

/// One report in every format, and what the findings are, for people.
namespace meshproof::preflight {

/// What it comes to, in words: "nothing is wrong".
[[nodiscard]] std::string verdict_of(const Report& report);
/// The object, and where the account file names it.
[[nodiscard]] std::string place_of(const Report& report, const Finding& one);
/// Lines for a terminal. `all` lists what held, too.
[[nodiscard]] std::vector<std::string> to_text(const Report& report, bool all);
/// The lines of one finding in it.
[[nodiscard]] std::vector<std::string> finding_lines(const Report& report, const Finding& finding);
/// The same as a section of Markdown.
[[nodiscard]] std::string finding_markdown(const Report& report, const Finding& finding,
                                           bool with_commands);
/// What a wait tells of a report that is not well yet: "2 errors (a/b, c/d)".
[[nodiscard]] std::string errors_line(const Report& report);
/// docs/preflight.schema.json.
[[nodiscard]] std::string to_json(const Report& report);
/// SARIF 2.1.0: a result a finding, at the account file's line. What is accepted is left out, and
/// counted.
[[nodiscard]] std::string to_sarif(const Report& report);
/// A test case a rule that was judged: failure for errors, skipped for what could not be judged.
[[nodiscard]] std::string to_junit(const Report& report);
/// The verdict in the first line, then a table, then what to do; for a pipeline's summary. At most
/// so many bytes, by default less than GitHub takes (1 MiB): commands are left out where it would
/// be more.
[[nodiscard]] std::string to_markdown(const Report& report, std::size_t most_bytes = 1'000'000);

/// A page that opens by itself: what is wrong first, with the commands that mend it to copy.
[[nodiscard]] std::string to_html(const Report& report);

/// What a finding is, for --explain.
[[nodiscard]] std::vector<std::string> explain(const Rule& rule);
/// docs/preflight.md's list of findings.
[[nodiscard]] std::string findings_markdown();

}  // namespace meshproof::preflight
