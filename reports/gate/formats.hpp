#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reports/gate/judge.hpp"
#include "reports/report.hpp"

/// A judgement in every format.
namespace meshproof::reports::gate {

/// What docs/gate-result.schema.json describes.
inline constexpr std::string_view result_schema = "meshproof.gate-result/v1";

/// A line a rule, what is broken first; the verdict last.
[[nodiscard]] std::vector<std::string> to_text(const Judgement& judgement);
[[nodiscard]] std::string to_json(const Judgement& judgement);
/// The verdict first. At most so many bytes: what is left out is counted.
[[nodiscard]] std::string to_markdown(const Judgement& judgement,
                                      std::size_t most_bytes = most_summary);
/// Verdict and counts in the text format of OpenMetrics.
[[nodiscard]] std::string to_openmetrics(const Judgement& judgement);
/// A test case a rule: broken is a failure, undecided an error, an allowance or a note skipped.
[[nodiscard]] std::string to_junit(const Judgement& judgement);
/// SARIF 2.1.0: a result for what does not hold, at the rule's line of the policy.
[[nodiscard]] std::string to_sarif(const Judgement& judgement);

}  // namespace meshproof::reports::gate
