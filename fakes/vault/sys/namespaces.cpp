#include "fakes/vault/sys/namespaces.hpp"

#include "fakes/vault/server/server.hpp"

/// sys/namespaces: real on OpenBao, an enterprise feature of Vault (row 42).
namespace meshproof::fakes::vault {

namespace {

Json describe(const LogicalRequest& request, const Namespace& ns) {
    return Json{
        {"custom_metadata", ns.custom_metadata},           {"id", ns.id},      {"locked", false},
        {"path", ns.path.substr(request.ns->path.size())}, {"tainted", false}, {"uuid", ns.uuid}};
}

std::string name_of(const BuiltinCall& call) {
    auto name = call.captured("path");
    return name.ends_with('/') ? name.substr(0, name.size() - 1) : name;
}

}  // namespace

LogicalReply list_namespaces(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
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

LogicalReply read_namespace(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto found = server.namespaces.find(request.ns->path + name_of(call) + "/");
    return found == server.namespaces.end()
               ? BackendResponse::nothing()
               : BackendResponse::with(describe(request, *found->second));
}

LogicalReply write_namespace(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto& data = call.fields;
    const auto name = name_of(call);
    const auto path = request.ns->path + name + "/";
    const auto found = server.namespaces.find(path);
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
    const auto ns = found == server.namespaces.end() ? server.add_namespace(path) : found->second;
    if (data.json("custom_metadata").is_object()) {
        ns->custom_metadata.merge_patch(data.json("custom_metadata"));
    }
    return BackendResponse::with(describe(request, *ns));
}

LogicalReply delete_namespace(Server& server, const BuiltinCall& call) {
    const auto path = call.request.ns->path + name_of(call) + "/";
    const auto found = server.namespaces.find(path);
    if (found == server.namespaces.end()) {
        BackendResponse response;
        response.warnings = {"requested namespace does not exist"};
        return response;
    }
    server.tokens.revoke_namespace(path);
    server.quotas.remove_below(path);
    std::erase_if(server.namespaces,
                  [&](const auto& entry) { return entry.first.starts_with(path); });
    server.forget_acls();
    return BackendResponse::with(Json{{"status", "in-progress"}});
}

LogicalReply enterprise_only(Server&, const BuiltinCall&) {
    return BackendResponse::error("enterprise-only feature", 404);
}

}  // namespace meshproof::fakes::vault
