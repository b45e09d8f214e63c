#include "fakes/vault/identity/identity.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/identity/groups.hpp"
#include "fakes/vault/identity/metadata.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/server.hpp"

/// Entities and their aliases: what logins make, and what is read and written of it.
namespace meshproof::fakes::vault {

namespace {

Json json_of(const std::map<std::string, std::string>& metadata) {
    return metadata.empty() ? Json() : Json(metadata);
}

Json alias_json(const Server& server, const EntityAlias& alias) {
    auto told = Json{{"canonical_id", alias.entity},
                     {"creation_time", rfc3339_nano(alias.created)},
                     {"custom_metadata", shown(alias.custom_metadata)},
                     {"id", alias.id},
                     {"last_update_time", rfc3339_nano(alias.changed)},
                     {"local", alias.local},
                     {"merged_from_canonical_ids", Json()},
                     {"metadata", json_of(alias.metadata)},
                     {"mount_accessor", alias.mount_accessor},
                     {"name", alias.name}};
    tell_mount(server, alias.namespace_path, alias.mount_accessor, told);
    return told;
}

LogicalReply whole(const Server& server, const Entity& entity) {
    auto aliases = Json::array();
    for (const auto* alias : aliases_of(server, entity)) {
        aliases.push_back(alias_json(server, *alias));
    }
    auto direct = Json::array(), inherited = Json::array(), all = Json::array();
    for (const auto* group : direct_groups(server, entity.id)) {
        direct.push_back(group->id);
        all.push_back(group->id);
    }
    for (const auto* group : inherited_groups(server, entity.id)) {
        inherited.push_back(group->id);
        all.push_back(group->id);
    }
    return BackendResponse::with(Json{{"aliases", aliases},
                                      {"creation_time", rfc3339_nano(entity.created)},
                                      {"direct_group_ids", direct},
                                      {"disabled", entity.disabled},
                                      {"group_ids", all},
                                      {"id", entity.id},
                                      {"inherited_group_ids", inherited},
                                      {"last_update_time", rfc3339_nano(entity.changed)},
                                      {"merged_entity_ids", Json()},
                                      {"metadata", shown(entity.metadata)},
                                      {"name", entity.name},
                                      {"namespace_id", namespace_id(server, entity.namespace_path)},
                                      {"policies", entity.policies}});
}

Entity* by_name(Server& server, const LogicalRequest& request, std::string_view name) {
    for (auto& [id, entity] : server.entities) {
        if (lower(entity.name) == lower(name) && entity.namespace_path == request.ns->path) {
            return &entity;
        }
    }
    return nullptr;
}

Entity* by_id(Server& server, const LogicalRequest& request, std::string_view id) {
    const auto found = server.entities.find(id);
    return found != server.entities.end() && found->second.namespace_path == request.ns->path
               ? &found->second
               : nullptr;
}

void remove_entity(Server& server, Entity& entity) {
    std::erase_if(server.aliases,
                  [&](const auto& entry) { return entry.second.entity == entity.id; });
    const auto id = entity.id;
    server.entities.erase(id);
    leave_groups(server, id);
    server.forget_acls();
}

LogicalReply list_entities(Server& server, const LogicalRequest& request, bool by_their_names) {
    std::vector<std::string> keys;
    auto details = Json::object();
    for (const auto& [id, entity] : server.entities) {
        if (entity.namespace_path != request.ns->path) {
            continue;
        }
        keys.push_back(by_their_names ? entity.name : id);
        auto detail = Json{{"name", entity.name}};
        for (const auto* alias : aliases_of(server, entity)) {
            auto one = Json{{"id", alias->id},
                            {"mount_accessor", alias->mount_accessor},
                            {"name", alias->name}};
            tell_mount(server, alias->namespace_path, alias->mount_accessor, one);
            detail["aliases"].push_back(std::move(one));
        }
        details[id] = std::move(detail);
    }
    auto answer = list_answer(keys);
    if (!by_their_names && !keys.empty()) {
        answer.data["key_info"] = std::move(details);
    }
    return answer;
}

// Writes what is given; a new entity answers with its id, a changed one with nothing.
LogicalReply write_entity(Server& server, const BuiltinCall& call, Entity* entity) {
    const auto& request = call.request;
    const auto& read = call.fields;
    const auto name_in_path = call.captured("name");
    const auto name = name_in_path.empty() ? read.text("name") : name_in_path;
    if (entity == nullptr && !read.text("id").empty()) {
        entity = by_id(server, request, read.text("id"));
        if (entity == nullptr) {
            return BackendResponse::error("entity not found from id");
        }
    }
    if (auto* of_name = name.empty() ? nullptr : by_name(server, request, name)) {
        if (entity != nullptr && entity != of_name) {
            return BackendResponse::error("entity name is already in use");
        }
        entity = of_name;
    }
    const auto policies = kept_policies(server.options.product, read.list("policies"));
    if (std::ranges::find(policies, "root") != policies.end()) {
        return BackendResponse::error("policies cannot contain root");
    }
    if (auto refused = refuse_metadata("entity", read.pairs("metadata"))) {
        return std::move(*refused);
    }
    const bool made = entity == nullptr;
    if (made) {
        entity = &new_entity(server, request, name);
    } else if (!name.empty()) {
        entity->name = name;
    }
    entity->changed = request.now;
    if (read.has("metadata")) {
        entity->metadata = read.pairs("metadata");
    } else if (server.openbao() && entity->metadata && entity->metadata->empty()) {
        entity->metadata.reset();  // {} is told until the next change
    }
    if (read.has("policies")) {
        entity->policies = policies;
    }
    if (read.has("disabled")) {
        entity->disabled = read.boolean("disabled");
    }
    server.forget_acls();
    if (!made) {
        return BackendResponse::nothing();
    }
    return BackendResponse::with(
        Json{{"aliases", Json()}, {"id", entity->id}, {"name", entity->name}});
}

// The entity that the path names.
Entity* in_path(Server& server, const BuiltinCall& call) {
    return call.path.contains("id") ? by_id(server, call.request, call.captured("id"))
                                    : by_name(server, call.request, call.captured("name"));
}

LogicalReply list_entities_by_id(Server& server, const BuiltinCall& call) {
    return list_entities(server, call.request, false);
}

LogicalReply list_entities_by_name(Server& server, const BuiltinCall& call) {
    return list_entities(server, call.request, true);
}

LogicalReply write_some_entity(Server& server, const BuiltinCall& call) {
    return write_entity(server, call, nullptr);
}

LogicalReply write_this_entity(Server& server, const BuiltinCall& call) {
    if (!call.path.contains("id")) {
        return write_entity(server, call, nullptr);
    }
    auto* entity = in_path(server, call);
    return entity == nullptr ? BackendResponse::error("entity not found from id")
                             : write_entity(server, call, entity);
}

LogicalReply read_entity(Server& server, const BuiltinCall& call) {
    const auto* entity = in_path(server, call);
    return entity == nullptr ? BackendResponse::nothing() : whole(server, *entity);
}

LogicalReply delete_entity(Server& server, const BuiltinCall& call) {
    if (auto* entity = in_path(server, call)) {
        remove_entity(server, *entity);
    }
    return BackendResponse::nothing();
}

const MountEntry* by_accessor(const Namespace& ns, std::string_view accessor) {
    for (const auto& [path, mount] : ns.mounts) {
        if (mount->accessor == accessor && mount->is_auth()) {
            return mount.get();
        }
    }
    return nullptr;
}

using AliasRefusal = std::optional<BackendResponse>;

// `canonical_id`, or by its older name.
std::string asked_entity(const FieldData& data) {
    const auto id = data.text("canonical_id");
    return id.empty() ? data.text("entity_id") : id;
}

bool has_alias_at(const Server& server, const std::string& entity, std::string_view accessor) {
    return std::ranges::any_of(server.aliases, [&](const auto& entry) {
        return entry.second.entity == entity && entry.second.mount_accessor == accessor;
    });
}

LogicalReply create_alias(Server& server, const BuiltinCall& call, const MountEntry& mount) {
    const auto& request = call.request;
    auto entity = asked_entity(call.fields);
    if (!entity.empty() && by_id(server, request, entity) == nullptr) {
        return BackendResponse::error("invalid canonical ID");
    }
    if (entity.empty()) {
        entity = new_entity(server, request, "").id;
    }
    auto& alias = new_alias(server, request, mount, call.fields.text("name"), entity);
    alias.custom_metadata = call.fields.pairs("custom_metadata");
    if (!call.fields.has("custom_metadata")) {
        alias.custom_metadata.emplace();
    }
    return BackendResponse::with(Json{{"canonical_id", entity}, {"id", alias.id}});
}

AliasRefusal refuse_change(Server& server, const BuiltinCall& call, const EntityAlias& now,
                           const EntityAlias& next) {
    if (next.mount_accessor != now.mount_accessor && next.entity == now.entity &&
        has_alias_at(server, now.entity, next.mount_accessor)) {
        return BackendResponse::error(
            "Alias cannot be updated as the entity already has an alias for the given "
            "'mount_accessor' ");
    }
    if (by_accessor(*call.request.ns, next.mount_accessor) == nullptr) {
        return BackendResponse::error("invalid mount accessor " + go_quoted(next.mount_accessor));
    }
    const auto* same = find_alias(server, next.mount_accessor, next.name);
    if (same != nullptr && same->id != now.id) {
        return BackendResponse::error(
            "alias with combination of mount accessor and name already exists");
    }
    if (next.entity == now.entity) {
        return std::nullopt;
    }
    if (by_id(server, call.request, next.entity) == nullptr) {
        return BackendResponse::error("given 'canonical_id' is not associated with an entity");
    }
    return has_alias_at(server, next.entity, next.mount_accessor)
               ? AliasRefusal(BackendResponse::error(
                     "Alias cannot be updated as the given entity already has an alias for this "
                     "mount "))
               : std::nullopt;
}

// What does not change it answers nothing.
LogicalReply change_alias(Server& server, const BuiltinCall& call, EntityAlias& alias) {
    const auto& data = call.fields;
    auto next = alias;
    const auto take = [](std::string given, std::string& place) {
        if (!given.empty()) {
            place = std::move(given);
        }
    };
    take(data.text("name"), next.name);
    take(data.text("mount_accessor"), next.mount_accessor);
    take(asked_entity(data), next.entity);
    next.custom_metadata =
        data.has("custom_metadata") ? data.pairs("custom_metadata") : Pairs(PairsMap());
    if (next.name == alias.name && next.mount_accessor == alias.mount_accessor &&
        next.entity == alias.entity &&
        next.custom_metadata.value_or(PairsMap()) == alias.custom_metadata.value_or(PairsMap())) {
        return BackendResponse::nothing();
    }
    if (auto refused = refuse_change(server, call, alias, next)) {
        return std::move(*refused);
    }
    next.changed = call.request.now;
    alias = std::move(next);
    server.forget_acls();
    return BackendResponse::with(Json{{"canonical_id", alias.entity}, {"id", alias.id}});
}

LogicalReply write_alias(Server& server, const BuiltinCall& call) {
    const auto& data = call.fields;
    if (auto refused = refuse_custom_metadata(data.pairs("custom_metadata"))) {
        return std::move(*refused);
    }
    const auto id = call.path.contains("id") ? call.captured("id") : data.text("id");
    const auto name = data.text("name");
    const auto accessor = data.text("mount_accessor");
    if (!id.empty()) {
        const auto found = server.aliases.find(id);
        if (found == server.aliases.end() ||
            found->second.namespace_path != call.request.ns->path) {
            return BackendResponse::error("invalid alias ID provided");
        }
        // Of what tells nothing of it, not even its metadata is taken away.
        const bool told = !name.empty() || !accessor.empty() || !asked_entity(data).empty() ||
                          !data.pairs("custom_metadata").value_or(PairsMap()).empty();
        return told ? change_alias(server, call, found->second) : BackendResponse::nothing();
    }
    if (name.empty() || accessor.empty()) {
        return BackendResponse::error("'id' or 'mount_accessor' and 'name' must be provided");
    }
    const auto* mount = by_accessor(*call.request.ns, accessor);
    if (mount == nullptr) {
        return BackendResponse::error("invalid mount accessor " + go_quoted(accessor));
    }
    if (auto* known = find_alias(server, accessor, name)) {
        return change_alias(server, call, *known);
    }
    return create_alias(server, call, *mount);
}

LogicalReply list_aliases(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    std::vector<std::string> keys;
    auto details = Json::object();
    for (const auto& [id, alias] : server.aliases) {
        if (alias.namespace_path != request.ns->path) {
            continue;
        }
        keys.push_back(id);
        auto detail = alias_json(server, alias);
        for (const auto* absent :
             {"creation_time", "id", "last_update_time", "merged_from_canonical_ids"}) {
            detail.erase(absent);
        }
        if (!server.openbao()) {
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

using Aliases = std::map<std::string, EntityAlias, std::less<>>;

Aliases::iterator alias_in_path(Server& server, const BuiltinCall& call) {
    const auto found = server.aliases.find(call.captured("id"));
    const bool there =
        found != server.aliases.end() && found->second.namespace_path == call.request.ns->path;
    return there ? found : server.aliases.end();
}

LogicalReply read_alias(Server& server, const BuiltinCall& call) {
    const auto found = alias_in_path(server, call);
    if (found == server.aliases.end()) {
        return BackendResponse::nothing();
    }
    auto data = alias_json(server, found->second);
    data["namespace_id"] = namespace_id(server, found->second.namespace_path);
    return BackendResponse::with(std::move(data));
}

LogicalReply delete_alias(Server& server, const BuiltinCall& call) {
    if (const auto found = alias_in_path(server, call); found != server.aliases.end()) {
        server.aliases.erase(found);
    }
    return BackendResponse::nothing();
}

LogicalReply look_up_entity(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto& read = call.fields;
    if (auto refused = refuse_lookup(read)) {
        return std::move(*refused);
    }
    Entity* entity = nullptr;
    if (read.has("id")) {
        entity = by_id(server, request, read.text("id"));
    } else if (read.has("name")) {
        entity = by_name(server, request, read.text("name"));
    } else if (read.has("alias_id")) {
        const auto alias = server.aliases.find(read.text("alias_id"));
        entity =
            alias == server.aliases.end() ? nullptr : by_id(server, request, alias->second.entity);
    } else {
        const auto* alias =
            find_alias(server, read.text("alias_mount_accessor"), read.text("alias_name"));
        entity = alias == nullptr ? nullptr : by_id(server, request, alias->entity);
    }
    return entity == nullptr ? BackendResponse::nothing() : whole(server, *entity);
}

}  // namespace

std::vector<BuiltinRoute> identity_routes() {
    using enum Operation;
    const Fields entity{{{"name", FieldType::text},
                         {"id", FieldType::text},
                         {"metadata", FieldType::pairs},
                         {"policies", FieldType::list},
                         {"disabled", FieldType::boolean}}};
    const Fields alias{{{"name", FieldType::text},
                        {"id", FieldType::text},
                        {"canonical_id", FieldType::text},
                        {"entity_id", FieldType::text},
                        {"mount_accessor", FieldType::text},
                        {"custom_metadata", FieldType::pairs}}};
    std::vector<BuiltinRoute> table = {
        {"entity", {{update, write_some_entity}}, entity},
        {"entity/id/?", {{list, list_entities_by_id}}},
        {"entity/name/?", {{list, list_entities_by_name}}},
        {"entity/id/:id", {{read, read_entity}, {remove, delete_entity}}},
        {"entity/id/:id", {{update, write_this_entity}}, entity},
        {"entity/name/:name+", {{read, read_entity}, {remove, delete_entity}}},
        {"entity/name/:name+", {{update, write_this_entity}}, entity},
        {"entity-alias", {{update, write_alias}}, alias},
        {"entity-alias/id/?", {{list, list_aliases}}},
        {"entity-alias/id/:id", {{read, read_alias}, {remove, delete_alias}}},
        {"entity-alias/id/:id", {{update, write_alias}}, alias},
        {"lookup/entity", {{update, look_up_entity}}, lookup_fields()},
    };
    for (auto& route : group_routes()) {
        table.push_back(std::move(route));
    }
    return table;
}

}  // namespace meshproof::fakes::vault
