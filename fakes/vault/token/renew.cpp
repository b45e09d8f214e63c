#include "fakes/vault/token/renew.hpp"

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

std::optional<BackendResponse> refuse(const Token& token) {
    if (token.is_batch()) {
        return BackendResponse::error("batch tokens cannot be renewed");
    }
    if (!token.renewable || !token.expires) {
        return BackendResponse::error("lease is not renewable");
    }
    if (token.used_up) {
        return BackendResponse::error("token not found");
    }
    return std::nullopt;
}

BackendRequest asked_of_method(const LogicalRequest& request, const Token& token,
                               const MountEntry& mount, Duration increment) {
    BackendRequest asked;
    asked.operation = Operation::update;
    asked.path = token.path.substr(mount.path.size());
    asked.data = Json{{"increment", whole_seconds(increment)}};
    asked.mount = mount.view();
    asked.now = request.now;
    asked.remote_address = request.remote_address;
    asked.namespace_path = token.namespace_path;
    if (request.at_standby) {
        asked.standby = StandbyView{request.node->id, request.node->running_since};
    }
    return asked;
}

LogicalReply extend(Server& server, Token& token, const TtlGrant& granted,
                    std::vector<std::string> warnings, Time now) {
    if (granted.ttl <= Duration{}) {
        return cannot_renew("past the max TTL, cannot renew", 500);
    }
    token.lease_ttl = granted.ttl;
    token.last_renewal = now;
    server.tokens.renewed(token, now + granted.ttl);
    warnings.insert(warnings.end(), granted.warnings.begin(), granted.warnings.end());
    LogicalReply reply(BackendResponse::with(Json(), std::move(warnings)));
    reply.issued = std::make_shared<Token>(token);
    return reply;
}

}  // namespace

Task<LogicalReply> renew_token(Server& server, LogicalRequest request, std::shared_ptr<Token> token,
                               Duration increment) {
    if (auto refused = refuse(*token)) {
        co_return std::move(*refused);
    }
    const auto home = server.namespaces.find(token->namespace_path);
    const auto mount =
        home == server.namespaces.end() ? nullptr : server.find_mount(*home->second, token->path);
    if (!mount) {
        co_return cannot_renew("no handler for route", 500);
    }
    AuthGrant grant;
    grant.ttl = token->lease_ttl;
    grant.period = token->period;
    grant.explicit_max_ttl = token->explicit_max_ttl;
    std::vector<std::string> warnings;
    if (token->grant && mount->backend) {
        const auto backend = mount->backend;
        auto response = co_await backend->renew(asked_of_method(request, *token, *mount, increment),
                                                *token->grant);
        request.now = server.clock.now();
        if (response.kind == BackendResponse::Kind::error ||
            response.kind == BackendResponse::Kind::go_error) {
            co_return cannot_renew(response.text, response.status == 0 ? 500 : response.status);
        }
        if (response.auth) {
            grant = *response.auth;
        }
        warnings = response.warnings;
    } else if (!token->token_role.empty()) {
        auto refused = by_token_role(*home->second, *token, grant);
        if (refused.kind != BackendResponse::Kind::none) {
            co_return refused;
        }
    }
    if (request.at_standby) {
        BackendResponse unwritten;
        unwritten.kind = BackendResponse::Kind::auth;
        unwritten.auth = std::move(grant);
        co_return unwritten;
    }
    // It may have ended while its method's server was being asked.
    server.expire(request.now);
    if (server.tokens.find(token->id) != token) {
        co_return BackendResponse::error("permission denied", 403);
    }
    auto asked = ttl_request(grant, mount->view(), request.now);
    asked.increment = increment;
    asked.issued = token->issued;
    const auto granted = decide_ttl(asked);
    co_return extend(server, *token, granted, std::move(warnings), request.now);
}

}  // namespace meshproof::fakes::vault
