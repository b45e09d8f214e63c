#pragma once

#include <string>
#include <vector>

#include "core/check/check.hpp"

namespace meshproof::conformance {

/// Every check that there is, sorted by id.
[[nodiscard]] const std::vector<const run::Check*>& all_checks();

/// A row of docs/wire-contract.md that no check names, and why.
struct Unchecked {
    int row = 0;
    std::string_view why;
};
[[nodiscard]] const std::vector<Unchecked>& unchecked_rows();

/// The last row of docs/wire-contract.md.
inline constexpr int last_row = 259;

/// docs/conformance.md: which check covers which row and which SVID rule, and what is not covered.
[[nodiscard]] std::string coverage_page();

}  // namespace meshproof::conformance
