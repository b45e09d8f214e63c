#pragma once

#include "core/world/scenario.hpp"

namespace meshproof::cli {

/// Says on stdout what happens in a scenario, and how long it takes in each setting: by playing it
/// on fakes, in virtual time.
void tell_story(const run::Scenario& scenario);

}  // namespace meshproof::cli
