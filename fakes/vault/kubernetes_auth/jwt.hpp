#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/key.hpp"
#include "core/time/time.hpp"
#include "fakes/vault/logical/product.hpp"

/// What a login's JWT says, and the checks that need no API server: wire contract rows 143 to 147.
namespace meshproof::fakes::vault {

struct Workload {
    std::string name, namespace_name, uid, secret_name;
    std::vector<std::string> audiences;
};

struct JwtRules {
    Product product = Product::openbao;
    std::vector<crypto::PublicKey> keys;  ///< none = the signature is not checked here
    std::string issuer;                   ///< "" = not checked
    std::string audience;                 ///< the role's; "" = not checked
};

/// Why a login is refused: a status and the whole text.
struct Refusal {
    int status = 403;
    std::string text = "permission denied";
};

[[nodiscard]] tl::expected<Workload, Refusal> read_workload(const JwtRules& rules,
                                                            std::string_view jwt, Time now);

}  // namespace meshproof::fakes::vault
