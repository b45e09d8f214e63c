#pragma once

#include <vector>

#include "core/stats/histogram.hpp"

namespace meshproof::stats {

/// What was counted in one slot of a run.
struct Tally {
    std::uint64_t asked = 0;      ///< by the schedule
    std::uint64_t sent = 0;       ///< really
    std::uint64_t done = 0;       ///< ended well
    std::uint64_t failed = 0;     ///< ended otherwise
    std::uint64_t in_flight = 0;  ///< the most at once
};

/// How long one request took.
struct Latency {
    Duration response{};  ///< from the moment that the schedule meant
    Duration service{};   ///< from the moment when it was really sent
};

/// A run by its seconds, or by wider slots where it is expected to be longer than ten minutes.
class Timeline {
  public:
    struct Slot {
        Duration start{};  ///< since the start of the run
        Tally tally;
        Histogram response, service;
    };

    explicit Timeline(Duration expected);

    /// The counts of the slot that `since_start` lies in, to be changed; slots before it are made.
    /// Valid until the next call.
    [[nodiscard]] Tally& at(Duration since_start);
    void record(Duration since_start, const Latency& latency);

    /// Whole seconds.
    [[nodiscard]] Duration slot_width() const { return width_; }
    [[nodiscard]] std::size_t size() const { return slots_.size(); }
    [[nodiscard]] Slot slot(std::size_t index) const { return slots_[index]; }

  private:
    [[nodiscard]] Slot& reach(Duration since_start);

    Duration width_;
    std::vector<Slot> slots_;
};

}  // namespace meshproof::stats
