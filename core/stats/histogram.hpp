#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/time/time.hpp"

namespace meshproof::stats {

/// Durations by their size, in the buckets of an HdrHistogram of nanoseconds with 3 significant
/// digits: single nanoseconds up to 2 us, then 1,024 buckets to each power of two. So no bucket is
/// wider than 0.1 % of what is in it, and two histograms have the same buckets, whatever their
/// ranges. Durations are at least zero. About 270 KB at a range of an hour; not for several
/// threads at once: each records its own, and they are added.
class Histogram {
  public:
    /// A bucket: the shortest and the longest duration that it holds.
    struct Bucket {
        Duration low{}, high{};
        [[nodiscard]] bool operator==(const Bucket&) const = default;
    };
    /// What is known beside the buckets, of everything that was recorded.
    struct Exact {
        Duration min{}, max{};
        long double sum = 0;       ///< nanoseconds; exact up to 584 years of them
        std::uint64_t beyond = 0;  ///< how many were above the range
        [[nodiscard]] bool operator==(const Exact&) const = default;
    };

    /// `range`: up to where durations have buckets; rounded up to the next power of two.
    explicit Histogram(Duration range = std::chrono::hours(1));
    /// As counts() and exact() gave it; counts past the range do not fit.
    Histogram(std::span<const std::uint64_t> counts, const Exact& exact,
              Duration range = std::chrono::hours(1));

    /// Allocates nothing. What is above the range has no bucket: it is counted, by beyond() too,
    /// and is slower than all that have one.
    void record(Duration value, std::uint64_t count = 1);
    /// Loses nothing: the range becomes the wider one. What was beyond the narrower range stays
    /// beyond, so that a percentile may come out too slow and never too fast.
    void add(const Histogram& other);
    void clear();

    [[nodiscard]] std::uint64_t count() const { return count_; }  ///< those beyond the range too
    [[nodiscard]] std::uint64_t beyond() const { return exact_.beyond; }
    [[nodiscard]] Duration min() const { return exact_.min; }  ///< zero where nothing was recorded
    [[nodiscard]] Duration max() const { return exact_.max; }  ///< so here and below
    [[nodiscard]] Duration mean() const;
    /// The nearest rank: the least duration that `percentile` per cent (0 to 100) of what was
    /// recorded are not above. At most 0.1 % too slow, and exact for the first and the last;
    /// max() where that many are not in the range.
    [[nodiscard]] Duration at(double percentile) const;
    /// The bucket of the `rank`-th in order of size, 1 to count().
    [[nodiscard]] Bucket at_rank(std::uint64_t rank) const;

    /// The longest duration that has a bucket.
    [[nodiscard]] Duration range() const;
    /// By bucket, up to the last that holds anything.
    [[nodiscard]] std::span<const std::uint64_t> counts() const;
    [[nodiscard]] const Exact& exact() const { return exact_; }

    [[nodiscard]] bool operator==(const Histogram&) const = default;

    /// Which bucket a duration falls into, and its bounds.
    [[nodiscard]] static std::size_t index_of(Duration value);
    [[nodiscard]] static Bucket bucket(std::size_t index);

  private:
    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    Exact exact_;
};

/// The rank that a percentile means among `count`: 1 to `count`.
[[nodiscard]] std::uint64_t nearest_rank(double percentile, std::uint64_t count);

}  // namespace meshproof::stats
