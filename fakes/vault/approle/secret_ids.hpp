#pragma once

#include <vector>

#include "fakes/vault/approle/mount.hpp"
#include "fakes/vault/logical/router.hpp"

/// auth/…/role/NAME/secret-id and its accessors.
namespace meshproof::fakes::vault::approle {

[[nodiscard]] std::vector<Route<Function>> secret_id_routes();

/// Whether the server takes it for absent at this moment. Vault takes it until the next tidying.
[[nodiscard]] bool has_ended(const Mount& mount, const SecretId& secret, Time now);

/// Does what a real server would have done in the background until `now`: once a minute it removes
/// secret ids that have ended.
void tidy_in_background(Mount& mount, Time now);

/// The text of the refusal where blocks of a secret id leave those of its role.
[[nodiscard]] std::optional<std::string> leaves_role(std::vector<std::string> of_role,
                                                     const std::vector<std::string>& of_secret);

}  // namespace meshproof::fakes::vault::approle
