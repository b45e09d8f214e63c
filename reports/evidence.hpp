#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "core/run/result.hpp"

namespace meshproof::reports {

/// The exchanges of a check as report.json has them: `exchange` in docs/report.schema.json.
[[nodiscard]] nlohmann::ordered_json evidence_json(const std::vector<run::Exchange>& exchanges);

}  // namespace meshproof::reports
