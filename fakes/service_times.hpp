#pragma once

#include <cstddef>
#include <vector>

#include "core/time/time.hpp"

namespace meshproof::fakes {

/// How long one kind of request keeps a worker: points of its distribution, between which it is
/// straight.
struct ServiceTime {
    struct Point {
        double share = 0;  ///< of the requests, 0 to 1: so many take at most `time`
        Duration time{};
    };
    std::vector<Point> points;  ///< from share 0 to share 1, both growing; none = no time at all
};

/// A server's speed as it was measured somewhere: `workers` work at once, each on one request, and
/// what comes meanwhile waits in line. The wire is in these times.
struct ServiceTimes {
    std::size_t workers = 0;  ///< 0 = nothing takes time
    ServiceTime login, sign;  ///< sign: issue too
};

}  // namespace meshproof::fakes
