#pragma once

#include "conformance/check.hpp"

/// What the checks of tokens have in common.
namespace meshproof::conformance::token {

/// A token and what its making answered.
struct Made {
    Secret token;
    Json auth;
    std::vector<std::string> warnings;
};

/// auth/token/create (or the path given); refused = blocked. Revoked at the end.
[[nodiscard]] Task<Made> make(Probe& probe, Json parameters, std::string path = "auth/token/create",
                              As as = {});
/// auth/token/lookup-self of the token.
[[nodiscard]] Task<Reply> lookup_self(Probe& probe, Secret token);
/// auth/token/renew-self of the token.
[[nodiscard]] Task<Reply> renew_self(Probe& probe, Secret token, Json body = Json::object());
/// `auth.lease_duration` of an answer in seconds, -1 where there is none.
[[nodiscard]] std::int64_t lease_of(const Reply& reply);

}  // namespace meshproof::conformance::token
