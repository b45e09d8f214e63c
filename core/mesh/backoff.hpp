#pragma once

#include "core/mesh/schedule.hpp"
#include "core/time/prng.hpp"

namespace meshproof::mesh {

/// Draws the waits of the schedule for one who may be refused again and again.
class Backoff {
  public:
    explicit Backoff(Prng prng) : prng_(std::move(prng)) {}

    /// Before the next attempt, after a refusal that was decided upon so; `life` as in the
    /// schedule. `told`: for how long the server wants to be left alone.
    [[nodiscard]] Duration after(Action action, const Schedule& schedule, Duration life,
                                 std::optional<Duration> told = std::nullopt);
    void reset() { refusals_ = 0; }

  private:
    Prng prng_;
    int refusals_ = 0;  ///< in a row, those aside that need a person
};

}  // namespace meshproof::mesh
