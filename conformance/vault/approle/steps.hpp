#pragma once

#include "conformance/check.hpp"

/// What the checks of the AppRole method have in common.
namespace meshproof::conformance::approle {

/// A method of the run's own; gives its path, "auth/…".
[[nodiscard]] Task<std::string> method(Probe& probe);

/// METHOD/role/app with these parameters, its role id being "id-app"; refused = blocked.
[[nodiscard]] Task<void> role(Probe& probe, std::string method, Json parameters = Json::object(),
                              std::string name = "app");

/// METHOD/role/app/secret-id with these parameters, as answered; refused = blocked.
[[nodiscard]] Task<Json> secret_id(Probe& probe, std::string method,
                                   Json parameters = Json::object(), std::string name = "app");

/// METHOD/login by these two, as nobody.
[[nodiscard]] Task<Reply> log_in(Probe& probe, std::string method, std::string secret_id,
                                 std::string role_id = "id-app");

/// The auth block of a login, which the check cannot do without.
[[nodiscard]] Json auth_of(Probe& probe, const Reply& login);

}  // namespace meshproof::conformance::approle
