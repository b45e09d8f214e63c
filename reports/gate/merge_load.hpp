#pragma once

#include <vector>

#include "core/run/result.hpp"
#include "reports/gate/source.hpp"

namespace meshproof::reports::gate {

/// The loads of `loads`, which were asked the same, as one. `stages` are the sums of their
/// histograms; `apart`: they ran one after another, so that the server's CPU times are sums.
[[nodiscard]] run::LoadOutcome merge_loads(const std::vector<const run::LoadOutcome*>& loads,
                                           const Stages& stages, bool apart);

/// The bound that the merged times miss, as a reason for a failure; "" where they keep all.
[[nodiscard]] std::string missed_bound(const run::LoadSlo& slo);

}  // namespace meshproof::reports::gate
