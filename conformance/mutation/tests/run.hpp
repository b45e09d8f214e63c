#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "conformance/mutation/result.hpp"

namespace meshproof::conformance::mutation {

struct RunOptions {
    /// Every change, for the score, of one check of so many, drawn from the seed, and of each topic
    /// one at least; 0 = of none.
    std::size_t score_share = 0;
    std::size_t threads = 1;
    std::size_t share = 1;  ///< one check of so many, drawn from the seed
    std::uint64_t seed = 1;
    std::string only;  ///< a part of the ids of the checks that are played
    std::size_t most_plays = 5000;
    /// After each check, from any thread but never at once; may be empty.
    std::function<void(const CheckPursuit&)> on_end;
};

/// Mutates the conformance checks on the fakes. What crashes the program or hangs in it is named on
/// stderr first.
[[nodiscard]] MutationResult run_mutation(const RunOptions& options);

/// Writes what is played now to stderr where the program is ended by a signal: an assertion, an
/// overflow of the stack, or no play that ends within minutes.
void name_what_ends_the_program();

}  // namespace meshproof::conformance::mutation
