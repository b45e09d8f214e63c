#pragma once

#include <rapidcheck.h>

#include <vector>

#include "core/stats/histogram.hpp"

namespace meshproof::stats {

/// Durations of every size, up to a little over an hour and a quarter: a range of an hour is
/// rounded up to 1.22 of them.
inline rc::Gen<Duration> any_duration() {
    return rc::gen::map(
        rc::gen::pair(rc::gen::inRange<int>(0, 43), rc::gen::arbitrary<std::uint64_t>()),
        [](const std::pair<int, std::uint64_t>& drawn) {
            const auto value = (drawn.second | (std::uint64_t{1} << 63)) >> (63 - drawn.first);
            return Duration(static_cast<std::int64_t>(drawn.first == 0 ? value - 1 : value));
        });
}

inline rc::Gen<std::vector<Duration>> any_durations() {
    return rc::gen::container<std::vector<Duration>>(any_duration());
}

inline Histogram histogram_of(const std::vector<Duration>& values,
                              Duration range = std::chrono::hours(1)) {
    Histogram histogram(range);
    for (const auto value : values) {
        histogram.record(value);
    }
    return histogram;
}

}  // namespace meshproof::stats
