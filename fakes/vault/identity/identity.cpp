#include "fakes/vault/identity/identity.hpp"

#include <algorithm>

#include "fakes/vault/identity/groups.hpp"
#include "fakes/vault/server/server.hpp"

/// Entities and their aliases: what logins make, and what is read and written of it.
namespace meshproof::fakes::vault {

namespace {

Json json_of(const std::map<std::string, std::string>& metadata) {
    return metadata.empty() ? Json() : Json(metadata);
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

LogicalReply whole(const Server& server, const Entity& entity) {
    auto aliases = Json::array();
    for (const auto* alias : aliases_of(server, entity)) {
        aliases.push_back(alias_json(*alias));
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
                                      {"metadata", json_of(entity.metadata)},
                                      {"name", entity.name},
                                      {"namespace_id", namespace_id(server, entity.namespace_path)},
                                      {"policies", entity.policies}});
}

Entity* by_name(Server& server, const LogicalRequest& request, std::string_view name) {
    for (auto& [id, entity] : server.entities) {
        if (entity.name == name && entity.namespace_path == request.ns->path) {
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
    if (entity == nullptr) {
        entity = by_name(server, request, name);
    }
    const bool made = entity == nullptr;
    if (made) {
        entity = &new_entity(server, request, name);
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
        entity->policies = kept_policies(server.options.product, read.list("policies"));
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
    auto* entity = in_path(server, call);
    if (entity == nullptr && call.path.contains("id")) {
        return BackendResponse::error("entity not found from id");
    }
    return write_entity(server, call, entity);
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

LogicalReply write_alias(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto& read = call.fields;
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
    if (!canonical.empty() && by_id(server, request, canonical) == nullptr) {
        return BackendResponse::error("invalid canonical ID");
    }
    if (auto* known = find_alias(server, accessor, name)) {
        known->changed = request.now;
        if (!canonical.empty()) {
            known->entity = canonical;
        }
        return BackendResponse::with(Json{{"canonical_id", known->entity}, {"id", known->id}});
    }
    if (canonical.empty()) {
        canonical = new_entity(server, request, "").id;
    }
    const auto& alias = new_alias(server, request, *mount, name, canonical);
    return BackendResponse::with(Json{{"canonical_id", canonical}, {"id", alias.id}});
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
        auto detail = alias_json(alias);
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
    auto data = alias_json(found->second);
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
    Entity* entity = nullptr;
    if (read.has("id")) {
        entity = by_id(server, request, read.text("id"));
    } else if (read.has("name")) {
        entity = by_name(server, request, read.text("name"));
    } else if (read.has("alias_id")) {
        const auto alias = server.aliases.find(read.text("alias_id"));
        entity =
            alias == server.aliases.end() ? nullptr : by_id(server, request, alias->second.entity);
    } else if (read.has("alias_name")) {
        if (!read.has("alias_mount_accessor")) {
            return BackendResponse::error(
                "both 'alias_name' and 'alias_mount_accessor' needs to be set");
        }
        const auto* alias =
            find_alias(server, read.text("alias_mount_accessor"), read.text("alias_name"));
        entity = alias == nullptr ? nullptr : by_id(server, request, alias->entity);
    } else {
        return BackendResponse::error("query parameter not supplied");
    }
    return entity == nullptr ? BackendResponse::nothing() : whole(server, *entity);
}

}  // namespace

std::vector<BuiltinRoute> identity_routes() {
    using enum Operation;
    const Fields entity{{{"name", FieldType::text},
                         {"id", FieldType::text},
                         {"metadata", FieldType::json},
                         {"policies", FieldType::list},
                         {"disabled", FieldType::boolean}}};
    const Fields alias{{{"name", FieldType::text},
                        {"id", FieldType::text},
                        {"canonical_id", FieldType::text},
                        {"mount_accessor", FieldType::text},
                        {"custom_metadata", FieldType::json}}};
    const Fields sought{{{"name", FieldType::text},
                         {"id", FieldType::text},
                         {"alias_id", FieldType::text},
                         {"alias_name", FieldType::text},
                         {"alias_mount_accessor", FieldType::text}}};
    std::vector<BuiltinRoute> table = {
        {"entity", {{update, write_some_entity}}, entity},
        {"entity/id/?", {{list, list_entities_by_id}}},
        {"entity/name/?", {{list, list_entities_by_name}}},
        {"entity/id/:id+", {{read, read_entity}, {remove, delete_entity}}},
        {"entity/id/:id+", {{update, write_this_entity}}, entity},
        {"entity/name/:name+", {{read, read_entity}, {remove, delete_entity}}},
        {"entity/name/:name+", {{update, write_this_entity}}, entity},
        {"entity-alias", {{update, write_alias}}, alias},
        {"entity-alias/id/?", {{list, list_aliases}}},
        {"entity-alias/id/:id+", {{read, read_alias}, {remove, delete_alias}}},
        {"lookup/entity", {{update, look_up_entity}}, sought},
    };
    for (auto& route : group_routes()) {
        table.push_back(std::move(route));
    }
    return table;
}

}  // namespace meshproof::fakes::vault
