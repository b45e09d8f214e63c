#pragma once

#include <string>

#include "scenarios/explore/history.hpp"
#include "scenarios/explore/record.hpp"

namespace meshproof::scenarios::explore {

/// What happened, for people: the steps on the right clock, which of them did not apply, and the
/// sentence with the facts that contradict each other. Lines, each with its line break.
[[nodiscard]] std::string story_of(const History& history, const Played& played);

/// The same as a page that needs nothing beside it: pods as lanes, leaves' lives as bars, requests
/// as marks, faults as bands, steps below.
[[nodiscard]] std::string timeline_html(const History& history, const Played& played);

}  // namespace meshproof::scenarios::explore
