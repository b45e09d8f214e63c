#pragma once

#include <cstdint>

#include "core/base/result.hpp"
#include "core/time/clock.hpp"
#include "core/time/signal.hpp"

namespace meshproof::mesh {

/// A signal with memory: who remembers the count that he saw before he looked at the world misses
/// no ring afterwards. It must outlive those who wait.
class Bell {
  public:
    void ring();
    [[nodiscard]] std::uint64_t count() const { return count_; }
    /// Until it rang after `seen`.
    [[nodiscard]] Task<void> wait_past(std::uint64_t seen);
    /// The same, at most until then, by Clock::elapsed(): a civil clock may jump.
    [[nodiscard]] Task<void> wait_past(std::uint64_t seen, Clock& clock, Duration deadline);

  private:
    /// False where it was cancelled before it rang.
    [[nodiscard]] Task<Result<bool>> rung_past(std::uint64_t seen);

    std::uint64_t count_ = 0;
    Signal signal_;
};

}  // namespace meshproof::mesh
