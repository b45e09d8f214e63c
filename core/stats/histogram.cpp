#include "core/stats/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace meshproof::stats {
namespace {

// 1,024 steps from each power of two to the next: 0.1 %.
constexpr unsigned step_bits = 10;

std::size_t slot_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    const auto shift = width > step_bits + 1 ? width - step_bits - 1 : 0;
    return (std::size_t{shift} << step_bits) + static_cast<std::size_t>(value >> shift);
}

std::uint64_t highest_of(std::size_t slot) {
    const auto above = slot >> step_bits;
    const auto shift = above > 1 ? above - 1 : 0;
    const auto base = slot - (shift << step_bits);
    return ((std::uint64_t{base} + 1) << shift) - 1;
}

}  // namespace

void Histogram::record(Duration value, std::uint64_t count) {
    value = std::max(value, Duration::zero());
    if (value > highest) {
        beyond_ += count;
        value = highest;
    }
    const auto slot = slot_of(static_cast<std::uint64_t>(value.count()));
    if (slot >= counts_.size()) {
        counts_.resize(slot + 1);
    }
    counts_[slot] += count;
    min_ = count_ == 0 ? value : std::min(min_, value);
    max_ = std::max(max_, value);
    count_ += count;
    sum_ += static_cast<long double>(value.count()) * static_cast<long double>(count);
}

void Histogram::add(const Histogram& other) {
    if (other.count_ == 0) {
        return;
    }
    if (other.counts_.size() > counts_.size()) {
        counts_.resize(other.counts_.size());
    }
    for (std::size_t i = 0; i < other.counts_.size(); ++i) {
        counts_[i] += other.counts_[i];
    }
    min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
    count_ += other.count_;
    beyond_ += other.beyond_;
    sum_ += other.sum_;
}

Duration Histogram::min() const {
    return min_;
}
Duration Histogram::max() const {
    return max_;
}

Duration Histogram::mean() const {
    return count_ == 0
               ? Duration::zero()
               : Duration(static_cast<std::int64_t>(sum_ / static_cast<long double>(count_)));
}

Duration Histogram::at(double percentile) const {
    const auto wanted = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(
               std::ceil(percentile / 100.0 * static_cast<double>(count_) - 1e-9)));
    std::uint64_t seen = 0;
    for (std::size_t slot = 0; slot < counts_.size(); ++slot) {
        seen += counts_[slot];
        if (seen >= wanted) {
            return std::clamp(Duration(static_cast<std::int64_t>(highest_of(slot))), min_, max_);
        }
    }
    return max_;
}

}  // namespace meshproof::stats
