#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fakes/vault/logical/fields.hpp"

namespace meshproof::fakes::vault {

/// What the roles of every auth method say of the tokens that come of them: the fields with
/// "token_" in their names (row 155).
struct TokenFields {
    std::vector<std::string> policies, bound_cidrs;
    Duration ttl{}, max_ttl{}, period{}, explicit_max_ttl{};
    std::int64_t num_uses = 0;
    bool no_default_policy = false;
    bool strictly_bind_ip = false;  ///< OpenBao only
    std::string token_type = "default";
};

/// Declares them among a role's other fields.
void declare_token_fields(Fields& fields, Product product);
/// Applies a write. The text of a refusal; nothing where it was applied.
[[nodiscard]] std::optional<std::string> read_token_fields(TokenFields& role,
                                                           const FieldData& data);
/// Adds them to a role's description.
void describe_token_fields(const TokenFields& role, Product product, Json& data);
/// Adds them to a login's grant.
void grant_token_fields(const TokenFields& role, AuthGrant& grant);

}  // namespace meshproof::fakes::vault
