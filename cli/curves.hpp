#pragma once

#include <string>
#include <vector>

#include "cli/output.hpp"
#include "fakes/service_times.hpp"
#include "perf/load/curve.hpp"

/// Files of measured curves, as `load --curve` and `plan` use them.
namespace meshproof::cli {

/// UsageError where the file cannot be read or is something else.
[[nodiscard]] std::vector<load::Curve> curves_of(const std::string& path);

/// Looks before a load whether its curve can be added to the file afterwards: a new one, or one
/// with curves. UsageError where not.
void expect_curve_file(const std::string& path);
/// Adds the curve of what find-max saw; one of the same mode gives way to it. Does nothing where
/// somebody stopped the search.
void add_to_curve_file(const std::string& path, const load::Outcome& outcome,
                       std::string_view target, Output& output);

/// How fast the fakes are to be: as the file's curve of this load's mode was measured. UsageError
/// where the file has none.
[[nodiscard]] fakes::ServiceTimes measured_speed(const std::string& path,
                                                 const load::Options& options);

}  // namespace meshproof::cli
