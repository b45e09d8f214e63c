#pragma once

#include <optional>
#include <string_view>

#include "fakes/vault/logical/fields.hpp"

/// What entities, groups and aliases may be told of themselves.
namespace meshproof::fakes::vault {

/// Why an "entity" or a "group" cannot have the metadata.
[[nodiscard]] std::optional<BackendResponse> refuse_metadata(std::string_view whose,
                                                             const Pairs& metadata);

/// Why an alias cannot: other limits, and every fault is told.
[[nodiscard]] std::optional<BackendResponse> refuse_custom_metadata(const Pairs& metadata);

}  // namespace meshproof::fakes::vault
