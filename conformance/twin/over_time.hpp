#pragma once

#include <string_view>
#include <vector>

#include "conformance/twin/story.hpp"

namespace meshproof::twin {

/// The written stories of a topic: of what changes by itself (tokens and leases that end, CRLs that
/// lapse, caches that hold), and of what no description's types lead to. Both servers live the
/// short ones in real time, a quarter of a minute at most each. In long ones, of hours and weeks,
/// the real server is asked until the wait; after it the fake alone, its date moved, and its
/// answers are held against what is written (Step::says). Topics whose stories are drawn have none.
[[nodiscard]] std::vector<Story> stories_over_time(std::string_view topic);

/// Whether it has a wait that no real server is given.
[[nodiscard]] bool waits_long(const Story& story, Duration longest);

}  // namespace meshproof::twin
