#pragma once

#include <string>
#include <string_view>

#include "fakes/vault/logical/product.hpp"

namespace meshproof::fakes::vault {

/// Why encoding/json takes the text for no JSON, in the words of the Go that the product is built
/// with; "" where it is JSON.
[[nodiscard]] std::string json_fault(std::string_view text, Product product);

}  // namespace meshproof::fakes::vault
