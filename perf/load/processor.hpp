#pragma once

#include "core/time/time.hpp"

namespace meshproof::load {

/// What the calling thread has used of processors so far.
[[nodiscard]] Duration processor_time();

}  // namespace meshproof::load
