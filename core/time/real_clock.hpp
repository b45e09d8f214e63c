#pragma once

#include "core/time/clock.hpp"

namespace meshproof {

/// The machine's clocks: civil time from the system clock, waiting and elapsed() from the steady
/// one.
class RealClock final : public Clock {
  public:
    RealClock();
    [[nodiscard]] Time now() const override;
    [[nodiscard]] Duration elapsed() const override;
    [[nodiscard]] Task<bool> rest(Duration duration) override;

  private:
    Duration started_;
};

}  // namespace meshproof
