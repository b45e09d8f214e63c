#pragma once

#include "core/run/result.hpp"
#include "perf/load/load.hpp"

namespace meshproof::load {

/// A load as reports tell it: one outcome, "load/PROFILE". `bare` says which run it was, and how
/// long it took by wall time; servers, outcome and interruption are added.
[[nodiscard]] run::RunResult report_of(const Outcome& outcome, run::RunResult bare);

/// Whether the SLO's bounds were kept, each by itself. One with too few samples has no answer, and
/// `slo_missed` counts that as missed.
[[nodiscard]] run::LoadSlo bounds_of(const Slo& slo, const Measured& measured);

}  // namespace meshproof::load
