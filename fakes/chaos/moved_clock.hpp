#pragma once

#include "core/time/clock.hpp"

namespace meshproof::fakes {

/// The date that fake servers live by: another clock's, moved by hand. Only the date moves; waiting
/// and elapsed() are the other clock's.
class MovedClock final : public Clock {
  public:
    explicit MovedClock(Clock& base) : base_(base) {}

    [[nodiscard]] Time now() const override { return frozen_.value_or(base_.now()) + shift_; }
    [[nodiscard]] Duration elapsed() const override { return base_.elapsed(); }
    [[nodiscard]] Task<bool> rest(Duration duration) override { return base_.rest(duration); }

    /// The date stands still.
    void freeze() { frozen_ = frozen_.value_or(base_.now()); }
    /// It goes on from where it stands.
    void resume() {
        if (frozen_) {
            shift_ += *frozen_ - base_.now();
            frozen_.reset();
        }
    }
    void advance(Duration by) { shift_ += by; }
    /// That far from the other clock's date, whatever was before; a frozen date stays frozen.
    void skew(Duration by) { shift_ = by; }
    void reset() {
        frozen_.reset();
        shift_ = Duration::zero();
    }
    [[nodiscard]] bool frozen() const { return frozen_.has_value(); }
    /// How far the date is from the other clock's now.
    [[nodiscard]] Duration offset() const { return frozen_ ? now() - base_.now() : shift_; }

  private:
    Clock& base_;
    std::optional<Time> frozen_;
    Duration shift_{};
};

}  // namespace meshproof::fakes
