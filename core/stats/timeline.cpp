#include "core/stats/timeline.hpp"

#include <algorithm>

#include "core/base/assert.hpp"
#include "core/stats/counts.hpp"

namespace meshproof::stats {
namespace {

constexpr std::int64_t most_slots = 600;
// Requests end after the schedule does: a minute of slots for them, before the vector has to grow.
constexpr std::size_t spare_slots = 60;

}  // namespace

Timeline::Timeline(Duration expected) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(expected).count();
    width_ =
        std::chrono::seconds(std::max<std::int64_t>(1, (seconds + most_slots - 1) / most_slots));
    slots_.reserve(static_cast<std::size_t>(most_slots) + spare_slots);
}

std::size_t Timeline::reach(Duration since_start) {
    const auto index =
        static_cast<std::size_t>(std::max(since_start, Duration::zero()).count() / width_.count());
    if (index >= slots_.size()) {
        slots_.resize(index + 1);
    }
    return index;
}

Tally& Timeline::at(Duration since_start) {
    return slots_[reach(since_start)].tally;
}

void Timeline::record(Duration since_start, const Latency& latency) {
    open(reach(since_start));
    response_.record(latency.response);
    service_.record(latency.service);
}

void Timeline::open(std::size_t index) {
    if (index == open_) {
        return;
    }
    slots_[open_].response = packed(response_);
    slots_[open_].service = packed(service_);
    open_ = index;
    const auto& kept = slots_[index];
    if (kept.response.exact == Histogram::Exact{} && kept.response.counts.empty()) {
        response_.clear();
        service_.clear();
    } else {
        response_ = unpacked(kept.response);
        service_ = unpacked(kept.service);
    }
}

Timeline::Slot Timeline::slot(std::size_t index) const {
    MESHPROOF_ASSERT(index < slots_.size(), "slot {} of {}", index, slots_.size());
    const auto& kept = slots_[index];
    const auto start = width_ * static_cast<std::int64_t>(index);
    if (index == open_) {
        return {start, kept.tally, response_, service_};
    }
    return {start, kept.tally, unpacked(kept.response), unpacked(kept.service)};
}

Timeline::Packed Timeline::packed(const Histogram& histogram) {
    auto counts = pack(histogram.counts());
    counts.shrink_to_fit();
    return {std::move(counts), histogram.exact()};
}

Histogram Timeline::unpacked(const Packed& packed) const {
    std::vector<std::uint64_t> counts(Histogram::index_of(response_.range()) + 1);
    const auto whole = unpack(packed.counts, counts.size(),
                              [&](std::size_t i, std::uint64_t n) { counts[i] = n; });
    MESHPROOF_ASSERT(whole.has_value(), "{}", whole.error().message);
    return {counts, packed.exact};
}

}  // namespace meshproof::stats
