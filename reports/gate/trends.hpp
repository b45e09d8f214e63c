#pragma once

#include <optional>
#include <string>
#include <vector>

namespace meshproof::reports::gate {

/// With fewer the interval of the median is no narrower than all that may be.
inline constexpr std::size_t least_runs = 5;

/// The median of some runs, and between which of them that of all such runs lies: by order
/// statistics, with 93.75 % confidence or more.
struct MedianInterval {
    double low = 0, median = 0, high = 0;
};
/// Nothing for fewer than `least_runs`.
[[nodiscard]] std::optional<MedianInterval> median_interval(std::vector<double> values);

/// How a change compares with its baseline.
enum class Course { not_worse, worse, not_enough_data };
/// `ratio_low`, `ratio_high`: how many times as bad the change is, at best and at worst.
[[nodiscard]] Course course_of(double ratio_low, double ratio_high, double margin);

}  // namespace meshproof::reports::gate
