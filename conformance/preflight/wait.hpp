#pragma once

#include <functional>

#include "conformance/preflight/judge.hpp"
#include "conformance/preflight/look.hpp"

namespace meshproof::preflight {

struct WaitOptions {
    Duration limit{};                          ///< zero = one look
    Duration pause = std::chrono::seconds(5);  ///< between the end of a look and the next
};

/// Looks again until nothing is at error level, or the limit is over; gives the last look's report.
/// A look that has begun is ended, within its own limit. `told` hears of every report that another
/// look follows, and how much of the limit is left. A look may be a login and a leaf each
/// (look.hpp).
[[nodiscard]] Task<Report> look_until_well(
    Clock& clock, http::Transport& transport, run::Account account, LookOptions options,
    WaitOptions wait, std::function<void(const Report& report, Duration left)> told);

}  // namespace meshproof::preflight
