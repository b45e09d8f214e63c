#pragma once

#include <optional>
#include <string_view>

#include "conformance/twin/description.hpp"

namespace meshproof::twin {

/// What a text in PEM (any number of blocks), or bytes in DER, say field by field: certificates,
/// requests, CRLs, keys. What is chance stands in a form that a comparison can take for chance: a
/// serial number as Vault prints it, key identifiers as hex pairs, times as RFC 3339. Nothing where
/// it is neither, or cannot be read.
[[nodiscard]] std::optional<Json> described(std::string_view text);

}  // namespace meshproof::twin
