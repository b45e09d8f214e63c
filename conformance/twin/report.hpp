#pragma once

#include <string>

#include "conformance/twin/twin.hpp"

namespace meshproof::twin {

/// How far the server is from what the fake plays, in one line: "this 2.7.2 differs from the played
/// 2.7.2 in 0 answers"; of another version with what differs: "your 2.9.1 differs from the played
/// 2.7.2 in 14 answers: GET sys/health body build_date; …".
[[nodiscard]] std::string distance(const TwinResult& result);

/// coverage.md: the run in figures, the table of what was asked, what was never reached, which
/// written stories the real server was not waited for in, and last, below "## Differences", each
/// with the requests as curl lines.
[[nodiscard]] std::string report_markdown(const TwinResult& result);

}  // namespace meshproof::twin
