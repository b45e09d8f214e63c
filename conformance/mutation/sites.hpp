#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/mutation/play.hpp"

namespace meshproof::conformance::mutation {

/// An expectation as it stands in the source: `probe.expect…(…)` or `probe.give_up(…)`.
struct Site {
    At at;              ///< of its first line; no column
    unsigned last = 0;  ///< its last line
};
[[nodiscard]] std::vector<Site> sites_in(const std::string& file, std::string_view source);
/// Those of all checks below `folder` ("conformance"), from the working directory.
[[nodiscard]] std::vector<Site> sites_below(const std::string& folder);

/// Sites at which none of the noted expectations stands.
[[nodiscard]] std::vector<At> unreached(const std::vector<Site>& sites, const std::set<At>& noted);

}  // namespace meshproof::conformance::mutation
