#include "fakes/vault/sys/leases.hpp"

#include <set>

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/respond.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/token/renew.hpp"

/// sys/leases: lookup, renewal and revocation by lease.
namespace meshproof::fakes::vault {

namespace {

Json time_or_null(const std::optional<Time>& time) {
    return time ? Json(rfc3339_nano(*time)) : Json();
}

// The lease is named in the body, or at the end of the path.
std::string lease_of(const BuiltinCall& call) {
    const auto named = call.fields.text("lease_id");
    return named.empty() ? call.captured("lease") : named;
}

// What keeps a lease from being looked for. Vault takes what follows a dot in its last part for a
// namespace; a whole one in the body of the newer paths is refused earlier (server/serve.cpp).
std::optional<BackendResponse> refuse_lease_id(const Server& server, const std::string& id) {
    if (id.empty()) {
        return BackendResponse::error("lease_id must be specified");
    }
    return lease_of_no_namespace(server.options.product, id)
               ? std::optional(BackendResponse::error("no namespace"))
               : std::nullopt;
}

// Revocation goes on behind the answer where nobody waits for it. Here it is over at once.
LogicalReply revocation_answer(const BuiltinCall& call) {
    if (call.fields.boolean("sync", true)) {
        return BackendResponse::nothing();
    }
    BackendResponse response;
    response.kind = BackendResponse::Kind::raw;
    response.raw = empty_answer();
    response.raw.status = 202;
    return response;
}

void revoke_below(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto prefix = call.captured("lease");
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

LogicalReply describe(const Server& server, const LogicalRequest& request, const std::string& id) {
    auto data = Json{{"id", id}, {"last_renewal", Json()}};
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

// Leases whose revocation fails for ever: there are none here.
LogicalReply irrevocable(const BuiltinCall& call, bool count) {
    const auto& request = call.request;
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

}  // namespace

LogicalReply list_leases(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    auto prefix = call.captured("lease");
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

LogicalReply read_irrevocable_leases(Server&, const BuiltinCall& call) {
    return irrevocable(call, false);
}

LogicalReply count_irrevocable_leases(Server&, const BuiltinCall& call) {
    return irrevocable(call, true);
}

LogicalReply look_up_lease(Server& server, const BuiltinCall& call) {
    const auto id = call.fields.text("lease_id");
    if (auto refused = refuse_lease_id(server, id)) {
        return std::move(*refused);
    }
    return describe(server, call.request, id);
}

LogicalReply revoke_lease(Server& server, const BuiltinCall& call) {
    const auto id = lease_of(call);
    if (auto refused = refuse_lease_id(server, id)) {
        return std::move(*refused);
    }
    if (const auto token = server.tokens.find_lease(id)) {
        server.tokens.revoke(token->id);
    }
    server.revoke_lease(id, call.request.now);
    return revocation_answer(call);
}

LogicalReply revoke_leases(Server& server, const BuiltinCall& call) {
    revoke_below(server, call);
    return revocation_answer(call);
}

// It waits, whatever is asked.
LogicalReply force_leases(Server& server, const BuiltinCall& call) {
    revoke_below(server, call);
    return BackendResponse::nothing();
}

LogicalReply tidy_leases(Server& server, const BuiltinCall&) {
    return tidy_started(server);
}

Task<LogicalReply> renew_lease(Server& server, BuiltinCall call) {
    const auto id = lease_of(call);
    if (auto refused = refuse_lease_id(server, id)) {
        co_return std::move(*refused);
    }
    if (const auto token = server.tokens.find_lease(id)) {
        co_return co_await renew_token(server, std::move(call.request), token,
                                       call.fields.duration("increment"));
    }
    co_return server.leases.contains(id) ? BackendResponse::error("lease is not renewable")
                                         : BackendResponse::error("lease not found");
}

}  // namespace meshproof::fakes::vault
