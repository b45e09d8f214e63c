#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/gate/policy.hpp"
#include "reports/gate/source.hpp"

namespace meshproof::reports::gate {

/// One run of a load.
struct LoadRun {
    const Source* source = nullptr;
    const run::LoadOutcome* load = nullptr;
};

/// Runs that were asked the same of one target, so that they may be taken together.
struct LoadGroup {
    std::string id{}, target{};
    std::vector<LoadRun> runs{};

    [[nodiscard]] const run::LoadOptions& options() const { return runs.front().load->options; }
    /// "load/login-sign on staging"
    [[nodiscard]] std::string text() const;
};

/// In the order of the sources. "" means every profile, every target.
[[nodiscard]] std::vector<LoadGroup> load_groups(const std::vector<Source>& sources,
                                                 const std::string& profile,
                                                 const std::string& target);

/// What was measured, or why it was not.
struct Measured {
    std::optional<double> value{};  ///< in the measure's unit
    std::uint64_t samples = 0;
    std::string text{};  ///< the value with its interval, or why there is none
};

/// Of all runs of a group together: histograms are added, the rate is the lowest of them.
[[nodiscard]] Measured measured_together(const LoadGroup& group, const Measure& measure);
/// Of one run, by its report.json alone.
[[nodiscard]] Measured measured_of(const run::LoadOutcome& load, const Measure& measure);

}  // namespace meshproof::reports::gate
