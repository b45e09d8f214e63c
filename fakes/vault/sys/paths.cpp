#include "fakes/vault/sys/paths.hpp"

#include "fakes/vault/server/server.hpp"
#include "fakes/vault/sys/inside.hpp"
#include "fakes/vault/sys/leases.hpp"
#include "fakes/vault/sys/mounts.hpp"
#include "fakes/vault/sys/namespaces.hpp"
#include "fakes/vault/sys/policies.hpp"
#include "fakes/vault/sys/quotas.hpp"
#include "fakes/vault/sys/raft.hpp"
#include "fakes/vault/sys/wrapping.hpp"

/// Where a path below sys/ is served, and what it needs.
namespace meshproof::fakes::vault {

bool sys_unauthenticated(const LogicalRequest& request) {
    return request.path.starts_with("sys/internal/ui/mounts") ||
           request.path == "sys/wrapping/lookup" || request.path == "sys/replication/status" ||
           request.path == "sys/internal/ui/feature-flags";
}

bool sys_needs_sudo(const LogicalRequest& request) {
    for (const auto* prefix :
         {"sys/auth/", "sys/audit/", "sys/raw/", "sys/config/ui/headers/", "sys/config/auditing/",
          "sys/plugins/catalog/", "sys/revoke-prefix/", "sys/revoke-force/",
          "sys/leases/revoke-prefix/", "sys/leases/revoke-force/", "sys/leases/lookup/",
          "sys/internal/inspect/"}) {
        if (request.path.starts_with(prefix)) {
            return true;
        }
    }
    for (const auto* path :
         {"sys/remount", "sys/audit", "sys/raw", "sys/rotate", "sys/config/cors"}) {
        if (request.path == path) {
            return true;
        }
    }
    return false;
}

namespace {

LogicalReply key_status(const LogicalRequest& request) {
    if (!request.reads()) {
        return BackendResponse::unsupported_operation();
    }
    LogicalReply reply(BackendResponse::with(
        Json{{"term", 1}, {"encryptions", 0}, {"install_time", rfc3339_nano(request.now)}}));
    reply.repeat_data = true;
    return reply;
}

LogicalReply audit(const LogicalRequest& request) {
    if (!request.reads()) {
        return BackendResponse::unsupported_operation();
    }
    return BackendResponse::with(Json::object());
}

bool begins(const LogicalRequest& request, std::string_view path) {
    return request.path == path || request.path.starts_with(std::string(path) + "/");
}

}  // namespace

Task<LogicalReply> serve_sys(Server& server, LogicalRequest request) {
    if (begins(request, "sys/mounts") || begins(request, "sys/auth")) {
        co_return serve_mounts(server, request);
    }
    if (begins(request, "sys/remount")) {
        co_return serve_remount(server, request);
    }
    if (begins(request, "sys/internal/ui/mounts")) {
        co_return serve_ui_mounts(server, request);
    }
    if (begins(request, "sys/policies/acl") || begins(request, "sys/policy")) {
        co_return serve_policies(server, request);
    }
    if (request.path == "sys/capabilities-self" || request.path == "sys/capabilities" ||
        request.path == "sys/capabilities-accessor") {
        co_return serve_capabilities(server, request);
    }
    if (begins(request, "sys/quotas")) {
        co_return serve_quotas(server, request);
    }
    if (begins(request, "sys/namespaces")) {
        co_return serve_namespaces(server, request);
    }
    if (begins(request, "sys/wrapping")) {
        co_return serve_wrapping(server, request);
    }
    const bool legacy =
        !server.openbao() &&
        (begins(request, "sys/renew") || begins(request, "sys/revoke") ||
         begins(request, "sys/revoke-prefix") || begins(request, "sys/revoke-force"));
    if (begins(request, "sys/leases") || legacy) {
        if (legacy) {
            request.path.replace(0, 4, "sys/leases/");
        }
        co_return co_await serve_leases(server, std::move(request));
    }
    if (begins(request, "sys/storage/raft") || request.path == "sys/ha-status") {
        co_return serve_raft(server, request);
    }
    if (request.path == "sys/key-status") {
        co_return key_status(request);
    }
    if (request.path == "sys/audit") {
        co_return audit(request);
    }
    if (request.path == "sys/rotate") {
        co_return request.writes() ? BackendResponse::nothing()
                                   : BackendResponse::unsupported_operation();
    }
    co_return serve_inside(server, request);
}

}  // namespace meshproof::fakes::vault
