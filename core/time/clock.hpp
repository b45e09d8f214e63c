#pragma once

#include "core/base/task.hpp"
#include "core/time/time.hpp"

namespace meshproof {

/// Where time comes from. Two implementations: RealClock and SimClock.
/// A sleep that is cancelled ends with boost::system::system_error(operation_aborted).
class Clock {
  public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    /// Civil time: may jump on a real machine.
    [[nodiscard]] virtual Time now() const = 0;
    /// Time since the clock was made: never jumps.
    [[nodiscard]] virtual Duration elapsed() const = 0;
    /// Waits; returns at once (after one turn of the event loop) for durations of zero or less.
    [[nodiscard]] virtual Task<void> sleep_for(Duration duration) = 0;

    /// Waits until now() reaches `time`.
    [[nodiscard]] Task<void> sleep_until(Time time) { return sleep_for(time - now()); }
};

}  // namespace meshproof
