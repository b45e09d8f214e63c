#include "core/stats/timeline.hpp"

#include <algorithm>

namespace meshproof::stats {

Timeline::Timeline(Duration expected)
    : width_(std::max<Duration>(std::chrono::seconds(1),
                                std::chrono::ceil<std::chrono::seconds>(expected / 600))) {}

Timeline::Slot& Timeline::reach(Duration since_start) {
    const auto index =
        static_cast<std::size_t>(std::max(since_start, Duration::zero()).count() / width_.count());
    while (slots_.size() <= index) {
        const auto start = width_ * static_cast<std::int64_t>(slots_.size());
        slots_.emplace_back().start = start;
    }
    return slots_[index];
}

Tally& Timeline::at(Duration since_start) {
    return reach(since_start).tally;
}

void Timeline::record(Duration since_start, const Latency& latency) {
    auto& slot = reach(since_start);
    slot.response.record(latency.response);
    slot.service.record(latency.service);
}

}  // namespace meshproof::stats
