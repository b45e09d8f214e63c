#pragma once

#include <optional>
#include <string>

#include "core/stats/histogram.hpp"

namespace meshproof::stats {

/// How many samples a percentile needs before the largest of them bounds it from above with 95 %
/// confidence: 59 for 95, 299 for 99, 2,995 for 99.9.
[[nodiscard]] std::uint64_t samples_needed(double percentile);

/// Where a percentile lies with 95 % confidence, by order statistics.
struct Interval {
    Duration low{}, high{};
};
/// Nothing where there are too few samples.
[[nodiscard]] std::optional<Interval> interval(const Histogram& histogram, double percentile);

/// For people: `48.2 ms [45.1 ms, 61.0 ms]`, `needs 299 samples, has 120`.
[[nodiscard]] std::string percentile_text(const Histogram& histogram, double percentile);
/// In three digits, from `0.00 us` to hours: `712 us`, `2.31 ms`, `48.2 ms`, `1.50 s`.
[[nodiscard]] std::string latency_text(Duration duration);

}  // namespace meshproof::stats
