#include "fakes/vault/identity/group_aliases.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/server/server.hpp"

/// Aliases of external groups: row 203. No method here tells groups at a login, so they have no
/// members.
namespace meshproof::fakes::vault {

namespace {

template <class Fits>
Group* group_whose_alias(Server& server, const LogicalRequest& request, Fits fits) {
    for (auto& [id, group] : server.groups) {
        if (group.namespace_path == request.ns->path && group.alias && fits(*group.alias)) {
            return &group;
        }
    }
    return nullptr;
}

const MountEntry* mount_of_accessor(const Namespace& ns, std::string_view accessor) {
    for (const auto& [path, mount] : ns.mounts) {
        if (mount->accessor == accessor) {
            return mount.get();
        }
    }
    return nullptr;
}

// The group that the call names; null where it names none.
tl::expected<Group*, BackendResponse> named_group(Server& server, const BuiltinCall& call) {
    const auto canonical = call.fields.text("canonical_id");
    if (canonical.empty()) {
        return nullptr;
    }
    auto* named = group_by_id(server, call.request, canonical);
    if (named == nullptr) {
        return tl::unexpected(BackendResponse::error("invalid group ID given in 'canonical_id'"));
    }
    if (named->type != "external") {
        return tl::unexpected(BackendResponse::error("alias can't be set on an internal group"));
    }
    return named;
}

// A group for an alias that nobody has a group for.
Group& own_group(Server& server, const LogicalRequest& request) {
    auto made = new_group(server, request);
    made.type = "external";
    made.changed = request.now;
    const auto id = made.id;
    return server.groups[id] = std::move(made);
}

LogicalReply write_group_alias_of(Server& server, const BuiltinCall& call, Group* holder) {
    const auto& data = call.fields;
    const auto name = data.text("name");
    if (name.empty()) {
        return BackendResponse::error("missing alias name");
    }
    const auto accessor = data.text("mount_accessor");
    if (accessor.empty()) {
        return BackendResponse::error("missing mount_accessor");
    }
    auto named = named_group(server, call);
    if (!named) {
        return std::move(named.error());
    }
    const auto* mount = mount_of_accessor(*call.request.ns, accessor);
    if (mount == nullptr) {
        return BackendResponse::error("invalid mount accessor " + go_quoted(accessor));
    }
    auto* same = group_of_alias(server, call.request, accessor, name);
    auto* group = *named != nullptr   ? *named
                  : holder != nullptr ? holder
                  : same != nullptr   ? same
                                      : &own_group(server, call.request);
    if (same != nullptr && same != holder) {
        return BackendResponse::error(
            "combination of mount and group alias name is already in use");
    }
    auto alias = holder != nullptr ? *holder->alias : GroupAlias{};
    if (holder == nullptr) {
        alias.id = make_uuid(server.ids);
        alias.created = call.request.now;
    } else {
        holder->alias.reset();
    }
    alias.name = name;
    alias.mount_accessor = mount->accessor;
    alias.changed = group->changed = call.request.now;
    ++group->modify_index;
    auto answer = BackendResponse::with(Json{{"canonical_id", group->id}, {"id", alias.id}});
    group->alias = std::move(alias);
    return answer;
}

LogicalReply write_some_alias(Server& server, const BuiltinCall& call) {
    const bool in_path = call.path.contains("id");
    const auto id = in_path ? call.captured("id") : call.fields.text("id");
    if (id.empty() && call.fields.has("id")) {
        return BackendResponse::error("empty group alias ID");
    }
    auto* holder = id.empty() ? nullptr : group_of_alias(server, call.request, id);
    if (!id.empty() && holder == nullptr) {
        return BackendResponse::error("invalid group alias ID");
    }
    return write_group_alias_of(server, call, holder);
}

Json whole_alias(const Server& server, const Group& group) {
    auto data = alias_of_group(server, group);
    data["custom_metadata"] = Json();
    data["local"] = false;
    data["namespace_id"] = namespace_id(server, group.namespace_path);
    return data;
}

LogicalReply read_group_alias(Server& server, const BuiltinCall& call) {
    const auto* group = group_of_alias(server, call.request, call.captured("id"));
    return group == nullptr ? BackendResponse::nothing()
                            : BackendResponse::with(whole_alias(server, *group));
}

LogicalReply delete_group_alias(Server& server, const BuiltinCall& call) {
    if (auto* group = group_of_alias(server, call.request, call.captured("id"))) {
        group->alias.reset();
        ++group->modify_index;
    }
    return BackendResponse::nothing();
}

LogicalReply list_group_aliases(Server& server, const BuiltinCall& call) {
    std::vector<std::string> keys;
    auto details = Json::object();
    for (const auto& [id, group] : server.groups) {
        if (group.namespace_path != call.request.ns->path || !group.alias) {
            continue;
        }
        auto detail = whole_alias(server, group);
        for (const auto* absent : {"creation_time", "id", "last_update_time",
                                   "merged_from_canonical_ids", "namespace_id"}) {
            detail.erase(absent);
        }
        if (!server.openbao()) {
            detail.erase("metadata");
        }
        keys.push_back(group.alias->id);
        details[group.alias->id] = std::move(detail);
    }
    std::ranges::sort(keys);
    auto answer = list_answer(keys);
    if (!keys.empty()) {
        answer.data["key_info"] = std::move(details);
    }
    return answer;
}

}  // namespace

Group* group_of_alias(Server& server, const LogicalRequest& request, std::string_view id) {
    return group_whose_alias(server, request, [&](const auto& alias) { return alias.id == id; });
}

Group* group_of_alias(Server& server, const LogicalRequest& request, std::string_view accessor,
                      std::string_view name) {
    return group_whose_alias(server, request, [&](const auto& alias) {
        return alias.mount_accessor == accessor && lower(alias.name) == lower(name);
    });
}

Json alias_of_group(const Server& server, const Group& group) {
    const auto& alias = *group.alias;
    auto told = Json{{"canonical_id", group.id},
                     {"creation_time", rfc3339_nano(alias.created)},
                     {"id", alias.id},
                     {"last_update_time", rfc3339_nano(alias.changed)},
                     {"merged_from_canonical_ids", Json()},
                     {"metadata", Json()},
                     {"mount_accessor", alias.mount_accessor},
                     {"name", alias.name}};
    tell_mount(server, group.namespace_path, alias.mount_accessor, told);
    return told;
}

std::vector<BuiltinRoute> group_alias_routes() {
    using enum Operation;
    const Fields alias{{{"name", FieldType::text},
                        {"id", FieldType::text},
                        {"canonical_id", FieldType::text},
                        {"mount_accessor", FieldType::text}}};
    return {
        {"group-alias", {{update, write_some_alias}}, alias},
        {"group-alias/id/?", {{list, list_group_aliases}}},
        {"group-alias/id/:id", {{read, read_group_alias}, {remove, delete_group_alias}}},
        {"group-alias/id/:id", {{update, write_some_alias}}, alias},
    };
}

}  // namespace meshproof::fakes::vault
