#pragma once

#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "reports/gate/source.hpp"

namespace meshproof::reports::gate {

/// Several runs of one command on one target as one.
struct Merged {
    run::RunResult result;
    std::string hlog;  ///< "" where no load was merged
};

/// Results are joined; loads that were asked the same become one, whose histograms are the sum of
/// theirs, bucket by bucket. Counts and CPU times are sums, the rate is the mean of the runs, a
/// verdict the worst. Invalid where the runs have different commands or targets, or loads that
/// were asked differently, sought a maximum, or have no load.hlog.
[[nodiscard]] Result<Merged> merge(const std::vector<Source>& sources);

}  // namespace meshproof::reports::gate
