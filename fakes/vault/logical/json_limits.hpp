#pragma once

#include <string>
#include <string_view>

#include "fakes/vault/logical/product.hpp"

/// What a body may hold beside its size in bytes: a few megabytes can stand for millions of values.
namespace meshproof::fakes::vault {

/// Why the body is too much to be read, as OpenBao words it; "" where it is not. OpenBao counts
/// texts (keys too) and what the values will take (row 250). Vault counts nothing: for it we refuse
/// what would keep our one event loop for more than a quarter of a second, which it does not.
[[nodiscard]] std::string json_excess(std::string_view text, Product product);

/// Whether a form has more fields than the product's Go reads (row 250); for Vault as above.
[[nodiscard]] bool too_many_fields(std::string_view form, Product product);

}  // namespace meshproof::fakes::vault
