#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/logical/templates.hpp"
#include "fakes/vault/server/namespace.hpp"

/// Entities and their aliases, as logins make them and policies name them.
namespace meshproof::fakes::vault {

class Server;
struct LogicalRequest;

/// Somebody, whatever method he logs in by. Entities outlive the methods.
struct Entity {
    std::string id, name, namespace_path;
    Pairs metadata;
    std::vector<std::string> policies;
    bool disabled = false;
    Time created, changed;
};

/// How one auth method knows an entity.
struct EntityAlias {
    std::string id, name, entity, namespace_path;
    std::string mount_accessor;
    PairsMap metadata;      ///< of the last login
    Pairs custom_metadata;  ///< what was written of it
    bool local = false;
    Time created, changed;
};

/// Adds where the mount of an alias is, and what: nothing where it is gone.
void tell_mount(const Server& server, const std::string& namespace_path, std::string_view accessor,
                Json& alias);

/// As entities tell it: "root" for the root.
[[nodiscard]] std::string namespace_id(const Server& server, const std::string& path);

[[nodiscard]] std::vector<const EntityAlias*> aliases_of(const Server& server,
                                                         const Entity& entity);

/// Without a name it gets one as logins' entities have.
[[nodiscard]] Entity& new_entity(Server& server, const LogicalRequest& request, std::string name);

/// Null where the mount knows nobody by that name.
[[nodiscard]] EntityAlias* find_alias(Server& server, std::string_view accessor,
                                      std::string_view name);

[[nodiscard]] EntityAlias& new_alias(Server& server, const LogicalRequest& request,
                                     const MountEntry& mount, const std::string& name,
                                     const std::string& entity);

/// What names stand for with the entity of this id; null where there is no such entity.
[[nodiscard]] TemplateValues values_of(const Server& server, const std::string& entity);

/// The policy with what its paths name in {{identity…}}; a path that names what is not known grants
/// nothing. On OpenBao a value that the policy does not allow is a failure, as the servers word it.
[[nodiscard]] tl::expected<Policy, std::string> with_identity(const Server& server, Policy policy,
                                                              const Entity* entity);

/// The entity of a login's alias, made at its first login (identity/identity.cpp).
[[nodiscard]] std::string entity_of(Server& server, const LogicalRequest& request,
                                    const AuthGrant& grant);

}  // namespace meshproof::fakes::vault
