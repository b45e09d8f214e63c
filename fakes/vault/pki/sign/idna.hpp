#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fakes/vault/pki/ground/mount.hpp"

/// Host names as Go and its idna package read them.
namespace meshproof::fakes::vault::pki {

/// Labels beyond ASCII become A-labels; nothing is lower-cased, as Go's idna.New() does without a
/// mapping.
[[nodiscard]] std::string to_ascii(const std::string& name);

/// One label of a host name, of any length.
[[nodiscard]] bool is_label(std::string_view label);
/// What Vault takes for a host name, one wildcard label in front allowed.
[[nodiscard]] bool is_host_name(std::string_view name);

/// What Go's idna package says of a name that no DNS message could carry.
[[nodiscard]] std::optional<std::string> idna_fault(const Mount& mount, const std::string& name);

}  // namespace meshproof::fakes::vault::pki
