#include "fakes/vault/sys/quotas.hpp"

#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/server.hpp"

/// sys/quotas: row 44. What they do to requests is in server/quotas.cpp.
namespace meshproof::fakes::vault {

namespace {

std::optional<LogicalReply> refuse_outside_root(const BuiltinCall& call) {
    if (call.request.ns->path.empty()) {
        return std::nullopt;
    }
    return BackendResponse::error("operation only available in root namespace");
}

// What a limit is for: a namespace, a mount, a path in it, or a role of it.
std::optional<BackendResponse> settle_place(const Server& server, const Namespace& root,
                                            RateLimit& limit, std::string path) {
    path.erase(0, path.starts_with('/') ? 1 : 0);
    if (!path.empty() && !path.ends_with('/')) {
        path += '/';
    }
    auto rest = path;
    const auto ns =
        server.openbao() && !path.empty() ? server.resolve_namespace("", rest) : nullptr;
    const auto& space = ns ? *ns : root;
    const auto mount = server.find_mount(space, rest);
    if (!mount && !rest.empty()) {
        return BackendResponse::error("invalid mount path " + go_quoted(rest));
    }
    limit.of_namespace = !mount;
    limit.path = space.path;
    std::string within;
    if (mount) {
        within = rest.substr(mount->path.size());
        within.erase(within.find_last_not_of('/') + 1);
        limit.path += mount->path;
    }
    if (limit.role.empty()) {
        limit.path += within;
        return std::nullopt;
    }
    if (!within.empty()) {
        return BackendResponse::error(
            "Quotas cannot contain both a path suffix and a role. If a role is provided, path must "
            "be a valid auth mount with a concept of roles");
    }
    if (!mount || !mount->is_auth()) {
        return BackendResponse::error(fmt::format(
            "Mount path \"{}\" is not a valid auth method and therefore unsuitable for use with "
            "role-based quotas",
            mount ? mount->path : ""));
    }
    return mount->backend ? std::nullopt
                          : std::optional(BackendResponse::error(fmt::format(
                                "Mount path \"{}\" does not support use with role-based quotas",
                                mount->path)));
}

}  // namespace

LogicalReply read_quota_config(Server& server, const BuiltinCall& call) {
    if (auto refused = refuse_outside_root(call)) {
        return std::move(*refused);
    }
    return BackendResponse::with(
        Json{{"enable_rate_limit_audit_logging", server.quotas.audit_logging},
             {"enable_rate_limit_response_headers", server.quotas.response_headers},
             {"rate_limit_exempt_paths", server.quotas.exempt_paths}});
}

LogicalReply write_quota_config(Server& server, const BuiltinCall& call) {
    if (auto refused = refuse_outside_root(call)) {
        return std::move(*refused);
    }
    const auto& data = call.fields;
    server.quotas.audit_logging =
        data.boolean("enable_rate_limit_audit_logging", server.quotas.audit_logging);
    server.quotas.response_headers =
        data.boolean("enable_rate_limit_response_headers", server.quotas.response_headers);
    if (data.has("rate_limit_exempt_paths")) {
        const auto paths = data.list("rate_limit_exempt_paths");
        server.quotas.exempt_paths = {paths.begin(), paths.end()};
    }
    return BackendResponse::nothing();
}

LogicalReply list_rate_limits(Server& server, const BuiltinCall& call) {
    if (auto refused = refuse_outside_root(call)) {
        return std::move(*refused);
    }
    std::vector<std::string> keys;
    for (const auto& [name, limit] : server.quotas.limits) {
        keys.push_back(name);
    }
    return list_answer(keys);
}

LogicalReply read_rate_limit(Server& server, const BuiltinCall& call) {
    if (auto refused = refuse_outside_root(call)) {
        return std::move(*refused);
    }
    const auto found = server.quotas.limits.find(call.captured("name"));
    if (found == server.quotas.limits.end()) {
        return BackendResponse::nothing();
    }
    const auto& limit = found->second;
    auto data = Json{{"type", "rate-limit"},
                     {"name", limit.name},
                     {"path", limit.path},
                     {"role", limit.role},
                     {"rate", limit.rate},
                     {"interval", whole_seconds(limit.interval)},
                     {"block_interval", whole_seconds(limit.block_interval)}};
    if (limit.rate == static_cast<double>(static_cast<std::int64_t>(limit.rate))) {
        data["rate"] = static_cast<std::int64_t>(limit.rate);
    }
    if (server.openbao()) {
        data["inheritable"] = limit.inheritable;
    }
    return BackendResponse::with(std::move(data));
}

LogicalReply write_rate_limit(Server& server, const BuiltinCall& call) {
    if (auto refused = refuse_outside_root(call)) {
        return std::move(*refused);
    }
    const auto& data = call.fields;
    const auto name = call.captured("name");
    RateLimit limit;
    limit.name = name;
    limit.role = data.text("role");
    limit.rate = data.json("rate").is_number() ? data.json("rate").get<double>() : 0;
    if (limit.rate <= 0) {
        return BackendResponse::error("'rate' is invalid");
    }
    limit.interval = data.duration("interval", std::chrono::seconds(1));
    if (limit.interval == Duration{}) {
        limit.interval = std::chrono::seconds(1);
    }
    limit.block_interval = data.duration("block_interval");
    if (auto refused = settle_place(server, *call.request.ns, limit, data.text("path"))) {
        return std::move(*refused);
    }
    limit.inheritable =
        server.openbao() ? data.boolean("inheritable", limit.path.empty()) : limit.path.empty();
    if (const auto* other = server.quotas.like(limit)) {
        return BackendResponse::error(fmt::format(
            "quota rule with similar properties exists under the name \"{}\"", other->name));
    }
    server.quotas.limits[name] = std::move(limit);
    server.quotas.reset(name);
    return BackendResponse::nothing();
}

LogicalReply delete_rate_limit(Server& server, const BuiltinCall& call) {
    if (auto refused = refuse_outside_root(call)) {
        return std::move(*refused);
    }
    const auto name = call.captured("name");
    server.quotas.limits.erase(name);
    server.quotas.reset(name);
    return BackendResponse::nothing();
}

}  // namespace meshproof::fakes::vault
