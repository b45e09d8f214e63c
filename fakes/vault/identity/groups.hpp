#pragma once

#include <optional>
#include <vector>

#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// identity/group, identity/group-alias, identity/lookup/group.
[[nodiscard]] std::vector<BuiltinRoute> group_routes();

/// What an entity or a group is sought by.
[[nodiscard]] Fields lookup_fields();

/// Why nothing is looked up: an entity or a group is sought by one thing only, where an alias' name
/// and its mount are one.
[[nodiscard]] std::optional<BackendResponse> refuse_lookup(const FieldData& sought);

}  // namespace meshproof::fakes::vault
