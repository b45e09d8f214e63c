#pragma once

#include <vector>

#include "perf/load/options.hpp"

namespace meshproof::load {

/// When which transaction is due: the open-loop schedule, a pure function of options and seed. What
/// a server does changes nothing in it. Times count from the beginning of the run.
class Arrivals {
  public:
    Arrivals(const Options& options, std::uint64_t seed);

    [[nodiscard]] std::size_t count() const { return count_; }
    /// The intended moment of transaction `index` < count(); never before that of `index` - 1.
    [[nodiscard]] Duration at(std::size_t index) const;
    [[nodiscard]] Operation operation(std::size_t index) const;
    /// When warming up is over and measuring begins.
    [[nodiscard]] Duration measured_from() const { return warmup_; }
    /// When the last could be due.
    [[nodiscard]] Duration end() const { return end_; }

  private:
    Operation usual_;
    std::size_t count_ = 0;
    Duration warmup_{}, end_{};
    double rate_ = 0, growth_ = 0;  ///< a second; a second, each second of the ramp
    std::size_t in_warmup_ = 0;
    std::vector<Duration> drawn_;        ///< where the moments are drawn: all of them, in order
    std::vector<Operation> operations_;  ///< of `mixed`
};

/// The rate at which `pods` renew leaves of this life, a second.
[[nodiscard]] double renewals_a_second(std::size_t pods, Duration life);

}  // namespace meshproof::load
