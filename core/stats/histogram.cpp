#include "core/stats/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "core/base/assert.hpp"

namespace meshproof::stats {
namespace {

// HdrHistogram's sub-buckets at 3 significant digits: the power of two from 2 * 10^3 on, halved.
constexpr unsigned step_bits = 10;
constexpr std::uint64_t steps = 1U << step_bits;

}  // namespace

std::size_t Histogram::index_of(Duration value) {
    const auto v = static_cast<std::uint64_t>(value.count());
    const auto shift = static_cast<unsigned>(std::bit_width(v | (2 * steps - 1))) - step_bits - 1;
    return (std::size_t{shift} << step_bits) + static_cast<std::size_t>(v >> shift);
}

Histogram::Bucket Histogram::bucket(std::size_t index) {
    const auto octave = index >> step_bits;
    const auto shift = octave > 1 ? octave - 1 : 0;
    const auto step = std::uint64_t{index} - (std::uint64_t{shift} << step_bits);
    const auto low = step << shift;
    return {Duration(static_cast<std::int64_t>(low)),
            Duration(static_cast<std::int64_t>(low + ((std::uint64_t{1} << shift) - 1)))};
}

Histogram::Histogram(Duration range) {
    MESHPROOF_ASSERT(range > Duration::zero(), "a range of {} ns", range.count());
    const auto octaves = std::max<std::size_t>((index_of(range) >> step_bits) + 1, 2);
    counts_.resize(octaves << step_bits);
}

Histogram::Histogram(std::span<const std::uint64_t> counts, const Exact& exact, Duration range)
    : Histogram(range) {
    MESHPROOF_ASSERT(counts.size() <= counts_.size(), "{} counts for {} buckets", counts.size(),
                     counts_.size());
    std::ranges::copy(counts, counts_.begin());
    count_ = std::accumulate(counts.begin(), counts.end(), exact.beyond);
    exact_ = exact;
}

void Histogram::record(Duration value, std::uint64_t count) {
    MESHPROOF_ASSERT(value >= Duration::zero(), "a duration of {} ns", value.count());
    if (count == 0) {
        return;
    }
    const auto index = index_of(value);
    (index < counts_.size() ? counts_[index] : exact_.beyond) += count;
    exact_.min = count_ == 0 ? value : std::min(exact_.min, value);
    exact_.max = std::max(exact_.max, value);
    exact_.sum += static_cast<long double>(value.count()) * static_cast<long double>(count);
    count_ += count;
}

void Histogram::add(const Histogram& other) {
    if (other.counts_.size() > counts_.size()) {
        counts_.resize(other.counts_.size());
    }
    if (other.count_ == 0) {
        return;
    }
    for (std::size_t i = 0; i < other.counts_.size(); ++i) {
        counts_[i] += other.counts_[i];
    }
    exact_.min = count_ == 0 ? other.exact_.min : std::min(exact_.min, other.exact_.min);
    exact_.max = std::max(exact_.max, other.exact_.max);
    exact_.sum += other.exact_.sum;
    exact_.beyond += other.exact_.beyond;
    count_ += other.count_;
}

void Histogram::clear() {
    std::ranges::fill(counts_, 0);
    count_ = 0;
    exact_ = {};
}

Duration Histogram::mean() const {
    return count_ == 0 ? Duration::zero()
                       : Duration(std::llround(exact_.sum / static_cast<long double>(count_)));
}

std::uint64_t nearest_rank(double percentile, std::uint64_t count) {
    // 99.9 per cent of 1,000 is a little over 999 in binary, and means 999.
    const auto exact = static_cast<long double>(percentile) * static_cast<long double>(count) / 100;
    const auto rank = static_cast<std::uint64_t>(std::ceil(exact - exact * 1e-12L));
    return std::clamp<std::uint64_t>(rank, 1, std::max<std::uint64_t>(count, 1));
}

Histogram::Bucket Histogram::at_rank(std::uint64_t rank) const {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        seen += counts_[i];
        if (seen >= rank) {
            const auto [low, high] = bucket(i);
            return {std::max(low, exact_.min), std::min(high, exact_.max)};
        }
    }
    return {std::min(range(), exact_.max), exact_.max};
}

Duration Histogram::at(double percentile) const {
    const auto rank = nearest_rank(percentile, count_);
    return rank == 1 ? exact_.min : rank == count_ ? exact_.max : at_rank(rank).high;
}

Duration Histogram::range() const {
    return bucket(counts_.size() - 1).high;
}

std::span<const std::uint64_t> Histogram::counts() const {
    auto size = counts_.size();
    while (size > 0 && counts_[size - 1] == 0) {
        --size;
    }
    return std::span(counts_).first(size);
}

}  // namespace meshproof::stats
