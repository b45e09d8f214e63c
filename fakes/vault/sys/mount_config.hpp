#pragma once

#include <optional>

#include "fakes/vault/server/builtin.hpp"
#include "fakes/vault/server/namespace.hpp"

/// How a mount is configured: as it is enabled, by tuning, and as it is read back (rows 33,
/// 207 and 208).
namespace meshproof::fakes::vault {

/// Reads `config` of a mount that is being enabled, in the order in which the servers look at it:
/// its form and its lease times, before they know the type. `auth`: as an auth method, and not as
/// an engine that is refused later for its path below auth/.
[[nodiscard]] std::optional<BackendResponse> read_mount_config(MountEntry& entry,
                                                               const Json& config, bool auth,
                                                               Product product);
/// What they look at once they know the type.
[[nodiscard]] std::optional<BackendResponse> check_mount_config(MountEntry& entry,
                                                                const Json& config, bool auth,
                                                                Product product);
/// `plugin_version` as the servers write it ("v1.0.0"), "" where none was given or it is none.
[[nodiscard]] std::string plugin_version_of(const Json& config);

/// "" is the default.
[[nodiscard]] std::optional<BackendResponse> set_token_type(MountEntry& entry,
                                                            const std::string& type);

/// How a lockout that was tuned is shown, an empty object where none was.
[[nodiscard]] Json lockout_settings(const MountEntry& entry);

/// Adds the settings that are shown wherever a mount is: only those that are set.
void add_settings(Json& data, const MountEntry& entry);

/// Changes what the call names. OpenBao changes all or nothing; Vault what comes before the fault.
[[nodiscard]] LogicalReply tune(const std::shared_ptr<MountEntry>& entry, const BuiltinCall& call,
                                Product product);

}  // namespace meshproof::fakes::vault
