#pragma once

#include "core/vault/product.hpp"

namespace meshproof::fakes::vault {

using meshproof::vault::Product;

}  // namespace meshproof::fakes::vault
