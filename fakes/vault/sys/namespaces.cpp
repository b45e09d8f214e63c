#include "fakes/vault/sys/namespaces.hpp"

#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/server/server.hpp"

/// sys/namespaces: real on OpenBao, an enterprise feature of Vault (row 42).
namespace meshproof::fakes::vault {

namespace {

Json describe(const LogicalRequest& request, const Namespace& ns) {
    return Json{
        {"custom_metadata", ns.custom_metadata},           {"id", ns.id},      {"locked", false},
        {"path", ns.path.substr(request.ns->path.size())}, {"tainted", false}, {"uuid", ns.uuid}};
}

LogicalReply list(const Server& server, const LogicalRequest& request) {
    auto keys = Json::array();
    auto info = Json::object();
    for (const auto& [path, ns] : server.namespaces) {
        if (path.size() <= request.ns->path.size() || !path.starts_with(request.ns->path)) {
            continue;
        }
        const auto below = path.substr(request.ns->path.size());
        if (below.find('/') + 1 == below.size()) {
            keys.push_back(below);
            info[below] = describe(request, *ns);
        }
    }
    return BackendResponse::with(Json{{"keys", std::move(keys)}, {"key_info", std::move(info)}});
}

}  // namespace

LogicalReply serve_namespaces(Server& server, const LogicalRequest& request) {
    if (!server.openbao() && !server.options.defects.on("sys/namespaces-for-all")) {
        if (request.path == "sys/namespaces") {
            return BackendResponse::unsupported_operation();
        }
        return BackendResponse::error("enterprise-only feature", 404);
    }
    if (request.path == "sys/namespaces" || request.path == "sys/namespaces/") {
        return request.operation == Operation::list
                   ? list(server, request)
                   : LogicalReply(BackendResponse::unsupported_operation());
    }
    auto name = *request.under("sys/namespaces/");
    if (name.ends_with('/')) {
        name.pop_back();
    }
    const auto path = request.ns->path + name + "/";
    const auto found = server.namespaces.find(path);
    if (request.reads()) {
        return found == server.namespaces.end()
                   ? BackendResponse::nothing()
                   : BackendResponse::with(describe(request, *found->second));
    }
    static const Fields fields{{{"custom_metadata", FieldType::json}}};
    if (request.writes() || request.operation == Operation::patch) {
        MESHPROOF_FIELDS(data, fields, request, server);
        if (name.find('/') != std::string::npos) {
            return BackendResponse::error("namespace name cannot contain /");
        }
        for (const auto* taken : {"root", "sys", "audit", "auth", "cubbyhole", "identity"}) {
            if (name == taken) {
                return BackendResponse::error(fmt::format(
                    "\"{}/\" is a reserved path and cannot be used as a namespace name", name));
            }
        }
        if (found == server.namespaces.end() && request.operation == Operation::patch) {
            return BackendResponse::nothing();
        }
        const auto ns =
            found == server.namespaces.end() ? server.add_namespace(path) : found->second;
        if (data.json("custom_metadata").is_object()) {
            ns->custom_metadata.merge_patch(data.json("custom_metadata"));
        }
        return BackendResponse::with(describe(request, *ns));
    }
    if (request.operation != Operation::remove) {
        return BackendResponse::unsupported_operation();
    }
    if (found == server.namespaces.end()) {
        BackendResponse response;
        response.warnings = {"requested namespace does not exist"};
        return response;
    }
    server.tokens.revoke_namespace(path);
    std::erase_if(server.namespaces,
                  [&](const auto& entry) { return entry.first.starts_with(path); });
    server.forget_acls();
    if (server.options.defects.on("sys/namespace-delete-is-silent")) {
        return BackendResponse::nothing();
    }
    return BackendResponse::with(Json{{"status", "in-progress"}});
}

}  // namespace meshproof::fakes::vault
