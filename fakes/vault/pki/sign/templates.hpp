#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// The role as this caller meets it (row 210): its domains and URIs that are templates are filled
/// in by the caller's entity, and one that names what the entity does not have allows nothing. A
/// caller without an entity meets them as they are written. Call it only where the role has
/// templates.
[[nodiscard]] Role filled_in_for(const Mount& mount, Role role, const PkiCall& call);

/// Whether the role has templates.
[[nodiscard]] inline bool has_templates(const Role& role) {
    return role.allowed_domains_template || role.allowed_uri_sans_template;
}

}  // namespace meshproof::fakes::vault::pki
