#include "fakes/vault/identity/identity.hpp"

#include <algorithm>

#include "fakes/vault/logical/fields.hpp"
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

void remove(Server& server, Entity& entity) {
    std::erase_if(server.aliases,
                  [&](const auto& entry) { return entry.second.entity == entity.id; });
    const auto id = entity.id;
    server.entities.erase(id);
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
LogicalReply write_entity(Server& server, const LogicalRequest& request, Entity* entity,
                          const std::string& name_in_path) {
    static const Fields fields{{{"name", FieldType::text},
                                {"id", FieldType::text},
                                {"metadata", FieldType::json},
                                {"policies", FieldType::list},
                                {"disabled", FieldType::boolean}}};
    MESHPROOF_FIELDS(read, fields, request, server);
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
        entity->policies = tidy_policies(read.list("policies"), false);
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

LogicalReply one_entity(Server& server, const LogicalRequest& request, Entity* entity,
                        const std::string& name_in_path) {
    if (request.writes()) {
        if (entity == nullptr && name_in_path.empty()) {
            return BackendResponse::error("entity not found from id");
        }
        return write_entity(server, request, entity, name_in_path);
    }
    if (request.reads()) {
        return entity == nullptr ? BackendResponse::nothing() : whole(server, *entity);
    }
    if (request.operation != Operation::remove) {
        return BackendResponse::unsupported_operation();
    }
    if (entity != nullptr) {
        remove(server, *entity);
    }
    return BackendResponse::nothing();
}

LogicalReply serve_entities(Server& server, const LogicalRequest& request,
                            const std::string& path) {
    const bool lists = request.operation == Operation::list;
    if (path == "id" || path == "name") {
        return lists ? list_entities(server, request, path == "name")
                     : BackendResponse::unsupported_operation();
    }
    if (path.empty()) {
        return request.writes() ? write_entity(server, request, nullptr, "")
                                : BackendResponse::unsupported_operation();
    }
    if (path.starts_with("id/")) {
        return one_entity(server, request, by_id(server, request, path.substr(3)), "");
    }
    if (path.starts_with("name/")) {
        return one_entity(server, request, by_name(server, request, path.substr(5)),
                          path.substr(5));
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

LogicalReply write_alias(Server& server, const LogicalRequest& request) {
    static const Fields fields{{{"name", FieldType::text},
                                {"id", FieldType::text},
                                {"canonical_id", FieldType::text},
                                {"mount_accessor", FieldType::text},
                                {"custom_metadata", FieldType::json}}};
    MESHPROOF_FIELDS(read, fields, request, server);
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

LogicalReply serve_aliases(Server& server, const LogicalRequest& request, const std::string& path) {
    if (path.empty()) {
        return request.writes() ? write_alias(server, request)
                                : BackendResponse::unsupported_operation();
    }
    if (path == "id") {
        if (request.operation != Operation::list) {
            return BackendResponse::unsupported_operation();
        }
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
    if (!path.starts_with("id/")) {
        return BackendResponse::unsupported_path();
    }
    const auto found = server.aliases.find(path.substr(3));
    const bool there =
        found != server.aliases.end() && found->second.namespace_path == request.ns->path;
    if (request.operation == Operation::remove) {
        if (there) {
            server.aliases.erase(found);
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
    data["namespace_id"] = namespace_id(server, found->second.namespace_path);
    return BackendResponse::with(std::move(data));
}

LogicalReply look_up(Server& server, const LogicalRequest& request) {
    if (!request.writes()) {
        return BackendResponse::unsupported_operation();
    }
    static const Fields fields{{{"name", FieldType::text},
                                {"id", FieldType::text},
                                {"alias_id", FieldType::text},
                                {"alias_name", FieldType::text},
                                {"alias_mount_accessor", FieldType::text}}};
    MESHPROOF_FIELDS(read, fields, request, server);
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

LogicalReply serve_identity(Server& server, const LogicalRequest& request) {
    const auto within = [&](const std::string& prefix) -> std::optional<std::string> {
        if (request.under(prefix) == "") {
            return "";
        }
        return request.under(prefix + "/");
    };
    if (const auto path = within("identity/entity-alias")) {
        return serve_aliases(server, request, *path);
    }
    if (const auto path = within("identity/entity")) {
        return serve_entities(server, request, *path);
    }
    if (request.path == "identity/lookup/entity") {
        return look_up(server, request);
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
