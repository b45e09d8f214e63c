#include "fakes/vault/sys/leases.hpp"

#include <set>

#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/server/respond.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/token/renew.hpp"

/// sys/leases: lookup, renewal and revocation by lease.
namespace meshproof::fakes::vault {

namespace {

Json time_or_null(const std::optional<Time>& time) {
    return time ? Json(rfc3339_nano(*time)) : Json();
}

LogicalReply lookup(const Server& server, const LogicalRequest& request, const std::string& id) {
    auto data = Json{{"id", id}, {"last_renewal", Json()}};
    if (server.options.defects.on("sys/lease-lookup-without-last-renewal")) {
        data.erase("last_renewal");
    }
    if (const auto lease = server.leases.find(id); lease != server.leases.end()) {
        data["issue_time"] = rfc3339_nano(lease->second.issued);
        data["expire_time"] = rfc3339_nano(lease->second.expires);
        data["renewable"] = lease->second.renewable;
        data["ttl"] = remaining_seconds(lease->second.expires, request.now);
    } else if (const auto token = server.tokens.find_lease(id)) {
        data["issue_time"] = rfc3339_nano(token->issued);
        data["expire_time"] = time_or_null(token->expires);
        data["last_renewal"] = time_or_null(token->last_renewal);
        data["renewable"] = token->renewable;
        data["ttl"] = remaining_seconds(token->expires, request.now);
    } else {
        return BackendResponse::error("invalid lease");
    }
    if (server.openbao()) {
        data["path"] = id.substr(0, id.rfind('/'));
    }
    return BackendResponse::with(std::move(data));
}

LogicalReply list(const Server& server, const LogicalRequest& request, std::string prefix) {
    if (!prefix.empty() && !prefix.ends_with('/')) {
        prefix += '/';
    }
    std::set<std::string> keys;
    const auto note = [&](const std::string& id) {
        if (id.starts_with(prefix)) {
            const auto rest = id.substr(prefix.size());
            keys.insert(rest.substr(
                0, rest.find('/') == std::string::npos ? rest.size() : rest.find('/') + 1));
        }
    };
    for (const auto& [id, lease] : server.leases) {
        if (lease.namespace_path == request.ns->path) {
            note(id);
        }
    }
    for (const auto& [id, token] : server.tokens.all()) {
        if (!token->is_batch() && token->expires && token->namespace_path == request.ns->path) {
            note(token->lease_id());
        }
    }
    return list_answer({keys.begin(), keys.end()});
}

// Leases whose revocation fails for ever: there are none here.
LogicalReply irrevocable(const LogicalRequest& request, bool count) {
    const auto type = request.data.find("type");
    if (type == request.data.end()) {
        return BackendResponse::nothing();
    }
    if (*type != "irrevocable") {
        return BackendResponse::nothing();
    }
    auto data = Json{{"lease_count", 0}};
    if (count) {
        data["counts"] = Json::object();
    } else {
        data["leases"] = Json::array();
    }
    return BackendResponse::with(std::move(data));
}

void revoke_prefix(Server& server, const LogicalRequest& request, const std::string& prefix) {
    server.tokens.revoke_prefix(request.ns->path, prefix);
    std::vector<std::string> ids;
    for (const auto& [id, lease] : server.leases) {
        if (lease.namespace_path == request.ns->path && id.starts_with(prefix)) {
            ids.push_back(id);
        }
    }
    for (const auto& id : ids) {
        server.revoke_lease(id, request.now);
    }
}

}  // namespace

Task<LogicalReply> serve_leases(Server& server, LogicalRequest request) {
    const auto path = request.under("sys/leases/").value_or("");
    if (request.operation == Operation::list && (path == "lookup" || path.starts_with("lookup/"))) {
        co_return list(server, request, path == "lookup" ? "" : path.substr(7));
    }
    static const Fields fields{{{"lease_id", FieldType::text},
                                {"increment", FieldType::duration},
                                {"sync", FieldType::boolean},
                                {"url_lease_id", FieldType::text}}};
    const auto read = FieldData::read(fields, request.data, server.options.product);
    if (!read) {
        co_return BackendResponse::error(read.error().message);
    }
    if (request.reads() && (path.empty() || path == "count")) {
        co_return irrevocable(request, path == "count");
    }
    if (!request.writes()) {
        co_return path == "lookup" || path.starts_with("re")
            ? BackendResponse::unsupported_operation()
            : BackendResponse::unsupported_path();
    }
    for (const auto* force : {"revoke-prefix/", "revoke-force/"}) {
        if (path.starts_with(force)) {
            revoke_prefix(server, request, path.substr(std::string_view(force).size()));
            co_return BackendResponse::nothing();
        }
    }
    if (path == "tidy") {
        co_return tidy_started(server);
    }
    const auto slash = path.find('/');
    const auto verb = path.substr(0, slash);
    auto id = read->text("lease_id");
    if (id.empty() && slash != std::string::npos) {
        id = path.substr(slash + 1);
    }
    if (verb != "lookup" && verb != "revoke" && verb != "renew") {
        co_return BackendResponse::unsupported_path();
    }
    if (id.empty()) {
        co_return BackendResponse::error("lease_id must be specified");
    }
    if (verb == "lookup") {
        co_return lookup(server, request, id);
    }
    const auto token = server.tokens.find_lease(id);
    if (verb == "revoke") {
        if (token) {
            server.tokens.revoke(token->id);
        }
        server.revoke_lease(id, request.now);
        co_return BackendResponse::nothing();
    }
    if (token) {
        co_return co_await renew_token(server, std::move(request), token,
                                       read->duration("increment"));
    }
    const bool forgotten = server.options.defects.on("sys/leases-of-leaves-forgotten");
    co_return server.leases.contains(id) && !forgotten
        ? BackendResponse::error("lease is not renewable")
        : BackendResponse::error("lease not found");
}

}  // namespace meshproof::fakes::vault
