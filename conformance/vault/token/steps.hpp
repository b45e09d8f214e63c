#pragma once

#include "core/check/check.hpp"

/// What the checks of tokens have in common.
namespace meshproof::conformance::token {

/// A token and what its making answered.
struct Made {
    Secret token;
    run::Json auth;
    std::vector<std::string> warnings;
};

/// auth/token/create (or the path given); refused = blocked. Revoked at the end.
[[nodiscard]] Task<Made> make(run::Probe& probe, run::Json parameters,
                              std::string path = "auth/token/create", run::As as = {});
/// auth/token/lookup-self of the token.
[[nodiscard]] Task<run::Reply> lookup_self(run::Probe& probe, Secret token);
/// auth/token/renew-self of the token.
[[nodiscard]] Task<run::Reply> renew_self(run::Probe& probe, Secret token,
                                          run::Json body = run::Json::object());
/// `auth.lease_duration` of an answer in seconds, -1 where there is none.
[[nodiscard]] std::int64_t lease_of(const run::Reply& reply);

}  // namespace meshproof::conformance::token
