#pragma once

#include <string>
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

/// A run by its seconds. Only one slot has its histograms open; the others are packed, without
/// loss, into a few kilobytes each. A run that is expected to be longer than ten minutes has wider
/// slots instead of more of them, so memory does not grow with it.
class Timeline {
  public:
    struct Slot {
        Duration start{};  ///< since the start of the run
        Tally tally;
        Histogram response, service;
    };

    explicit Timeline(Duration expected);

    /// The counts of the slot that `since_start` lies in, to be changed; slots before it are made.
    /// Below zero is the first. Valid until the next call.
    [[nodiscard]] Tally& at(Duration since_start);
    /// Into the histograms of the slot. Cheap where it is the slot of the call before; another one
    /// costs what packing and unpacking take, tenths of a millisecond.
    void record(Duration since_start, const Latency& latency);

    /// Whole seconds.
    [[nodiscard]] Duration slot_width() const { return width_; }
    [[nodiscard]] std::size_t size() const { return slots_.size(); }
    [[nodiscard]] Slot slot(std::size_t index) const;

  private:
    struct Packed {
        std::string counts;
        Histogram::Exact exact;
    };
    struct Kept {
        Tally tally;
        Packed response, service;
    };
    [[nodiscard]] std::size_t reach(Duration since_start);
    void open(std::size_t index);
    [[nodiscard]] static Packed packed(const Histogram& histogram);
    [[nodiscard]] Histogram unpacked(const Packed& packed) const;

    Duration width_;
    std::vector<Kept> slots_;
    std::size_t open_ = 0;  ///< the slot whose histograms are these
    Histogram response_, service_;
};

}  // namespace meshproof::stats
