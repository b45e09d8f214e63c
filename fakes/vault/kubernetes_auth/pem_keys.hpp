#pragma once

#include <string>
#include <tl/expected.hpp>

#include "core/crypto/key.hpp"
#include "fakes/vault/logical/product.hpp"

namespace meshproof::fakes::vault {

/// A key of `pem_keys`: the first PEM block counts, whatever its label; it holds a public key, or a
/// certificate.
[[nodiscard]] tl::expected<crypto::PublicKey, std::string> read_verifying_key(
    const std::string& pem, Product product);

}  // namespace meshproof::fakes::vault
