#pragma once

#include <functional>

#include "core/time/time.hpp"
#include "scenarios/explore/history.hpp"

namespace meshproof::scenarios::explore {

/// Whether a candidate breaks the same property. Called from several threads.
using StillFails = std::function<bool(const History& candidate)>;

struct ShrinkOptions {
    Duration budget{};     ///< wall time; when it is spent, the best so far is the answer
    std::size_t jobs = 1;  ///< candidates at a time
    std::function<void(const History& best)> on_better;  ///< after each; may be empty
};

struct Shrunk {
    History history;
    std::size_t tried = 0;
    bool finished = false;  ///< nothing smaller fails; false where the budget was spent before
};

/// Leaves out and simplifies, while the history still fails: steps first (halves, quarters, … one
/// by one), then waits, then workloads, clusters and Vaults. A step is never changed into another
/// one. Of candidates that are tried side by side the first in the list is taken, so that the
/// answer does not depend on `jobs`.
[[nodiscard]] Shrunk shrink(History failing, const StillFails& still_fails,
                            const ShrinkOptions& options);

}  // namespace meshproof::scenarios::explore
