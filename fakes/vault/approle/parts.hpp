#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fakes/vault/approle/mount.hpp"
#include "fakes/vault/logical/router.hpp"

namespace meshproof::fakes::vault::approle {

/// auth/…/role/NAME/FIELD: one field of a role, read, written and put back to its default.
[[nodiscard]] std::vector<Route<Function>> part_routes(Product product);

/// What is wrong with the first block that is none, as Go says it.
[[nodiscard]] std::optional<std::string> wrong_block(const std::vector<std::string>& blocks);
/// The refusal of a period that is longer than a token of the mount may live.
[[nodiscard]] std::string period_too_long(const Role& role, const MountView& view);

}  // namespace meshproof::fakes::vault::approle
