#pragma once

#include <memory>

#include "conformance/mutation/play.hpp"

namespace meshproof::conformance::mutation {

/// Plays checks in sim, each time on new fakes. Of one thread.
[[nodiscard]] std::unique_ptr<Stage> fake_stage();

}  // namespace meshproof::conformance::mutation
