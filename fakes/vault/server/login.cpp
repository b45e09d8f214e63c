#include "fakes/vault/server/login.hpp"

#include <algorithm>

#include "core/base/assert.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/server/ttl.hpp"

namespace meshproof::fakes::vault {

namespace {

// What the mount says goes before what the role says, unless it only says a default.
std::string type_of(const std::string& mount, const std::string& role) {
    if (mount == "service" || mount == "batch") {
        return mount;
    }
    if (role == "service" || role == "batch") {
        return role;
    }
    return mount == "default-batch" ? "batch" : "service";
}

}  // namespace

bool is_unwritten_grant(const LogicalReply& reply) {
    return reply.base.kind == BackendResponse::Kind::auth && reply.issued == nullptr;
}

std::shared_ptr<Token> issue(Server& server, const Namespace& ns, Token token, Time now,
                             Kept kept) {
    token.namespace_path = ns.path;
    token.issued = now;
    if (token.lease_ttl > Duration{}) {
        token.expires = now + token.lease_ttl;
    }
    token.creation_ttl = token.lease_ttl;
    token.uses_granted = token.num_uses;
    if (token.is_batch()) {
        token.renewable = false;
        // Stateless tokens carry whole seconds, and no other bound than their end.
        token.issued = std::chrono::floor<std::chrono::seconds>(now);
        token.expires = token.issued + token.lease_ttl;
        token.period = token.explicit_max_ttl = Duration{};
        token.num_uses = 0;
    }
    if (kept == Kept::if_batch && !token.is_batch()) {
        return std::make_shared<Token>(server.tokens.named(std::move(token), ns.id));
    }
    return server.tokens.add(std::move(token), ns.id);
}

LogicalReply finish_login(Server& server, const LogicalRequest& request, BackendResponse response) {
    MESHPROOF_ASSERT(response.auth.has_value(), "a login without grant");
    // The method may have been disabled while its server was being asked.
    const auto mounted = request.ns->mounts.find(request.mount->path);
    if (mounted == request.ns->mounts.end() || mounted->second != request.mount) {
        return BackendResponse::error("permission denied", 403);
    }
    const auto& grant = *response.auth;
    const auto policies = tidy_policies(grant.policies, !grant.no_default_policy);
    if (std::ranges::find(policies, "root") != policies.end()) {
        return BackendResponse::error("auth methods cannot create root tokens");
    }
    const auto granted = decide_ttl(ttl_request(grant, request.mount->view(), request.now));
    Token token;
    token.path = request.path;
    // "auth/a/b/" -> "a-b"
    auto source = request.mount->path.substr(5, request.mount->path.size() - 6);
    std::ranges::replace(source, '/', '-');
    token.display_name = grant.display_name.empty() ? source : source + "-" + grant.display_name;
    token.policies = policies;
    if (!grant.metadata.empty()) {
        token.metadata = grant.metadata;
    }
    token.lease_ttl = granted.ttl;
    token.period = grant.period;
    token.explicit_max_ttl = grant.explicit_max_ttl;
    token.num_uses = grant.num_uses;
    token.renewable = grant.renewable;
    token.orphan = grant.orphan;
    token.bound_cidrs = grant.bound_cidrs;
    token.type = type_of(request.mount->token_type, grant.token_type);
    if (!grant.alias_name.empty()) {
        token.entity_id = entity_of(server, request, grant);
        const auto entity = server.entities.find(token.entity_id);
        if (entity != server.entities.end() && entity->second.disabled) {
            return BackendResponse::go_error("permission denied", 403);
        }
    }
    token.grant = grant;
    // What the method told is told first.
    LogicalReply reply(BackendResponse::with(Json(), std::move(response.warnings)));
    for (const auto& warning : granted.warnings) {
        reply.base.warnings.push_back(warning);
    }
    reply.issued = issue(server, *request.ns, std::move(token), request.now,
                         request.is_inline_login ? Kept::if_batch : Kept::always);
    return reply;
}

}  // namespace meshproof::fakes::vault
