#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/time/time.hpp"

/// What may go out, and what stops it: rules on reports, and their answers.
namespace meshproof::reports::gate {

/// Where a rule stands in its file.
struct Where {
    int line = 0;         ///< from 1 on
    std::string place{};  ///< "loads[0].response.p99"
};

/// Which results a rule speaks of.
struct Scope {
    std::string id{};      ///< of a result, the beginning of one up to a slash, or with `*`
    std::string target{};  ///< its name, or with `*`; "" = every target
};

/// Results that have to be there, and to pass.
struct Required {
    Where where;
    Scope scope;
    std::uint64_t least = 1;  ///< how many pass
};

/// What may be otherwise for a while: one expectation that fails, or one skip.
struct Allowance {
    Where where;
    Scope scope;
    std::string expectation{};  ///< with `*`; "" for a skip
    std::string reason{};
    std::optional<Time> until{};  ///< the first moment at which it is allowed no more
};

/// What is measured of a load.
struct Measure {
    enum class Kind { response, errors, rate, cpu_per_leaf } kind = Kind::response;
    double percentile = 0;  ///< of `response` alone: 99.9

    bool operator==(const Measure&) const = default;
};
/// "p99", "errors", "rate", "cpu_per_leaf": as the policy has it.
[[nodiscard]] std::string name_of(const Measure& measure);
/// A value for people. Times are in microseconds, errors a share, the rate is done a second.
[[nodiscard]] std::string text_of(const Measure& measure, double value);

/// A bound on what loads measured.
struct Threshold {
    Where where;
    std::string profile{}, target{};  ///< "" = all of them
    Measure measure{};
    double bound = 0;               ///< the most that is good; of a rate the least
    std::uint64_t min_samples = 1;  ///< fewer are no data
};

/// No worse than the baseline by more than the margin.
struct Trend {
    Where where;
    std::string profile{}, target{};
    Measure measure{};
    double margin = 0;     ///< 0.1 = a tenth worse is still good
    bool required = true;  ///< too few runs hold the change up
};

/// docs/gate.schema.json. What is not named in it has to pass.
struct Policy {
    std::string path{};
    std::string name{};
    int deviations_line = 1, skips_line = 1;  ///< where one would be allowed
    std::vector<Required> required{};
    std::vector<Allowance> deviations{}, skips{};
    std::vector<Threshold> thresholds{};
    std::vector<Trend> trends{};

    /// Invalid with "PATH:LINE: place: what was expected"; a field that is not known is told with
    /// the nearest that is.
    [[nodiscard]] static Result<Policy> parse(std::string_view yaml, std::string path);
    [[nodiscard]] static Result<Policy> read(const std::string& path);
};

/// Whether a scope's id means a result: as a pattern, or as what stands above it ("lifecycle").
[[nodiscard]] bool means(std::string_view id, std::string_view result);
/// Whether a name is the pattern, or the pattern is left out.
[[nodiscard]] bool is_or_any(std::string_view pattern, std::string_view name);

}  // namespace meshproof::reports::gate
