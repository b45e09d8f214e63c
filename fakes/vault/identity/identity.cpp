#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/server/server.hpp"

/// Entities and their aliases: what logins make, and what is read and written of it.
namespace meshproof::fakes::vault {

namespace {

Json json_of(const std::map<std::string, std::string>& metadata) {
    return metadata.empty() ? Json() : Json(metadata);
}

std::string namespace_id(const VaultCore& core, const std::string& path) {
    const auto& ns = *core.namespaces.at(path);
    return ns.id.empty() ? "root" : ns.id;
}

Json alias_json(const EntityAlias& alias) {
    return Json{{"canonical_id", alias.entity},
                {"creation_time", rfc3339_nano(alias.created)},
                {"custom_metadata", Json()},
                {"id", alias.id},
                {"last_update_time", rfc3339_nano(alias.changed)},
                {"local", alias.local},
                {"merged_from_canonical_ids", Json()},
                {"metadata", json_of(alias.metadata)},
                {"mount_accessor", alias.mount_accessor},
                {"mount_path", alias.mount_path},
                {"mount_type", alias.mount_type},
                {"name", alias.name}};
}

std::vector<const EntityAlias*> aliases_of(const VaultCore& core, const Entity& entity) {
    std::vector<const EntityAlias*> found;
    for (const auto& [id, alias] : core.aliases) {
        if (alias.entity == entity.id) {
            found.push_back(&alias);
        }
    }
    return found;
}

CoreReply whole(const VaultCore& core, const Entity& entity) {
    auto aliases = Json::array();
    for (const auto* alias : aliases_of(core, entity)) {
        aliases.push_back(alias_json(*alias));
    }
    return BackendResponse::with(Json{{"aliases", aliases},
                                      {"creation_time", rfc3339_nano(entity.created)},
                                      {"direct_group_ids", Json::array()},
                                      {"disabled", entity.disabled},
                                      {"group_ids", Json::array()},
                                      {"id", entity.id},
                                      {"inherited_group_ids", Json::array()},
                                      {"last_update_time", rfc3339_nano(entity.changed)},
                                      {"merged_entity_ids", Json()},
                                      {"metadata", json_of(entity.metadata)},
                                      {"name", entity.name},
                                      {"namespace_id", namespace_id(core, entity.namespace_path)},
                                      {"policies", entity.policies}});
}

Entity* by_name(VaultCore& core, const LogicalRequest& request, std::string_view name) {
    for (auto& [id, entity] : core.entities) {
        if (entity.name == name && entity.namespace_path == request.ns->path) {
            return &entity;
        }
    }
    return nullptr;
}

Entity* by_id(VaultCore& core, const LogicalRequest& request, std::string_view id) {
    const auto found = core.entities.find(id);
    return found != core.entities.end() && found->second.namespace_path == request.ns->path
               ? &found->second
               : nullptr;
}

Entity& new_entity(VaultCore& core, const LogicalRequest& request, std::string name) {
    Entity entity;
    entity.id = make_uuid(core.ids);
    entity.name = std::move(name);
    if (entity.name.empty()) {
        entity.name = "entity_" + to_hex(core.ids.bytes(4));
        if (core.openbao()) {
            entity.name += "." + namespace_id(core, request.ns->path);
        }
    }
    entity.namespace_path = request.ns->path;
    entity.created = entity.changed = request.now;
    const auto id = entity.id;
    return core.entities[id] = std::move(entity);
}

void remove(VaultCore& core, Entity& entity) {
    std::erase_if(core.aliases,
                  [&](const auto& entry) { return entry.second.entity == entity.id; });
    const auto id = entity.id;
    core.entities.erase(id);
    core.forget_acls();
}

CoreReply list_entities(VaultCore& core, const LogicalRequest& request, bool by_their_names) {
    std::vector<std::string> keys;
    auto details = Json::object();
    for (const auto& [id, entity] : core.entities) {
        if (entity.namespace_path != request.ns->path) {
            continue;
        }
        keys.push_back(by_their_names ? entity.name : id);
        auto detail = Json{{"name", entity.name}};
        for (const auto* alias : aliases_of(core, entity)) {
            detail["aliases"].push_back(Json{{"id", alias->id},
                                             {"mount_accessor", alias->mount_accessor},
                                             {"mount_path", alias->mount_path},
                                             {"mount_type", alias->mount_type},
                                             {"name", alias->name}});
        }
        details[id] = std::move(detail);
    }
    std::ranges::sort(keys);
    auto answer = list_answer(keys);
    if (!by_their_names && !keys.empty()) {
        answer.data["key_info"] = std::move(details);
    }
    return answer;
}

// Writes what is given; a new entity answers with its id, a changed one with nothing.
CoreReply write_entity(VaultCore& core, const LogicalRequest& request, Entity* entity,
                       const std::string& name_in_path) {
    static const Fields fields{{{"name", FieldType::text},
                                {"id", FieldType::text},
                                {"metadata", FieldType::json},
                                {"policies", FieldType::list},
                                {"disabled", FieldType::boolean}}};
    MESHPROOF_FIELDS(read, fields, request, core);
    const auto name = name_in_path.empty() ? read.text("name") : name_in_path;
    if (entity == nullptr && !read.text("id").empty()) {
        entity = by_id(core, request, read.text("id"));
        if (entity == nullptr) {
            return BackendResponse::error("entity not found from id");
        }
    }
    if (entity == nullptr) {
        entity = by_name(core, request, name);
    }
    const bool made = entity == nullptr;
    if (made) {
        entity = &new_entity(core, request, name);
    } else if (!name.empty()) {
        entity->name = name;
    }
    entity->changed = request.now;
    if (read.has("metadata") && read.json("metadata").is_object()) {
        entity->metadata.clear();
        for (const auto& [key, value] : read.json("metadata").items()) {
            entity->metadata[key] = value.is_string() ? value.get<std::string>() : value.dump();
        }
    }
    if (read.has("policies")) {
        entity->policies = tidy_policies(read.list("policies"), false);
    }
    if (read.has("disabled")) {
        entity->disabled = read.boolean("disabled");
    }
    core.forget_acls();
    if (!made) {
        return BackendResponse::nothing();
    }
    return BackendResponse::with(
        Json{{"aliases", Json()}, {"id", entity->id}, {"name", entity->name}});
}

CoreReply one_entity(VaultCore& core, const LogicalRequest& request, Entity* entity,
                     const std::string& name_in_path) {
    if (request.writes()) {
        if (entity == nullptr && name_in_path.empty()) {
            return BackendResponse::error("entity not found from id");
        }
        return write_entity(core, request, entity, name_in_path);
    }
    if (request.reads()) {
        return entity == nullptr ? BackendResponse::nothing() : whole(core, *entity);
    }
    if (request.operation != Operation::remove) {
        return BackendResponse::unsupported_operation();
    }
    if (entity != nullptr) {
        remove(core, *entity);
    }
    return BackendResponse::nothing();
}

CoreReply serve_entities(VaultCore& core, const LogicalRequest& request, const std::string& path) {
    const bool lists = request.operation == Operation::list;
    if (path == "id" || path == "name") {
        return lists ? list_entities(core, request, path == "name")
                     : BackendResponse::unsupported_operation();
    }
    if (path.empty()) {
        return request.writes() ? write_entity(core, request, nullptr, "")
                                : BackendResponse::unsupported_operation();
    }
    if (path.starts_with("id/")) {
        return one_entity(core, request, by_id(core, request, path.substr(3)), "");
    }
    if (path.starts_with("name/")) {
        return one_entity(core, request, by_name(core, request, path.substr(5)), path.substr(5));
    }
    return BackendResponse::unsupported_path();
}

const MountEntry* by_accessor(const Namespace& ns, std::string_view accessor) {
    for (const auto& [path, mount] : ns.mounts) {
        if (mount->accessor == accessor && mount->is_auth()) {
            return mount.get();
        }
    }
    return nullptr;
}

EntityAlias* find_alias(VaultCore& core, std::string_view accessor, std::string_view name) {
    for (auto& [id, alias] : core.aliases) {
        if (alias.mount_accessor == accessor && alias.name == name) {
            return &alias;
        }
    }
    return nullptr;
}

EntityAlias& new_alias(VaultCore& core, const LogicalRequest& request, const MountEntry& mount,
                       const std::string& name, const std::string& entity) {
    EntityAlias alias;
    alias.id = make_uuid(core.ids);
    alias.name = name;
    alias.entity = entity;
    alias.namespace_path = request.ns->path;
    alias.mount_accessor = mount.accessor;
    alias.mount_path = mount.path;
    alias.mount_type = mount.type;
    alias.local = mount.local;
    alias.created = alias.changed = request.now;
    const auto id = alias.id;
    return core.aliases[id] = std::move(alias);
}

CoreReply write_alias(VaultCore& core, const LogicalRequest& request) {
    static const Fields fields{{{"name", FieldType::text},
                                {"id", FieldType::text},
                                {"canonical_id", FieldType::text},
                                {"mount_accessor", FieldType::text},
                                {"custom_metadata", FieldType::json}}};
    MESHPROOF_FIELDS(read, fields, request, core);
    const auto name = read.text("name");
    const auto accessor = read.text("mount_accessor");
    if (name.empty() || accessor.empty()) {
        return BackendResponse::error("'id' or 'mount_accessor' and 'name' must be provided");
    }
    const auto* mount = by_accessor(*request.ns, accessor);
    if (mount == nullptr) {
        return BackendResponse::error(fmt::format("invalid mount accessor \"{}\"", accessor));
    }
    auto canonical = read.text("canonical_id");
    if (!canonical.empty() && by_id(core, request, canonical) == nullptr) {
        return BackendResponse::error("invalid canonical ID");
    }
    if (auto* known = find_alias(core, accessor, name)) {
        known->changed = request.now;
        if (!canonical.empty()) {
            known->entity = canonical;
        }
        return BackendResponse::with(Json{{"canonical_id", known->entity}, {"id", known->id}});
    }
    if (canonical.empty()) {
        canonical = new_entity(core, request, "").id;
    }
    const auto& alias = new_alias(core, request, *mount, name, canonical);
    return BackendResponse::with(Json{{"canonical_id", canonical}, {"id", alias.id}});
}

CoreReply serve_aliases(VaultCore& core, const LogicalRequest& request, const std::string& path) {
    if (path.empty()) {
        return request.writes() ? write_alias(core, request)
                                : BackendResponse::unsupported_operation();
    }
    if (path == "id") {
        if (request.operation != Operation::list) {
            return BackendResponse::unsupported_operation();
        }
        std::vector<std::string> keys;
        auto details = Json::object();
        for (const auto& [id, alias] : core.aliases) {
            if (alias.namespace_path != request.ns->path) {
                continue;
            }
            keys.push_back(id);
            auto detail = alias_json(alias);
            for (const auto* absent :
                 {"creation_time", "id", "last_update_time", "merged_from_canonical_ids"}) {
                detail.erase(absent);
            }
            if (!core.openbao()) {
                detail.erase("metadata");
            }
            details[id] = std::move(detail);
        }
        auto answer = list_answer(keys);
        if (!keys.empty()) {
            answer.data["key_info"] = std::move(details);
        }
        return answer;
    }
    if (!path.starts_with("id/")) {
        return BackendResponse::unsupported_path();
    }
    const auto found = core.aliases.find(path.substr(3));
    const bool there =
        found != core.aliases.end() && found->second.namespace_path == request.ns->path;
    if (request.operation == Operation::remove) {
        if (there) {
            core.aliases.erase(found);
        }
        return BackendResponse::nothing();
    }
    if (!request.reads()) {
        return BackendResponse::unsupported_operation();
    }
    if (!there) {
        return BackendResponse::nothing();
    }
    auto data = alias_json(found->second);
    data["namespace_id"] = namespace_id(core, found->second.namespace_path);
    return BackendResponse::with(std::move(data));
}

std::optional<std::string> metadata_of(const std::map<std::string, std::string>& metadata,
                                       const std::string& key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::nullopt : std::optional(found->second);
}

// "identity.entity.id", "identity.entity.aliases.ACCESSOR.metadata.KEY", …
std::optional<std::string> named_value(const VaultCore& core, const Entity& entity,
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
        return metadata_of(entity.metadata, std::string(name.substr(9)));
    }
    if (!name.starts_with("aliases.")) {
        return std::nullopt;
    }
    name.remove_prefix(8);
    const auto dot = name.find('.');
    const auto accessor = name.substr(0, dot);
    const auto what = dot == std::string_view::npos ? "" : name.substr(dot + 1);
    for (const auto* alias : aliases_of(core, entity)) {
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

std::optional<std::string> filled_in(const VaultCore& core, std::string path,
                                     const Entity* entity) {
    for (auto open = path.find("{{"); open != std::string::npos; open = path.find("{{", open)) {
        const auto close = path.find("}}", open);
        if (close == std::string::npos || entity == nullptr) {
            return std::nullopt;
        }
        const auto value = named_value(
            core, *entity, trim(std::string_view(path).substr(open + 2, close - open - 2)));
        if (!value) {
            return std::nullopt;
        }
        path.replace(open, close + 2 - open, *value);
        open += value->size();
    }
    return path;
}

CoreReply look_up(VaultCore& core, const LogicalRequest& request) {
    if (!request.writes()) {
        return BackendResponse::unsupported_operation();
    }
    static const Fields fields{{{"name", FieldType::text},
                                {"id", FieldType::text},
                                {"alias_id", FieldType::text},
                                {"alias_name", FieldType::text},
                                {"alias_mount_accessor", FieldType::text}}};
    MESHPROOF_FIELDS(read, fields, request, core);
    Entity* entity = nullptr;
    if (read.has("id")) {
        entity = by_id(core, request, read.text("id"));
    } else if (read.has("name")) {
        entity = by_name(core, request, read.text("name"));
    } else if (read.has("alias_id")) {
        const auto alias = core.aliases.find(read.text("alias_id"));
        entity = alias == core.aliases.end() ? nullptr : by_id(core, request, alias->second.entity);
    } else if (read.has("alias_name")) {
        if (!read.has("alias_mount_accessor")) {
            return BackendResponse::error(
                "both 'alias_name' and 'alias_mount_accessor' needs to be set");
        }
        const auto* alias =
            find_alias(core, read.text("alias_mount_accessor"), read.text("alias_name"));
        entity = alias == nullptr ? nullptr : by_id(core, request, alias->entity);
    } else {
        return BackendResponse::error("query parameter not supplied");
    }
    return entity == nullptr ? BackendResponse::nothing() : whole(core, *entity);
}

}  // namespace

Policy with_identity(const VaultCore& core, Policy policy, const Entity* entity) {
    std::vector<PathRule> kept;
    for (auto& rule : policy.paths) {
        if (auto path = filled_in(core, rule.path, entity)) {
            rule.path = std::move(*path);
            kept.push_back(std::move(rule));
        }
    }
    policy.paths = std::move(kept);
    return policy;
}

std::string entity_of(VaultCore& core, const LogicalRequest& request, const AuthGrant& grant) {
    auto* alias = find_alias(core, request.mount->accessor, grant.alias_name);
    if (alias == nullptr || core.options.defects.on("kubernetes/new-entity-each-time")) {
        const auto id = new_entity(core, request, "").id;
        alias = &new_alias(core, request, *request.mount, grant.alias_name, id);
    }
    // A login tells the alias anew what the method knows of it; the role is the token's (row 183).
    auto metadata = grant.metadata;
    metadata.erase("role");
    if (alias->metadata != metadata) {
        alias->metadata = std::move(metadata);
        alias->changed = request.now;
        core.forget_acls();
    }
    return alias->entity;
}

CoreReply serve_identity(VaultCore& core, const LogicalRequest& request) {
    const auto within = [&](const std::string& prefix) -> std::optional<std::string> {
        if (request.under(prefix) == "") {
            return "";
        }
        return request.under(prefix + "/");
    };
    if (const auto path = within("identity/entity-alias")) {
        return serve_aliases(core, request, *path);
    }
    if (const auto path = within("identity/entity")) {
        return serve_entities(core, request, *path);
    }
    if (request.path == "identity/lookup/entity") {
        return look_up(core, request);
    }
    // Groups cannot be made here, so there are none.
    if (request.path == "identity/group/id" || request.path == "identity/group/name") {
        return BackendResponse::unsupported_operation();
    }
    if (request.path == "identity/group/id/" || request.path == "identity/group/name/") {
        return list_answer({});
    }
    return BackendResponse::unsupported_path();
}

}  // namespace meshproof::fakes::vault
