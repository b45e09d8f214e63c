#include "fakes/vault/sys/mounts.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/server/server.hpp"

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
                       {"max_lease_ttl", whole_seconds(entry.max_ttl)},
                       {"force_no_cache", false}};
    if (entry.is_auth()) {
        config["token_type"] = entry.token_type;
    }
    if (!entry.headers.is_null()) {
        config["passthrough_request_headers"] = entry.headers;
    }
    const bool plugin = entry.backend != nullptr;
    std::string running = server.openbao() ? "v2.7.2+builtin.bao" : "v1.14.1+builtin.vault";
    if (plugin && !server.openbao() && entry.type == "kubernetes") {
        running = "v0.16.0+builtin";
    }
    auto json = Json{{"accessor", entry.accessor},
                     {"config", std::move(config)},
                     {"description", entry.description},
                     {"external_entropy_access", false},
                     {"local", entry.local},
                     {"options", entry.options},
                     {"plugin_version", ""},
                     {"running_plugin_version", running},
                     {"running_sha256", ""},
                     {"seal_wrap", entry.path == "sys/"},
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

// Duration texts as mounts take them: "" and "system" are the system's own.
tl::expected<Duration, std::string> lease_setting(const Json& value, Product product) {
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    if (text.empty() || text == "system" || value.is_null()) {
        return Duration{};
    }
    return read_duration(text, product);
}

bool is_protected(const std::string& path) {
    return path == "sys/" || path == "cubbyhole/" || path == "identity/";
}

// What a mount's config may hold; null where it does not.
Json setting(const Json& config, const char* name) {
    return config.is_object() && config.contains(name) ? config[name] : Json();
}

std::optional<BackendResponse> read_lease_times(MountEntry& entry, const Json& config,
                                                Product product) {
    for (const auto& [name, word, place] :
         {std::tuple("default_lease_ttl", "default", &entry.default_ttl),
          std::tuple("max_lease_ttl", "max", &entry.max_ttl)}) {
        const auto given = setting(config, name);
        const auto read = lease_setting(given, product);
        if (!read) {
            return BackendResponse::error(fmt::format(
                "unable to parse {} TTL of {}: {}", word,
                given.is_string() ? given.get<std::string>() : given.dump(), read.error()));
        }
        *place = *read;
    }
    if (entry.max_ttl > Duration{} && entry.default_ttl > entry.max_ttl) {
        return BackendResponse::error("given default lease TTL greater than given max lease TTL");
    }
    return std::nullopt;
}

void read_headers(MountEntry& entry, const Json& config) {
    const auto headers = setting(config, "passthrough_request_headers");
    if (!headers.is_array()) {
        return;
    }
    entry.headers = Json::array();
    for (const auto& header : headers) {  // numbers become texts, as Go decodes them
        entry.headers.push_back(header.is_string() ? header : Json(header.dump()));
    }
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

std::optional<BackendResponse> set_token_type(MountEntry& entry, const std::string& type) {
    if (type != "service" && type != "batch" && type != "default-service" &&
        type != "default-batch" && !type.empty()) {
        return BackendResponse::error("invalid value for 'token_type'");
    }
    entry.token_type = type.empty() ? "default-service" : type;
    return std::nullopt;
}

std::optional<BackendResponse> check_path(const MountEntry& entry, Table table, bool openbao) {
    if (table.auth) {
        if ((entry.type == "token" || entry.type == "ns_token") &&
            (openbao || entry.path != "auth/token/")) {
            return BackendResponse::error("token credential backend cannot be instantiated");
        }
    } else if (is_protected(entry.path) || entry.path.starts_with("auth/") ||
               entry.path.starts_with("sys/")) {
        return BackendResponse::error(fmt::format("cannot mount \"{}\"", entry.path));
    }
    return std::nullopt;
}

std::optional<BackendResponse> check_type(const MountEntry& entry, Table table) {
    if (entry.options.is_object() && !entry.options.value("version", "").empty()) {
        return BackendResponse::error(fmt::format("{} \"{}\" does not allow setting a version",
                                                  table.auth ? "auth method" : "secrets engine",
                                                  entry.type));
    }
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

// OpenBao looks for the type before it looks whether the path is free, Vault after.
std::optional<BackendResponse> make_backend(Server& server, Namespace& ns, MountEntry& entry,
                                            Table table) {
    entry.backend = server.make_backend(ns, entry);
    const auto unknown = BackendResponse::error("plugin not found in the catalog: " + entry.type);
    if (!entry.backend && server.openbao()) {
        return unknown;
    }
    if (auto taken = check_free(ns, entry, table)) {
        return taken;
    }
    return entry.backend ? std::nullopt : std::optional(unknown);
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
    if (entry->type.empty()) {
        return BackendResponse::error("backend type must be specified as a string");
    }
    const auto& config = data.json("config");
    if (auto refused = read_lease_times(*entry, config, server.options.product)) {
        return std::move(*refused);
    }
    read_headers(*entry, config);
    read_options(*entry, call);
    if (auto refused = check_path(*entry, table, server.openbao())) {
        return std::move(*refused);
    }
    if (table.auth) {
        const auto type = setting(config, "token_type");
        if (auto refused =
                set_token_type(*entry, type.is_string() ? type.get<std::string>() : "")) {
            return std::move(*refused);
        }
    }
    if (auto refused = check_type(*entry, table)) {
        return std::move(*refused);
    }
    if (auto refused = make_backend(server, ns, *entry, table)) {
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
    const auto full = full_path(table_of(request), call.captured("path"));
    if (full == "auth/token/") {
        return BackendResponse::error("token credential backend cannot be disabled");
    }
    if (is_protected(full)) {
        return BackendResponse::error(fmt::format("cannot unmount \"{}\"", full));
    }
    if (request.ns->mounts.contains(full)) {
        server.remove_mount(*request.ns, full, request.now);
    }
    return BackendResponse::nothing();
}

LogicalReply read_tuning(Server&, const BuiltinCall& call) {
    const auto table = table_of(call.request);
    const auto entry = entry_at(*call.request.ns, table, call.captured("path"));
    if (!entry) {
        return BackendResponse::error(fmt::format("cannot fetch sysview for path \"{}\"",
                                                  full_path(table, call.captured("path"))));
    }
    const auto view = entry->view();
    auto data = Json{{"default_lease_ttl", whole_seconds(view.default_lease_ttl)},
                     {"max_lease_ttl", whole_seconds(view.max_lease_ttl)},
                     {"force_no_cache", false},
                     {"description", entry->description}};
    if (entry->is_auth()) {
        data["token_type"] = entry->token_type;
    }
    if (entry->options.is_object() && !entry->options.empty()) {
        data["options"] = entry->options;
    }
    if (!entry->headers.is_null()) {
        data["passthrough_request_headers"] = entry->headers;
    }
    return repeated(std::move(data));
}

LogicalReply tune_mount(Server& server, const BuiltinCall& call) {
    const auto table = table_of(call.request);
    const auto& data = call.fields;
    const auto entry = entry_at(*call.request.ns, table, call.captured("path"));
    if (!entry) {
        return BackendResponse::error(
            fmt::format("tune of path \"{}\" failed: no mount entry found",
                        full_path(table, call.captured("path"))));
    }
    auto next = std::pair(entry->default_ttl, entry->max_ttl);
    for (const auto& [name, place] :
         {std::pair("default_lease_ttl", &next.first), std::pair("max_lease_ttl", &next.second)}) {
        if (!data.text(name).empty()) {
            const auto read = lease_setting(Json(data.text(name)), server.options.product);
            if (!read) {
                return BackendResponse::error(read.error());
            }
            *place = *read;
        }
    }
    // Where only the maximum is set, the system's default may lie above it and is
    // then cut at use.
    const auto max = next.second > Duration{} ? next.second : system_lease_ttl;
    if (next.first > max) {
        return BackendResponse::error(
            fmt::format("backend max lease TTL of {} would be less than backend "
                        "default lease TTL of {}",
                        whole_seconds(max), whole_seconds(next.first)));
    }
    if (!table.auth && !data.text("token_type").empty()) {
        return BackendResponse::error("'token_type' can only be modified on auth mounts");
    }
    if (table.auth && data.has("token_type")) {
        if (auto refused = set_token_type(*entry, data.text("token_type"))) {
            return std::move(*refused);
        }
    }
    std::tie(entry->default_ttl, entry->max_ttl) = next;
    if (data.has("description")) {
        entry->description = data.text("description");
    }
    if (data.has("passthrough_request_headers")) {
        entry->headers = data.list("passthrough_request_headers");
    }
    return BackendResponse::nothing();
}

LogicalReply list_mounts(Server& server, const BuiltinCall& call) {
    return repeated(table_json(server, *call.request.ns, table_of(call.request)));
}

LogicalReply read_mount(Server& server, const BuiltinCall& call) {
    const auto table = table_of(call.request);
    const auto entry = entry_at(*call.request.ns, table, call.captured("path"));
    if (entry) {
        return repeated(entry_json(server, *entry));
    }
    return BackendResponse::error(fmt::format("No {} at {}",
                                              table.auth ? "auth engine" : "secret engine mount",
                                              with_slash(call.captured("path"))));
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
            return BackendResponse::error(
                fmt::format("cannot remount auth mount to non-auth mount \"{}\"", to));
        }
        if (below(to, "auth/token/")) {
            return BackendResponse::error(fmt::format("cannot remount to destination \"{}\"", to));
        }
    } else if (below(to, "auth/", "sys/", "cubbyhole/", "identity/")) {
        return BackendResponse::error("cannot remount to destination " + to);
    }
    if (below(from, "auth/token/", "sys/", "cubbyhole/", "identity/")) {
        return BackendResponse::error(fmt::format("cannot remount \"{}\"", from));
    }
    const auto found = request.ns->mounts.find(from);
    if (found == request.ns->mounts.end()) {
        return BackendResponse::error(fmt::format("no matching mount at \"{}\"", from));
    }
    for (const auto& [taken, other] : request.ns->mounts) {
        if (taken != from && (to.starts_with(taken) || taken.starts_with(to))) {
            return BackendResponse::error(fmt::format("path already in use at \"{}\"", taken));
        }
    }
    if (to.starts_with(from)) {
        return BackendResponse::error(fmt::format("path already in use at \"{}\"", from));
    }
    auto entry = found->second;
    request.ns->mounts.erase(found);
    entry->path = to;
    request.ns->mounts[to] = entry;
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

LogicalReply list_mounts_for_ui(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    if (!request.token && !request.token_id.empty()) {
        return BackendResponse::error("permission denied", 403);
    }
    const auto acl = request.token ? server.acl_of(*request.token) : nullptr;
    auto secret = Json::object();
    auto auth = Json::object();
    for (const auto& [place, entry] : request.ns->mounts) {
        if (acl && acl->touches(place)) {
            (entry->is_auth() ? auth : secret)[place.substr(entry->is_auth() ? 5 : 0)] =
                entry_json(server, *entry);
        }
    }
    return BackendResponse::with(Json{{"auth", std::move(auth)}, {"secret", std::move(secret)}});
}

LogicalReply read_mount_for_ui(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto acl = request.token ? server.acl_of(*request.token) : nullptr;
    const auto path = call.captured("path");
    if (!acl) {
        return BackendResponse::error("permission denied", 403);
    }
    const auto mount = server.find_mount(*request.ns, path);
    if (!mount || !acl->touches(mount->path)) {
        return BackendResponse::error(fmt::format("preflight capability check returned 403, please "
                                                  "ensure client's policies grant access "
                                                  "to path \"{}\"",
                                                  mount ? mount->path : with_slash(path)),
                                      403);
    }
    auto data = entry_json(server, *mount);
    data["path"] = mount->path;
    return BackendResponse::with(std::move(data));
}

}  // namespace meshproof::fakes::vault
