#pragma once

#include <optional>
#include <vector>

#include "perf/load/load.hpp"

namespace meshproof::load {

/// A server that answers fewer of what is asked is beyond its limit, whatever its latency was so
/// far.
inline constexpr double kept_up = 0.98;

/// Rates that differ by less are not told apart.
inline constexpr double near_enough = 0.05;

/// The largest rate that kept the SLO and lies below every rate that did not; null where there is
/// none. Of two that are near enough, the one that was held.
[[nodiscard]] const Step* best_step(const std::vector<Step>& steps);

/// Looks for the largest rate that keeps the SLO: doubles the rate until one does not, halves the
/// gap until it is a twentieth, and then holds what it found for three steps' time, since a queue
/// that grows slowly shows in no short step. What does not last is tried again at nine tenths of
/// it, twice. Each step takes the options' duration, or longer where its percentiles need more
/// samples. No step goes beyond the transactions that one load may ask in all.
class MaxSearch {
  public:
    explicit MaxSearch(Options options);

    /// What the next step is; nothing where the search is over, or cut short.
    [[nodiscard]] std::optional<Options> next() const;
    /// It would have gone on, but for `most_transactions` of all steps together.
    [[nodiscard]] bool cut_short() const;
    void learn(const Options& step, Measured measured);

    [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
    /// Of best_step(); empty where there is none.
    [[nodiscard]] Measured best() const;

    /// How many all steps together can ask, whatever the server is.
    [[nodiscard]] static std::size_t most_transactions(const Options& options);

  private:
    [[nodiscard]] bool narrowed() const;
    [[nodiscard]] bool over() const;
    [[nodiscard]] Options next_step() const;

    Options options_;
    double rate_;
    int lost_holds_ = 0;
    bool held_ = false;
    double good_ = 0, bad_ = 0;  ///< 0 = none yet
    double asked_ = 0;           ///< of all steps so far, by their schedules
    bool ended_early_ = false;
    std::vector<Step> steps_;
};

}  // namespace meshproof::load
