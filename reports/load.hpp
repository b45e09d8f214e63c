#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/run/result.hpp"
#include "reports/place.hpp"

/// What the formats say of a load; `load` in docs/report.schema.json.
namespace meshproof::reports {

/// Its members, added to those that every result has.
void add_load(nlohmann::ordered_json& item, const run::LoadOutcome& load);
[[nodiscard]] run::LoadOutcome load_at(const Place& place);
/// As a document for people.
[[nodiscard]] std::string load_markdown(const run::RunResult& result);

/// The figures of all loads in the reports, a row each; "" where there is none.
[[nodiscard]] std::string loads_compared(const std::vector<run::RunResult>& reports);

/// A bound of the SLO as a person says it: "p99 <= 50 ms", "errors <= 0.1 %".
[[nodiscard]] std::string bound_text(const run::LatencyBound& bound);
[[nodiscard]] std::string bound_text(const run::ErrorBound& bound);
/// What was measured of it: "p99 is 48.2 ms", "no data: …".
[[nodiscard]] std::string measured_text(const run::LatencyBound& bound);
[[nodiscard]] std::string measured_text(const run::ErrorBound& bound);

}  // namespace meshproof::reports
