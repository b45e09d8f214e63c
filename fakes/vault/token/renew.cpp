#include "fakes/vault/token/renew.hpp"

#include <algorithm>

#include "fakes/vault/server/server.hpp"
#include "fakes/vault/server/ttl.hpp"

/// Renewal of tokens: rows 62, 63 and 156.
namespace meshproof::fakes::vault {

namespace {

BackendResponse cannot_renew(std::string_view text, int status) {
    return BackendResponse::go_error(fmt::format("failed to renew entry: {}", text), status);
}

// A token of a token role is renewed by the role as it is now (row 181).
BackendResponse by_token_role(const Namespace& ns, const Token& token, AuthGrant& grant) {
    const auto role = ns.token_roles.find(token.token_role);
    if (role == ns.token_roles.end()) {
        return cannot_renew(
            fmt::format("original token role \"{}\" could not be found, not renewing",
                        token.token_role),
            500);
    }
    grant.period = role->second.period;
    if (role->second.explicit_max_ttl > Duration{}) {
        grant.explicit_max_ttl = role->second.explicit_max_ttl;
    }
    return BackendResponse::nothing();
}

}  // namespace

Task<LogicalReply> renew_token(Server& server, LogicalRequest request, std::shared_ptr<Token> token,
                               Duration increment) {
    if (token->is_batch()) {
        co_return BackendResponse::error("batch tokens cannot be renewed");
    }
    if ((!token->renewable && !server.options.defects.on("token/everything-is-renewable")) ||
        !token->expires) {
        co_return BackendResponse::error("lease is not renewable");
    }
    if (token->used_up && !server.options.defects.on("token/last-use-renews")) {
        co_return BackendResponse::error("token not found");
    }
    const auto home = server.namespaces.find(token->namespace_path);
    const auto mount =
        home == server.namespaces.end() ? nullptr : server.find_mount(*home->second, token->path);
    if (!mount) {
        co_return cannot_renew("no handler for route", 500);
    }
    AuthGrant grant;
    if (server.options.defects.on("token/increment-never-shortens")) {
        increment = std::max(increment, token->lease_ttl);
    }
    grant.ttl = token->lease_ttl;
    grant.period =
        server.options.defects.on("token/increment-beats-period") ? Duration{} : token->period;
    grant.explicit_max_ttl = token->explicit_max_ttl;
    std::vector<std::string> warnings;
    if (token->grant && mount->backend) {
        const auto backend = mount->backend;
        BackendRequest asked;
        asked.operation = Operation::update;
        asked.path = token->path.substr(mount->path.size());
        asked.data = Json{{"increment", whole_seconds(increment)}};
        asked.mount = mount->view();
        asked.now = request.now;
        asked.remote_address = request.remote_address;
        asked.namespace_path = token->namespace_path;
        auto response = co_await backend->renew(std::move(asked), *token->grant);
        request.now = server.clock.now();
        if (response.kind == BackendResponse::Kind::error ||
            response.kind == BackendResponse::Kind::go_error) {
            co_return cannot_renew(response.text, response.status == 0 ? 500 : response.status);
        }
        if (response.auth) {
            grant = *response.auth;
        }
        warnings = response.warnings;
    } else if (!token->token_role.empty() &&
               !server.options.defects.on("token/renewal-forgets-its-role")) {
        auto refused = by_token_role(*home->second, *token, grant);
        if (refused.kind != BackendResponse::Kind::none) {
            co_return refused;
        }
    }
    // It may have ended while its method's server was being asked.
    server.expire(request.now);
    if (server.tokens.find(token->id) != token) {
        co_return BackendResponse::error("permission denied", 403);
    }
    const auto view = mount->view();
    auto granted = decide_ttl({.increment = increment,
                               .ttl = grant.ttl,
                               .period = grant.period,
                               .max_ttl = grant.max_ttl,
                               .explicit_max_ttl = grant.explicit_max_ttl,
                               .mount_default = view.default_lease_ttl,
                               .mount_max = view.max_lease_ttl,
                               .issued = token->issued,
                               .now = request.now});
    if (granted.ttl <= Duration{}) {
        co_return cannot_renew("past the max TTL, cannot renew", 500);
    }
    token->lease_ttl = granted.ttl;
    token->last_renewal = request.now;
    server.tokens.renewed(*token, request.now + granted.ttl);
    warnings.insert(warnings.end(), granted.warnings.begin(), granted.warnings.end());
    LogicalReply reply(BackendResponse::with(Json(), std::move(warnings)));
    if (!server.options.defects.on("token/renew-without-auth")) {
        reply.issued = std::make_shared<Token>(*token);
        if (!server.options.defects.on("token/renewal-tells-uses-left")) {
            reply.issued->num_uses = token->uses_granted;
        }
    }
    co_return reply;
}

}  // namespace meshproof::fakes::vault
