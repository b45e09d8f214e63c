#include "fakes/vault/server/entities.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

namespace {

std::optional<std::string> metadata_of(const PairsMap& metadata, const std::string& key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::nullopt : std::optional(found->second);
}

// "identity.entity.id", "identity.entity.aliases.ACCESSOR.metadata.KEY", …
std::optional<std::string> named_value(const Server& server, const Entity& entity,
                                       std::string_view name) {
    constexpr std::string_view root = "identity.entity.";
    if (!name.starts_with(root)) {
        return std::nullopt;
    }
    name.remove_prefix(root.size());
    if (name == "id") {
        return entity.id;
    }
    if (name == "name") {
        return entity.name;
    }
    if (name.starts_with("metadata.")) {
        return metadata_of(entity.metadata.value_or(PairsMap()), std::string(name.substr(9)));
    }
    if (!name.starts_with("aliases.")) {
        return std::nullopt;
    }
    name.remove_prefix(8);
    const auto dot = name.find('.');
    const auto accessor = name.substr(0, dot);
    const auto what = dot == std::string_view::npos ? "" : name.substr(dot + 1);
    for (const auto* alias : aliases_of(server, entity)) {
        if (alias->mount_accessor != accessor) {
            continue;
        }
        if (what == "id") {
            return alias->id;
        }
        if (what == "name") {
            return alias->name;
        }
        if (what.starts_with("metadata.")) {
            return metadata_of(alias->metadata, std::string(what.substr(9)));
        }
    }
    return std::nullopt;
}

}  // namespace

std::string namespace_id(const Server& server, const std::string& path) {
    const auto& ns = *server.namespaces.at(path);
    return ns.id.empty() ? "root" : ns.id;
}

std::vector<const EntityAlias*> aliases_of(const Server& server, const Entity& entity) {
    std::vector<const EntityAlias*> found;
    for (const auto& [id, alias] : server.aliases) {
        if (alias.entity == entity.id) {
            found.push_back(&alias);
        }
    }
    return found;
}

Entity& new_entity(Server& server, const LogicalRequest& request, std::string name) {
    Entity entity;
    entity.id = make_uuid(server.ids);
    entity.name = std::move(name);
    if (entity.name.empty()) {
        entity.name = "entity_" + to_hex(server.ids.bytes(4));
        if (server.openbao()) {
            entity.name += "." + namespace_id(server, request.ns->path);
        }
    }
    entity.namespace_path = request.ns->path;
    entity.created = entity.changed = request.now;
    const auto id = entity.id;
    return server.entities[id] = std::move(entity);
}

EntityAlias* find_alias(Server& server, std::string_view accessor, std::string_view name) {
    for (auto& [id, alias] : server.aliases) {
        if (alias.mount_accessor == accessor && lower(alias.name) == lower(name)) {
            return &alias;
        }
    }
    return nullptr;
}

void tell_mount(const Server& server, const std::string& namespace_path, std::string_view accessor,
                Json& alias) {
    const auto home = server.namespaces.find(namespace_path);
    if (home == server.namespaces.end()) {
        return;
    }
    for (const auto& [path, mount] : home->second->mounts) {
        if (mount->accessor == accessor) {
            alias["mount_path"] = mount->path;
            alias["mount_type"] = mount->type;
        }
    }
}

EntityAlias& new_alias(Server& server, const LogicalRequest& request, const MountEntry& mount,
                       const std::string& name, const std::string& entity) {
    EntityAlias alias;
    alias.id = make_uuid(server.ids);
    alias.name = name;
    alias.entity = entity;
    alias.namespace_path = request.ns->path;
    alias.mount_accessor = mount.accessor;
    alias.local = mount.local;
    alias.created = alias.changed = request.now;
    const auto id = alias.id;
    return server.aliases[id] = std::move(alias);
}

TemplateValues values_of(const Server& server, const std::string& entity) {
    if (!server.entities.contains(entity)) {
        return nullptr;
    }
    return [&server, entity](std::string_view name) -> std::optional<std::string> {
        const auto known = server.entities.find(entity);
        return known != server.entities.end() ? named_value(server, known->second, name)
                                              : std::nullopt;
    };
}

tl::expected<Policy, std::string> with_identity(const Server& server, Policy policy,
                                                const Entity* entity) {
    std::string barred;
    if (server.openbao()) {
        barred = fmt::format("{}{}", policy.allow_wildcards ? "" : "*+",
                             policy.allow_slashes ? "" : "/");
    }
    std::string forbidden;
    const auto values = [&](std::string_view name) {
        auto value = entity != nullptr ? named_value(server, *entity, name) : std::nullopt;
        const auto at = value ? value->find_first_of(barred) : std::string::npos;
        forbidden = at == std::string::npos ? forbidden : value->substr(at, 1);
        return value;
    };
    std::vector<PathRule> kept;
    for (auto& rule : policy.paths) {
        auto path = filled_in(rule.path, values);
        if (!forbidden.empty()) {
            return tl::unexpected(
                fmt::format("failed to parse policy: path \"{}\": template substitution contains "
                            "forbidden value: \"{}\"",
                            rule.path, forbidden));
        }
        if (path) {
            rule.path = std::move(*path);
            kept.push_back(std::move(rule));
        }
    }
    policy.paths = std::move(kept);
    return policy;
}

std::string entity_of(Server& server, const LogicalRequest& request, const AuthGrant& grant) {
    auto* alias = find_alias(server, request.mount->accessor, grant.alias_name);
    if (alias == nullptr) {
        const auto id = new_entity(server, request, "").id;
        alias = &new_alias(server, request, *request.mount, grant.alias_name, id);
    }
    // A login tells the alias anew what the method knows of it; the role is the token's (row 183).
    auto metadata = grant.metadata;
    metadata.erase("role");
    if (alias->metadata != metadata) {
        alias->metadata = std::move(metadata);
        alias->changed = request.now;
        server.forget_acls();
    }
    return alias->entity;
}

}  // namespace meshproof::fakes::vault
