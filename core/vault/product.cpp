#include "core/vault/product.hpp"

namespace meshproof::vault {

std::string_view to_string(Product product) {
    return product == Product::openbao ? "openbao" : "vault";
}

}  // namespace meshproof::vault
