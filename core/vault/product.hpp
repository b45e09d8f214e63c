#pragma once

#include <string_view>

namespace meshproof::vault {

/// Which server speaks Vault's API.
enum class Product { openbao, vault };
[[nodiscard]] std::string_view to_string(Product product);  ///< "openbao", "vault"

}  // namespace meshproof::vault
