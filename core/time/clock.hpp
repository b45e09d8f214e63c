#pragma once

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "core/base/task.hpp"
#include "core/time/time.hpp"

namespace meshproof {

/// Where time comes from. Two implementations: RealClock and SimClock.
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
    /// False where it was cancelled before its end: a value, since each call with a deadline ends
    /// so, and an exception would cost more than the call's own work.
    [[nodiscard]] virtual Task<bool> rest(Duration duration) = 0;

    /// The same; cancelled it ends with boost::system::system_error(operation_aborted).
    [[nodiscard]] Task<void> sleep_for(Duration duration) {
        if (!co_await rest(duration)) {
            throw boost::system::system_error(boost::asio::error::operation_aborted);
        }
    }
    /// Waits until now() reaches `time`.
    [[nodiscard]] Task<void> sleep_until(Time time) { return sleep_for(time - now()); }
};

}  // namespace meshproof
