#pragma once

#include <optional>
#include <string>

#include "core/stats/histogram.hpp"

namespace meshproof::stats {

/// How many samples a percentile (above 0, below 100) needs before the slowest of them bounds it
/// from above with 95 % confidence: 59 for 95, 299 for 99, 2,995 for 99.9, 29,956 for 99.99.
[[nodiscard]] std::uint64_t samples_needed(double percentile);

/// Where a percentile of the whole lies with at least 95 % confidence.
struct Interval {
    Duration low{}, high{};
};
/// By order statistics, so it supposes nothing about the distribution, but that the samples are
/// independent. Each side takes 2.5 % of the risk; with so few samples that not even the slowest
/// leaves so little, the upper side takes what it needs, up to 5 %, and the lower the rest. `low`
/// is zero where no sample bounds it. Nothing where there are too few samples.
[[nodiscard]] std::optional<Interval> interval(const Histogram& histogram, double percentile);

/// For people: `48.2 ms [45.1 ms, 61.0 ms]`, `needs 299 samples, has 120`; `over 1.22 h` where the
/// percentile lies beyond the histogram's range.
[[nodiscard]] std::string percentile_text(const Histogram& histogram, double percentile);
/// In three digits, from `0.00 us` to hours: `712 us`, `2.31 ms`, `48.2 ms`, `1.50 s`.
[[nodiscard]] std::string latency_text(Duration duration);

}  // namespace meshproof::stats
