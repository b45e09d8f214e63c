#pragma once

#include <string_view>
#include <vector>

#include "core/time/prng.hpp"
#include "scenarios/explore/history.hpp"

namespace meshproof::scenarios::explore {

/// Steps that belong together and that chance seldom brings in their order: a fault, the time that
/// it takes to show, and somebody who asks. It is drawn as a whole, like one command.
struct Motif {
    std::string_view name;
    /// What `with` leaves out of a command's fields is the motif's own, see `steps_of`.
    std::vector<Step> steps;
    /// What it shows most in: a history that begins with it begins so. Null = in any world.
    void (*world)(Beginning& world) = nullptr;
};
[[nodiscard]] const std::vector<Motif>& motifs();

/// What the run with this number begins with: every motif in its turn, in an order that is another
/// for each seed and each round; null = with nothing of the kind, a few times in each round.
[[nodiscard]] const Motif* opening_of(std::uint64_t seed, std::size_t run);

/// Its steps, all about one cluster, drawn for a world that begins so: the account that it began
/// with, that one's Vault, and a workload that runs there. Other fields come from their pools, one
/// value for the whole motif.
[[nodiscard]] std::vector<Step> steps_of(const Motif& motif, const Beginning& world, Prng& prng);

}  // namespace meshproof::scenarios::explore
