#pragma once

#include <string_view>

#include "core/base/result.hpp"
#include "fakes/vault/logical/json.hpp"
#include "fakes/vault/logical/product.hpp"

namespace meshproof::fakes::vault {

/// The value of an HCL document (version 1), as policies use it: comments, assignments, blocks with
/// labels (they become nested objects), strings, heredocs, numbers, lists, objects. A failure is
/// worded and placed as hashicorp/hcl does: "At 1:5: illegal char".
[[nodiscard]] Result<Json> read_hcl(std::string_view text, Product product);

}  // namespace meshproof::fakes::vault
