#include "fakes/vault/sys/mounts.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/sys/mount_config.hpp"

/// sys/mounts, sys/auth, their tuning, sys/remount and the UI's listing: rows
/// 33 to 41.
namespace meshproof::fakes::vault {

namespace {

// The two tables work alike; texts and keys differ.
struct Table {
    bool auth = false;
    [[nodiscard]] std::string prefix() const { return auth ? "auth/" : ""; }
};

Table table_of(const LogicalRequest& request) {
    return {request.path.starts_with("sys/auth")};
}

std::string with_slash(std::string path) {
    if (!path.ends_with('/')) {
        path += '/';
    }
    return path;
}

Json entry_json(const Server& server, const MountEntry& entry) {
    auto config = Json{{"default_lease_ttl", whole_seconds(entry.default_ttl)},
                       {"max_lease_ttl", whole_seconds(entry.max_ttl)}};
    add_settings(config, entry);
    if (auto lockout = lockout_settings(entry); !lockout.empty()) {
        config["user_lockout_config"] = std::move(lockout);
    }
    const bool plugin = entry.backend != nullptr;
    std::string running = server.openbao() ? "v2.7.2+builtin.bao" : "v1.14.1+builtin.vault";
    if (plugin && !server.openbao() && entry.type == "kubernetes") {
        running = "v0.16.0+builtin";
    }
    auto json = Json{{"accessor", entry.accessor},
                     {"config", std::move(config)},
                     {"description", entry.description},
                     {"external_entropy_access", entry.external_entropy_access},
                     {"local", entry.local},
                     {"options", entry.options},
                     {"plugin_version", ""},
                     {"running_plugin_version", running},
                     {"running_sha256", ""},
                     {"seal_wrap", entry.seal_wrap},
                     {"type", entry.type},
                     {"uuid", entry.uuid}};
    if (plugin) {
        json["deprecation_status"] = "supported";
    }
    return json;
}

LogicalReply repeated(Json data) {
    LogicalReply reply(BackendResponse::with(std::move(data)));
    reply.repeat_data = true;
    return reply;
}

Json table_json(const Server& server, const Namespace& ns, Table table) {
    auto all = Json::object();
    for (const auto& [path, entry] : ns.mounts) {
        if (entry->is_auth() == table.auth) {
            all[path.substr(table.prefix().size())] = entry_json(server, *entry);
        }
    }
    return all;
}

std::string full_path(Table table, const std::string& path) {
    return table.prefix() + with_slash(path);
}

std::shared_ptr<MountEntry> entry_at(const Namespace& ns, Table table, const std::string& path) {
    const auto found = ns.mounts.find(full_path(table, path));
    return found == ns.mounts.end() ? nullptr : found->second;
}

// Where no engine is mounted by sys/mounts, nor moved to. Methods are mounted by sys/auth only.
bool is_protected(const std::string& path) {
    return std::ranges::any_of(std::array{"audit/", "auth/", "cubbyhole/", "identity/", "sys/"},
                               [&](const char* place) { return path.starts_with(place); });
}

void read_options(MountEntry& entry, const BuiltinCall& call) {
    if (call.fields.has("options")) {
        entry.options = call.fields.json("options");
    }
    const auto& sent = call.request.data;
    if (const auto given = sent.find("options"); given != sent.end() && given->is_null()) {
        entry.options = Json();  // null reads back as null, absent ones as {}
    }
}

std::optional<BackendResponse> check_path(const MountEntry& entry, Table table, bool openbao) {
    if (table.auth) {
        if ((entry.type == "token" || entry.type == "ns_token") &&
            (openbao || entry.path != "auth/token/")) {
            return BackendResponse::error("token credential backend cannot be instantiated");
        }
    } else if (is_protected(entry.path)) {
        return BackendResponse::error("cannot mount " + go_quoted(entry.path));
    }
    return std::nullopt;
}

std::optional<BackendResponse> check_version(const MountEntry& entry, Table table) {
    if (entry.options.is_object() && !entry.options.value("version", "").empty()) {
        return BackendResponse::error(fmt::format("{} \"{}\" does not allow setting a version",
                                                  table.auth ? "auth method" : "secrets engine",
                                                  entry.type));
    }
    return std::nullopt;
}

std::optional<BackendResponse> check_type(const MountEntry& entry, Table table) {
    static const std::set<std::string, std::less<>> builtin{
        "token",    "system",    "cubbyhole",    "identity",
        "ns_token", "ns_system", "ns_cubbyhole", "ns_identity"};
    if (!table.auth && builtin.contains(entry.type)) {
        return BackendResponse::error(
            fmt::format("mount type of \"{}\" is not mountable", entry.type));
    }
    return std::nullopt;
}

// No mount may stand above or below another of its table.
std::optional<BackendResponse> check_free(const Namespace& ns, const MountEntry& entry,
                                          Table table) {
    for (const auto& [taken, other] : ns.mounts) {
        if (other->is_auth() == table.auth &&
            (taken.starts_with(entry.path) || entry.path.starts_with(taken))) {
            return BackendResponse::error(
                fmt::format("path is already in use at {}", taken.substr(table.prefix().size())));
        }
    }
    return std::nullopt;
}

// There is one version of each type, which has no name.
std::optional<BackendResponse> make_backend(Server& server, Namespace& ns, MountEntry& entry,
                                            const std::string& version) {
    entry.backend = server.make_backend(ns, entry);
    if (entry.backend && version.empty()) {
        return std::nullopt;
    }
    return BackendResponse::error(fmt::format("plugin not found in the catalog: {}{}{}", entry.type,
                                              version.empty() ? "" : ", version=", version));
}

}  // namespace

LogicalReply enable_mount(Server& server, const BuiltinCall& call) {
    const auto& data = call.fields;
    const auto table = table_of(call.request);
    auto& ns = *call.request.ns;
    auto entry = std::make_shared<MountEntry>();
    entry->path = full_path(table, call.captured("path"));
    entry->type = data.text("type");
    entry->description = data.text("description");
    entry->local = data.boolean("local");
    entry->seal_wrap = data.boolean("seal_wrap");
    entry->external_entropy_access = data.boolean("external_entropy_access");
    const auto& config = data.json("config");
    const auto product = server.options.product;
    read_options(*entry, call);
    auto refused = read_mount_config(*entry, config, table.auth, product);
    if (!refused && entry->type.empty()) {
        refused = BackendResponse::error("backend type must be specified as a string");
    }
    if (!refused) {
        refused = check_version(*entry, table);
    }
    if (!refused) {
        refused = check_mount_config(*entry, config, table.auth, product);
    }
    if (!refused) {
        refused = check_path(*entry, table, server.openbao());
    }
    if (!refused) {
        refused = check_type(*entry, table);
    }
    if (!refused) {
        refused = check_free(ns, *entry, table);
    }
    if (!refused) {
        refused = make_backend(server, ns, *entry, plugin_version_of(config));
    }
    if (refused) {
        return std::move(*refused);
    }
    entry->accessor =
        fmt::format("{}{}_{}", table.auth ? "auth_" : "", entry->type, to_hex(server.ids.bytes(4)));
    entry->uuid = make_uuid(server.ids);
    ns.mounts[entry->path] = entry;
    return BackendResponse::nothing();
}

LogicalReply disable_mount(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto table = table_of(request);
    const auto full = full_path(table, call.captured("path"));
    if (table.auth && full == "auth/token/") {
        return BackendResponse::error("token credential backend cannot be disabled");
    }
    if (!request.ns->mounts.contains(full)) {
        return BackendResponse::nothing();
    }
    if (!table.auth && is_protected(full)) {
        return BackendResponse::error("cannot unmount " + go_quoted(full));
    }
    server.remove_mount(*request.ns, full, request.now);
    return BackendResponse::nothing();
}

// A path below a mount names that mount, but where sys/auth reads or removes one.
LogicalReply read_tuning(Server& server, const BuiltinCall& call) {
    const auto full = full_path(table_of(call.request), call.captured("path"));
    const auto entry = server.find_mount(*call.request.ns, full);
    if (!entry) {
        return BackendResponse::error("cannot fetch sysview for path " + go_quoted(full));
    }
    const auto or_system = [](Duration ttl) {
        return whole_seconds(ttl == Duration{} ? system_lease_ttl : ttl);
    };
    auto data = Json{{"default_lease_ttl", or_system(entry->default_ttl)},
                     {"max_lease_ttl", or_system(entry->max_ttl)},
                     {"description", entry->description}};
    add_settings(data, *entry);
    data.update(lockout_settings(*entry));
    if (entry->external_entropy_access) {
        data["external_entropy_access"] = true;
    }
    if (entry->options.is_object() && !entry->options.empty()) {
        data["options"] = entry->options;
    }
    return repeated(std::move(data));
}

LogicalReply tune_mount(Server& server, const BuiltinCall& call) {
    const auto full = full_path(table_of(call.request), call.captured("path"));
    const auto entry = server.find_mount(*call.request.ns, full);
    if (!entry) {
        return BackendResponse::error(
            fmt::format("tune of path {} failed: no mount entry found", go_quoted(full)));
    }
    return tune(entry, call, server.options.product);
}

LogicalReply list_mounts(Server& server, const BuiltinCall& call) {
    return repeated(table_json(server, *call.request.ns, table_of(call.request)));
}

LogicalReply read_mount(Server& server, const BuiltinCall& call) {
    const auto table = table_of(call.request);
    const auto path = call.captured("path");
    const auto entry = table.auth ? entry_at(*call.request.ns, table, path)
                                  : server.find_mount(*call.request.ns, full_path(table, path));
    if (entry) {
        return repeated(entry_json(server, *entry));
    }
    return BackendResponse::error(fmt::format(
        "No {} at {}", table.auth ? "auth engine" : "secret engine mount", with_slash(path)));
}

LogicalReply read_move(Server& server, const BuiltinCall& call) {
    const auto id = call.captured("migration_id");
    const auto move = server.moves.find(id);
    if (move == server.moves.end()) {
        return BackendResponse::nothing();
    }
    const auto& [from, to] = move->second;
    return BackendResponse::with(
        {{"migration_id", id},
         {"migration_info",
          {{"source_mount", from}, {"target_mount", to}, {"status", "success"}}}});
}

LogicalReply move_mount(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto& data = call.fields;
    if (data.text("from").empty() || data.text("to").empty()) {
        return BackendResponse::error("both 'from' and 'to' path must be specified as a string");
    }
    const auto place = [&data](const char* name) {
        auto path = with_slash(data.text(name));
        return path.starts_with('/') ? path.substr(1) : path;
    };
    const auto from = place("from");
    const auto to = place("to");
    const auto below = [](const std::string& path, auto... roots) {
        return (path.starts_with(roots) || ...);
    };
    if (from.starts_with("auth/")) {
        if (!to.starts_with("auth/")) {
            return BackendResponse::error("cannot remount auth mount to non-auth mount " +
                                          go_quoted(to));
        }
        if (below(to, "auth/token/")) {
            return BackendResponse::error("cannot remount to destination " + go_quoted(to));
        }
    } else if (is_protected(to)) {
        return BackendResponse::error("cannot remount to destination " + to);
    }
    if (from.starts_with("auth/") ? below(from, "auth/token/") : is_protected(from)) {
        return BackendResponse::error("cannot remount " + go_quoted(from));
    }
    const auto found = request.ns->mounts.find(from);
    if (found == request.ns->mounts.end()) {
        return BackendResponse::error("no matching mount at " + go_quoted(from));
    }
    for (const auto& [taken, other] : request.ns->mounts) {
        if (taken != from && (to.starts_with(taken) || taken.starts_with(to))) {
            return BackendResponse::error("path already in use at " + go_quoted(taken));
        }
    }
    if (to.starts_with(from)) {
        return BackendResponse::error("path already in use at " + go_quoted(from));
    }
    auto entry = found->second;
    request.ns->mounts.erase(found);
    entry->path = to;
    request.ns->mounts[to] = entry;
    server.quotas.move(request.ns->path + from, request.ns->path + to);
    const auto id = make_uuid(server.ids);
    server.moves[id] = {from, to};
    LogicalReply reply(
        BackendResponse::with(Json{{"migration_id", id}},
                              {fmt::format("Mount move has been queued. Progress will be reported "
                                           "in {}'s server log, tagged with the "
                                           "returned migration_id",
                                           server.product_name())}));
    reply.repeat_data = true;
    return reply;
}

namespace {

// Whether the caller may do anything below the mount. A token of another namespace may not,
// whatever its policies say of a path there.
bool may_touch(const Acl& acl, const LogicalRequest& request, const std::string& mount) {
    const auto path = Server::path_for(*request.token, *request.ns, mount);
    return path && acl.touches(*path);
}

// What somebody without a token may know of a mount that shows itself.
Json public_json(const MountEntry& entry) {
    return {{"description", entry.description}, {"options", entry.options}, {"type", entry.type}};
}

}  // namespace

LogicalReply list_mounts_for_ui(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    if (!request.token && !request.token_id.empty()) {
        return BackendResponse::error("permission denied", 403);
    }
    const auto acl = request.token ? server.acl_of(*request.token) : nullptr;
    if (acl && !acl->fault().empty()) {
        return BackendResponse::error("Forbidden", 403);
    }
    auto secret = Json::object();
    auto auth = Json::object();
    for (const auto& [place, entry] : request.ns->mounts) {
        const bool shown =
            entry->visibility == "unauth" || (acl && may_touch(*acl, request, place));
        if (shown) {
            (entry->is_auth() ? auth : secret)[place.substr(entry->is_auth() ? 5 : 0)] =
                acl ? entry_json(server, *entry) : public_json(*entry);
        }
    }
    return BackendResponse::with(Json{{"auth", std::move(auth)}, {"secret", std::move(secret)}});
}

LogicalReply read_mount_for_ui(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto acl = request.token ? server.acl_of(*request.token) : nullptr;
    if (acl && !acl->fault().empty()) {
        return BackendResponse::error("Forbidden", 403);
    }
    const auto path = call.captured("path");
    if (!acl) {
        return BackendResponse::error("permission denied", 403);
    }
    const auto mount = server.find_mount(*request.ns, path);
    if (!mount || !may_touch(*acl, request, mount->path)) {
        return BackendResponse::error(fmt::format("preflight capability check returned 403, please "
                                                  "ensure client's policies grant access "
                                                  "to path \"{}\"",
                                                  mount ? mount->path : with_slash(path)),
                                      403);
    }
    auto data = entry_json(server, *mount);
    data["path"] = mount->path.substr(mount->is_auth() ? 5 : 0);
    return BackendResponse::with(std::move(data));
}

}  // namespace meshproof::fakes::vault
