#pragma once

#include <string_view>

#include "core/base/result.hpp"
#include "fakes/vault/logical/json.hpp"
#include "fakes/vault/logical/product.hpp"

namespace meshproof::fakes::vault {

/// Bytes of the character with which the text begins; 0 where it is no UTF-8 (RFC 3629 4).
[[nodiscard]] std::size_t character_size(std::string_view text);

/// The value of an HCL document (version 1), as policies use it: comments, assignments, blocks with
/// labels (they become nested objects), strings, heredocs, numbers, lists, objects. A failure is
/// worded and placed as hashicorp/hcl does: "At 1:5: illegal char".
[[nodiscard]] Result<Json> read_hcl(std::string_view text, Product product);

}  // namespace meshproof::fakes::vault
