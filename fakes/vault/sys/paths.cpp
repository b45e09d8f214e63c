#include "fakes/vault/server/server.hpp"

/// Where a path below sys/ is served, and what it needs.
namespace meshproof::fakes::vault {

bool builtin_unauthenticated(const LogicalRequest& request) {
    return request.path.starts_with("sys/internal/ui/mounts") ||
           request.path == "sys/wrapping/lookup" || request.path == "sys/replication/status" ||
           request.path == "sys/internal/ui/feature-flags";
}

bool builtin_needs_sudo(const LogicalRequest& request) {
    for (const auto* prefix :
         {"sys/auth/", "sys/audit/", "sys/raw/", "sys/config/ui/headers/", "sys/config/auditing/",
          "sys/plugins/catalog/", "sys/revoke-prefix/", "sys/revoke-force/",
          "sys/leases/revoke-prefix/", "sys/leases/revoke-force/", "sys/leases/lookup/",
          "sys/internal/inspect/"}) {
        if (request.path.starts_with(prefix)) {
            return true;
        }
    }
    for (const auto* path : {"sys/remount", "sys/audit", "sys/raw", "sys/rotate", "sys/config/cors",
                             "auth/token/accessors", "auth/token/accessors/"}) {
        if (request.path == path) {
            return true;
        }
    }
    return false;
}

namespace {

CoreReply key_status(const LogicalRequest& request) {
    if (!request.reads()) {
        return BackendResponse::unsupported_operation();
    }
    CoreReply reply(BackendResponse::with(
        Json{{"term", 1}, {"encryptions", 0}, {"install_time", rfc3339_nano(request.now)}}));
    reply.repeat_data = true;
    return reply;
}

CoreReply audit(const LogicalRequest& request) {
    if (!request.reads()) {
        return BackendResponse::unsupported_operation();
    }
    return BackendResponse::with(Json::object());
}

bool begins(const LogicalRequest& request, std::string_view path) {
    return request.path == path || request.path.starts_with(std::string(path) + "/");
}

}  // namespace

Task<CoreReply> serve_sys(VaultCore& core, LogicalRequest request) {
    if (begins(request, "sys/mounts") || begins(request, "sys/auth")) {
        co_return serve_mounts(core, request);
    }
    if (begins(request, "sys/remount")) {
        co_return serve_remount(core, request);
    }
    if (begins(request, "sys/internal/ui/mounts")) {
        co_return serve_ui_mounts(core, request);
    }
    if (begins(request, "sys/policies/acl") || begins(request, "sys/policy")) {
        co_return serve_policies(core, request);
    }
    if (request.path == "sys/capabilities-self" || request.path == "sys/capabilities" ||
        request.path == "sys/capabilities-accessor") {
        co_return serve_capabilities(core, request);
    }
    if (begins(request, "sys/quotas")) {
        co_return serve_quotas(core, request);
    }
    if (begins(request, "sys/namespaces")) {
        co_return serve_namespaces(core, request);
    }
    if (begins(request, "sys/wrapping")) {
        co_return serve_wrapping(core, request);
    }
    const bool legacy =
        !core.openbao() &&
        (begins(request, "sys/renew") || begins(request, "sys/revoke") ||
         begins(request, "sys/revoke-prefix") || begins(request, "sys/revoke-force"));
    if (begins(request, "sys/leases") || legacy) {
        if (legacy) {
            request.path.replace(0, 4, "sys/leases/");
        }
        co_return co_await serve_leases(core, std::move(request));
    }
    if (begins(request, "sys/storage/raft") || request.path == "sys/ha-status") {
        co_return serve_raft(core, request);
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
    co_return serve_inside(core, request);
}

}  // namespace meshproof::fakes::vault
