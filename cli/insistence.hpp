#pragma once

#include <optional>

#include "core/time/time.hpp"

namespace meshproof::cli {

/// What a signal means beside those before it. timeout(1) sends one to its child and another to
/// the child's group, and wrappers pass on what the terminal has sent to everybody: such a pair
/// is one wish to stop, and no wish to end at once and to leave everything behind.
class Insistence {
  public:
    enum class Meaning {
        first,  ///< stop in order
        same,   ///< the first one's echo
        again,  ///< end at once
    };
    /// Longer than the second of a pair takes on a busy machine; whoever presses twice within it
    /// presses once more.
    static constexpr Duration one_wish = std::chrono::milliseconds(300);

    [[nodiscard]] Meaning hear(Duration at) {
        if (!first_) {
            first_ = at;
            return Meaning::first;
        }
        return at - *first_ < one_wish ? Meaning::same : Meaning::again;
    }

  private:
    std::optional<Duration> first_;
};

}  // namespace meshproof::cli
