#pragma once

#include <string_view>
#include <vector>

#include "conformance/twin/story.hpp"

namespace meshproof::twin {

/// The written stories of a topic, of what changes by itself: tokens and leases that end, CRLs that
/// lapse, caches that hold. Both servers live them in real time, at most a quarter of a minute
/// each. Topics whose stories are drawn have none.
[[nodiscard]] std::vector<Story> stories_over_time(std::string_view topic);

}  // namespace meshproof::twin
