#pragma once

#include <string_view>

#include "reports/gate/source.hpp"

/// What preflight says of an account, or of a change before it is applied, as results that a policy
/// judges like those of a run.
namespace meshproof::reports::gate {

/// Whether a document is preflight's (docs/preflight.schema.json): by its first lines.
[[nodiscard]] bool is_of_preflight(std::string_view text);

/// Fills in a source whose report is such a document. Of an account: `preflight/ID` passes where
/// the rule holds, fails for a finding at error level, and is skipped where one could not be
/// judged; warnings, advice and what the account file accepts are counted only. Of a change:
/// `plan/leaves` fails for everyone who would stop getting leaves, `plan/ID` for an error that
/// appears. Invalid where the document is broken.
[[nodiscard]] Result<Source> read_findings(std::string_view text, Source source);

}  // namespace meshproof::reports::gate
