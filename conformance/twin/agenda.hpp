#pragma once

#include <deque>
#include <span>
#include <vector>

#include "conformance/twin/story.hpp"
#include "core/time/prng.hpp"

namespace meshproof::twin {

/// What stories of a topic have to ask at least once: each operation, and each of its parameters
/// alone, with a right value first, then with an odd one, then with a wrong one; each time in an
/// order of the seed's. Only what a story did ask is done: it may have ended before.
class Agenda {
  public:
    Agenda() = default;
    /// `operations` outlive it.
    Agenda(const std::vector<const Operation*>& operations, Prng prng);

    /// Whether something was not tried with a right value yet: until then chance has no turn.
    [[nodiscard]] bool first_round() const;
    [[nodiscard]] std::size_t size() const { return wanted_.size(); }
    /// The next ones, at most so many; they are off the agenda until settle() puts them back.
    [[nodiscard]] std::vector<Wanted> next(std::size_t most);
    /// `asked` are the steps that were asked for `taken`. What was not reached comes again, a few
    /// times: what lies behind a difference that ends every story is never reached.
    void settle(std::vector<Wanted> taken, std::span<const Step> asked);

  private:
    std::deque<Wanted> wanted_;  ///< right ones first
};

}  // namespace meshproof::twin
