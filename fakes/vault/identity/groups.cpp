#include "fakes/vault/identity/groups.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "fakes/vault/identity/group_aliases.hpp"
#include "fakes/vault/identity/metadata.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/server/server.hpp"

/// Groups as they are written, read and listed: row 202.
namespace meshproof::fakes::vault {

namespace {

using GroupRefusal = std::optional<BackendResponse>;

Json list_or_none(const std::vector<std::string>& list) {
    return list.empty() ? Json() : Json(list);
}

std::vector<std::string> ids_of(const std::vector<const Group*>& groups) {
    std::vector<std::string> ids;
    for (const auto* group : groups) {
        ids.push_back(group->id);
    }
    return ids;
}

LogicalReply whole_group(const Server& server, const Group& group) {
    return BackendResponse::with(
        Json{{"alias", group.alias ? alias_of_group(server, group) : Json::object()},
             {"creation_time", rfc3339_nano(group.created)},
             {"id", group.id},
             {"last_update_time", rfc3339_nano(group.changed)},
             {"member_entity_ids",
              group.tells_no_entities ? Json::array() : list_or_none(group.entities)},
             {"member_group_ids", list_or_none(group.groups)},
             {"metadata", shown(group.metadata)},
             {"modify_index", group.modify_index},
             {"name", group.name},
             {"namespace_id", namespace_id(server, group.namespace_path)},
             {"parent_group_ids", list_or_none(ids_of(parents_of(server, group.id)))},
             {"policies", group.policies ? Json(*group.policies) : Json()},
             {"type", group.type}});
}

Group* group_by_name(Server& server, const LogicalRequest& request, std::string_view name) {
    for (auto& [id, group] : server.groups) {
        if (lower(group.name) == lower(name) && group.namespace_path == request.ns->path) {
            return &group;
        }
    }
    return nullptr;
}

Group* group_in_path(Server& server, const BuiltinCall& call) {
    return call.path.contains("id") ? group_by_id(server, call.request, call.captured("id"))
                                    : group_by_name(server, call.request, call.captured("name"));
}

std::vector<std::string> each_once(std::vector<std::string> ids) {
    std::ranges::sort(ids);
    const auto again = std::ranges::unique(ids);
    ids.erase(again.begin(), again.end());
    std::erase(ids, "");
    return ids;
}

// Whether the group reaches the other through its members.
bool reaches(const Server& server, const std::string& group, const std::string& other) {
    std::vector<std::string> reached{group};
    std::set<std::string, std::less<>> seen{group};
    for (std::size_t at = 0; at < reached.size(); ++at) {
        const auto found = server.groups.find(reached[at]);
        if (found == server.groups.end()) {
            continue;
        }
        for (const auto& member : found->second.groups) {
            if (member == other) {
                return true;
            }
            if (seen.insert(member).second) {
                reached.push_back(member);
            }
        }
    }
    return false;
}

GroupRefusal read_type_and_policies(const Server& server, Group& group, const FieldData& data) {
    if (data.has("policies")) {
        group.policies = kept_policies(server.options.product, data.list("policies"));
        if (std::ranges::find(*group.policies, "root") != group.policies->end()) {
            return BackendResponse::error("policies cannot contain root");
        }
    }
    if (data.has("type")) {
        auto type = data.text("type");
        if (group.modify_index > 0 && type != group.type) {
            return BackendResponse::error("group type cannot be changed");
        }
        type = type.empty() ? "internal" : type;
        if (type != "internal" && type != "external") {
            return BackendResponse::error("invalid group type " + go_quoted(type));
        }
        group.type = type;
    }
    return std::nullopt;
}

GroupRefusal read_members(Group& group, const FieldData& data) {
    const bool external = group.type == "external";
    if (data.has("member_entity_ids")) {
        if (external) {
            return BackendResponse::error(
                "member entities can't be set manually for external groups");
        }
        group.entities = each_once(data.list("member_entity_ids"));
        group.tells_no_entities = group.entities.empty();
    }
    if (data.has("member_group_ids")) {
        if (external) {
            return BackendResponse::error("member groups can't be set for external groups");
        }
        group.groups = each_once(data.list("member_group_ids"));
    }
    return std::nullopt;
}

GroupRefusal refuse_members(const Server& server, const Group& group) {
    for (const auto& entity : group.entities) {
        if (!server.entities.contains(entity)) {
            return BackendResponse::go_error("invalid entity ID " + go_quoted(entity));
        }
    }
    for (const auto& member : group.groups) {
        if (!server.groups.contains(member)) {
            return BackendResponse::go_error("invalid member group ID " + go_quoted(member));
        }
        if (member == group.id) {
            return BackendResponse::go_error(fmt::format(
                "member group ID {} is same as the ID of the group", go_quoted(member)));
        }
        if (reaches(server, member, group.id)) {
            return BackendResponse::error("cyclic relationship detected for member group ID " +
                                          go_quoted(member));
        }
    }
    return std::nullopt;
}

// A group that becomes a member of this one is changed by that as well.
void keep_group(Server& server, Group group, Time now) {
    const auto held = server.groups.find(group.id);
    const auto before = held == server.groups.end() ? Group{} : held->second;
    for (const auto& member : group.groups) {
        if (std::ranges::find(before.groups, member) == before.groups.end()) {
            auto& changed = server.groups.at(member);
            forget_empty(changed);
            ++changed.modify_index;
        }
    }
    group.changed = now;
    ++group.modify_index;
    const auto id = group.id;
    server.groups[id] = std::move(group);
    server.forget_acls();
}

LogicalReply write_group(Server& server, const BuiltinCall& call, const Group* known) {
    const auto& data = call.fields;
    const auto in_path = call.captured("name");
    const auto name = in_path.empty() ? data.text("name") : in_path;
    const auto* of_name = name.empty() ? nullptr : group_by_name(server, call.request, name);
    if (known == nullptr) {
        known = of_name;
    }
    auto group = known == nullptr ? new_group(server, call.request) : *known;
    forget_empty(group);
    if (auto refused = read_type_and_policies(server, group, data)) {
        return std::move(*refused);
    }
    if (of_name != nullptr && of_name->id != group.id) {
        return BackendResponse::error("group name is already in use");
    }
    if (!name.empty()) {
        group.name = name;
    }
    if (data.has("metadata")) {
        group.metadata = data.pairs("metadata");
    }
    if (auto refused = read_members(group, data)) {
        return std::move(*refused);
    }
    if (auto refused = refuse_metadata("group", group.metadata)) {
        return std::move(*refused);
    }
    if (auto refused = refuse_members(server, group)) {
        return std::move(*refused);
    }
    auto answer = known == nullptr
                      ? BackendResponse::with(Json{{"id", group.id}, {"name", group.name}})
                      : BackendResponse::nothing();
    keep_group(server, std::move(group), call.request.now);
    return answer;
}

LogicalReply write_some_group(Server& server, const BuiltinCall& call) {
    const bool given = call.fields.has("id");
    const auto id = call.fields.text("id");
    if (given && id.empty()) {
        return BackendResponse::error("empty group ID");
    }
    const auto* known = given ? group_by_id(server, call.request, id) : nullptr;
    if (given && known == nullptr) {
        return BackendResponse::error("invalid group ID");
    }
    return write_group(server, call, known);
}

LogicalReply write_this_group(Server& server, const BuiltinCall& call) {
    const auto* known = group_in_path(server, call);
    if (known == nullptr && call.path.contains("id")) {
        return BackendResponse::error("invalid group ID");
    }
    return write_group(server, call, known);
}

LogicalReply read_group(Server& server, const BuiltinCall& call) {
    const auto* group = group_in_path(server, call);
    return group == nullptr ? BackendResponse::nothing() : whole_group(server, *group);
}

LogicalReply delete_group(Server& server, const BuiltinCall& call) {
    if (const auto* group = group_in_path(server, call)) {
        const auto id = group->id;
        for (auto& [other, parent] : server.groups) {
            std::erase(parent.groups, id);
        }
        server.groups.erase(id);
        server.forget_acls();
    }
    return BackendResponse::nothing();
}

LogicalReply list_groups_by_name(Server& server, const BuiltinCall& call) {
    std::vector<std::string> names;
    for (const auto& [id, group] : server.groups) {
        if (group.namespace_path == call.request.ns->path) {
            names.push_back(group.name);
        }
    }
    return list_answer(names);
}

LogicalReply list_groups_by_id(Server& server, const BuiltinCall& call) {
    std::vector<std::string> keys;
    auto details = Json::object();
    for (const auto& [id, group] : server.groups) {
        if (group.namespace_path != call.request.ns->path) {
            continue;
        }
        keys.push_back(id);
        auto detail = Json{{"name", group.name},
                           {"num_member_entities", group.entities.size()},
                           {"num_parent_groups", parents_of(server, id).size()}};
        if (group.alias) {
            auto& alias = detail["alias"];
            alias = Json{{"id", group.alias->id},
                         {"mount_accessor", group.alias->mount_accessor},
                         {"name", group.alias->name}};
            tell_mount(server, group.namespace_path, group.alias->mount_accessor, alias);
        }
        details[id] = std::move(detail);
    }
    auto answer = list_answer(keys);
    if (!keys.empty()) {
        answer.data["key_info"] = std::move(details);
    }
    return answer;
}

LogicalReply look_up_group(Server& server, const BuiltinCall& call) {
    const auto& data = call.fields;
    const auto& request = call.request;
    if (auto refused = refuse_lookup(data)) {
        return std::move(*refused);
    }
    const Group* group = nullptr;
    if (data.has("id")) {
        group = group_by_id(server, request, data.text("id"));
    } else if (data.has("name")) {
        group = group_by_name(server, request, data.text("name"));
    } else if (data.has("alias_id")) {
        group = group_of_alias(server, request, data.text("alias_id"));
    } else {
        group = group_of_alias(server, request, data.text("alias_mount_accessor"),
                               data.text("alias_name"));
    }
    return group == nullptr ? BackendResponse::nothing() : whole_group(server, *group);
}

}  // namespace

std::optional<BackendResponse> refuse_lookup(const FieldData& data) {
    const auto given = std::ranges::count_if(
        std::array{"id", "name", "alias_id", "alias_name", "alias_mount_accessor"},
        [&](const char* name) { return data.has(name); });
    const auto name = data.text("alias_name"), accessor = data.text("alias_mount_accessor");
    // The last two belong together, and only where both say something.
    const bool both = !name.empty() && !accessor.empty();
    if (given == 0) {
        return BackendResponse::error("query parameter not supplied");
    }
    if (given > (both ? 2 : 1)) {
        return BackendResponse::error(
            "query parameter conflict; please supply distinct set of query parameters");
    }
    if (name.empty() != accessor.empty()) {
        return BackendResponse::error(
            "both 'alias_name' and 'alias_mount_accessor' needs to be set");
    }
    return std::nullopt;
}

Group new_group(Server& server, const LogicalRequest& request) {
    Group group;
    group.id = make_uuid(server.ids);
    group.name = "group_" + to_hex(server.ids.bytes(4));
    if (server.openbao()) {
        group.name += "." + namespace_id(server, request.ns->path);
    }
    group.namespace_path = request.ns->path;
    group.created = request.now;
    return group;
}

Group* group_by_id(Server& server, const LogicalRequest& request, std::string_view id) {
    const auto found = server.groups.find(id);
    return found != server.groups.end() && found->second.namespace_path == request.ns->path
               ? &found->second
               : nullptr;
}

Fields lookup_fields() {
    return {{{"name", FieldType::text},
             {"id", FieldType::text},
             {"alias_id", FieldType::text},
             {"alias_name", FieldType::text},
             {"alias_mount_accessor", FieldType::text}}};
}

std::vector<BuiltinRoute> group_routes() {
    using enum Operation;
    const Fields group{{{"name", FieldType::text},
                        {"id", FieldType::text},
                        {"type", FieldType::text},
                        {"metadata", FieldType::pairs},
                        {"policies", FieldType::list},
                        {"member_entity_ids", FieldType::list},
                        {"member_group_ids", FieldType::list}}};
    std::vector<BuiltinRoute> table = {
        {"group", {{update, write_some_group}}, group},
        {"group/id/?", {{list, list_groups_by_id}}},
        {"group/name/?", {{list, list_groups_by_name}}},
        {"group/id/:id", {{read, read_group}, {remove, delete_group}}},
        {"group/id/:id", {{update, write_this_group}}, group},
        {"group/name/:name+", {{read, read_group}, {remove, delete_group}}},
        {"group/name/:name+", {{update, write_this_group}}, group},
        {"lookup/group", {{update, look_up_group}}, lookup_fields()},
    };
    for (auto& route : group_alias_routes()) {
        table.push_back(std::move(route));
    }
    return table;
}

}  // namespace meshproof::fakes::vault
