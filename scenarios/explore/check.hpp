#pragma once

#include "scenarios/explore/play.hpp"

/// Parts of `check` (play.hpp), which stand in files of their own.
namespace meshproof::scenarios::explore {

/// A moment to the millisecond, and a pod's leaf with its ends, for the sentence of a failure.
[[nodiscard]] std::string clock_time(Time time);
[[nodiscard]] std::string leaf_told(const SeenPod& pod);

/// The CA of a cluster has worked since the last check and before, and nobody was made to ask out
/// of turn.
[[nodiscard]] bool undisturbed(const Play& play, const std::string& cluster);
/// The renewals since the last check are spread.
void check_spread(Play& play, const std::vector<SeenPod>& pods, const std::string& when);
/// Nobody tried more since the last check than the model has it.
void check_cost(Play& play, const std::vector<SeenPod>& pods, const std::string& when);

}  // namespace meshproof::scenarios::explore
