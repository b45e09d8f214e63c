#pragma once

#include <algorithm>
#include <chrono>

#include "core/time/time.hpp"

namespace meshproof::load {

/// The other way than `in_seconds`. At most a century, whatever a file's numbers make of it.
[[nodiscard]] inline Duration of_seconds(double seconds) {
    constexpr double century = 3.2e9;
    return std::chrono::round<Duration>(std::chrono::duration<double>(std::min(seconds, century)));
}

}  // namespace meshproof::load
