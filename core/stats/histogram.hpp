#pragma once

#include <cstdint>
#include <vector>

#include "core/time/time.hpp"

namespace meshproof::stats {

/// Counts of durations, log-linear: any value that comes out is at most 0.1 % from one that went
/// in. Whole nanoseconds; negative ones count as zero, and those above `highest` as `highest`.
class Histogram {
  public:
    static constexpr Duration highest = std::chrono::hours(1);

    void record(Duration value, std::uint64_t count = 1);
    void add(const Histogram& other);
    void clear() { *this = {}; }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] Duration min() const;  ///< zero where nothing was recorded, as all below
    [[nodiscard]] Duration max() const;
    [[nodiscard]] Duration mean() const;
    /// The least value that at least `percentile` per cent of the recorded are not above.
    [[nodiscard]] Duration at(double percentile) const;
    /// How many were above `highest`.
    [[nodiscard]] std::uint64_t beyond() const { return beyond_; }

  private:
    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0, beyond_ = 0;
    long double sum_ = 0;
    Duration min_{}, max_{};
};

}  // namespace meshproof::stats
