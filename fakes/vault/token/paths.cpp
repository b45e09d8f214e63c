#include "fakes/vault/token/paths.hpp"

#include <algorithm>

#include "fakes/vault/server/respond.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/token/create.hpp"
#include "fakes/vault/token/renew.hpp"
#include "fakes/vault/token/roles.hpp"

/// auth/token: lookup, revocation, renewal (rows 59 to 66). Creation and roles have files of their
/// own.
namespace meshproof::fakes::vault {

namespace {

// `id` is the token as whoever asks may see it: as it was named, or nothing for an accessor.
BackendResponse describe(const Server& server, const Token& token, std::string_view id, Time now) {
    auto data = Json{{"accessor", token.accessor},
                     {"creation_time", unix_seconds(token.issued)},
                     {"creation_ttl", whole_seconds(token.creation_ttl)},
                     {"display_name", token.display_name},
                     {"entity_id", token.entity_id},
                     {"expire_time", token.expires ? Json(rfc3339_nano(*token.expires)) : Json()},
                     {"explicit_max_ttl", whole_seconds(token.explicit_max_ttl)},
                     {"id", id},
                     {"issue_time", rfc3339_nano(token.issued)},
                     {"meta", shown(token.metadata)},
                     {"num_uses", token.used_up ? -1 : token.num_uses},
                     {"orphan", token.orphan},
                     {"path", token.path},
                     {"policies", token.policies},
                     {"renewable", token.renewable},
                     {"ttl", remaining_seconds(token.expires, now)},
                     {"type", token.type}};
    if (token.last_renewal) {
        data["last_renewal"] = rfc3339_nano(*token.last_renewal);
        data["last_renewal_time"] = unix_seconds(*token.last_renewal);
    }
    if (token.period > Duration{}) {
        data["period"] = whole_seconds(token.period);
    }
    if (!token.token_role.empty()) {
        data["role"] = token.token_role;
    }
    if (!token.bound_cidrs.empty()) {
        data["bound_cidrs"] = token.bound_cidrs;
    }
    if (!token.namespace_path.empty()) {
        data["namespace_path"] = token.namespace_path;
    }
    if (auto policies = identity_policies(server, token); !policies.empty()) {
        data["identity_policies"] = std::move(policies);
        data["external_namespace_policies"] = Json::object();
    }
    return BackendResponse::with(std::move(data));
}

LogicalReply revoke(Server& server, const std::shared_ptr<Token>& token) {
    if (token && token->is_batch()) {
        return BackendResponse::error("batch tokens cannot be revoked");
    }
    if (token) {
        server.tokens.revoke(token->id);
    }
    return BackendResponse::nothing();
}

// An accessor is good for nothing outside its token's own namespace, not even above it (row 258).
std::optional<BackendResponse> refuse_elsewhere(const Token& token, const BuiltinCall& call) {
    return token.namespace_path == call.request.ns->path
               ? std::nullopt
               : std::optional(
                     BackendResponse::go_error("cannot lookup token in different namespace"));
}

// What is unknown is an error, except for revocation (row 61).
tl::expected<std::shared_ptr<Token>, BackendResponse> by_accessor(const Server& server,
                                                                  const BuiltinCall& call) {
    const auto accessor = call.fields.text("accessor");
    if (accessor.empty()) {
        return tl::unexpected(BackendResponse::go_error("missing accessor", 400));
    }
    if (of_no_namespace(server.options.product, accessor)) {
        return tl::unexpected(BackendResponse::go_error("no namespace"));
    }
    if (auto token = server.tokens.find_accessor(accessor)) {
        if (auto refused = refuse_elsewhere(*token, call)) {
            return tl::unexpected(std::move(*refused));
        }
        return token;
    }
    return tl::unexpected(BackendResponse::go_error("invalid accessor", 400));
}

LogicalReply look_up(Server& server, const BuiltinCall& call) {
    const auto named = call.fields.text("token");
    const auto token = server.tokens.find(named.empty() ? call.request.token_id : named);
    if (!token) {
        return BackendResponse::error("bad token", 403);
    }
    return describe(server, *token, named.empty() ? inner_id(token->id) : named, call.request.now);
}

LogicalReply look_up_self(Server& server, const BuiltinCall& call) {
    const auto token = server.tokens.find(call.request.token_id);
    if (!token) {
        return BackendResponse::error("bad token", 403);
    }
    return describe(server, *token, call.request.token_id, call.request.now);
}

LogicalReply look_up_accessor(Server& server, const BuiltinCall& call) {
    const auto token = by_accessor(server, call);
    if (!token) {
        return token.error();
    }
    return describe(server, **token, "", call.request.now);
}

LogicalReply list_accessors(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    std::vector<std::string> keys;
    for (const auto& [id, token] : server.tokens.all()) {
        if (!token->accessor.empty() && token->namespace_path == request.ns->path) {
            keys.push_back(token->accessor);
        }
    }
    std::ranges::sort(keys);
    return list_answer(keys);
}

LogicalReply revoke_named(Server& server, const BuiltinCall& call) {
    const auto named = call.fields.text("token");
    return named.empty() ? LogicalReply(BackendResponse::error("missing token ID"))
                         : revoke(server, server.tokens.find(named));
}

LogicalReply revoke_self(Server& server, const BuiltinCall& call) {
    return revoke(server, call.request.token);
}

LogicalReply revoke_accessor(Server& server, const BuiltinCall& call) {
    const auto accessor = call.fields.text("accessor");
    if (accessor.empty()) {
        return BackendResponse::go_error("missing accessor", 400);
    }
    if (of_no_namespace(server.options.product, accessor)) {
        return BackendResponse::go_error("no namespace");
    }
    if (const auto token = server.tokens.find_accessor(accessor)) {
        auto refused = refuse_elsewhere(*token, call);
        return refused ? LogicalReply(std::move(*refused)) : revoke(server, token);
    }
    BackendResponse response;
    response.warnings = {"No token found with this accessor"};
    return response;
}

LogicalReply revoke_orphan(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto id = call.fields.text("token");
    if (id.empty()) {
        return BackendResponse::error("missing token ID");
    }
    const auto path = Server::path_for(*request.token, *request.ns, request.path);
    if (!path || !server.acl_of(*request.token)->sudo(Operation::update, *path)) {
        return BackendResponse::error("root or sudo privileges required to revoke and orphan");
    }
    const auto token = server.tokens.find(id);
    if (!token) {
        return BackendResponse::error("token to revoke not found");
    }
    if (token->is_batch()) {
        return BackendResponse::error("batch tokens cannot be revoked");
    }
    server.tokens.revoke_orphaning_children(id);
    return BackendResponse::nothing();
}

LogicalReply tidy(Server& server, const BuiltinCall&) {
    return tidy_started(server);
}

// Who renews a token is given it back as it was named: by who holds it, or in the request.
void name_as_asked(LogicalReply& reply, std::string_view presented, std::string_view named) {
    if (!reply.issued) {
        return;
    }
    auto& id = reply.issued->id;
    const auto kept = inner_id(id);
    if (inner_id(presented) == kept) {
        id = presented;
    } else {
        id = inner_id(named) == kept ? named : std::string_view(kept);
    }
}

Task<LogicalReply> renew_as_named(Server& server, BuiltinCall call, std::shared_ptr<Token> token,
                                  std::string named) {
    const auto presented = call.request.token_id;
    auto reply = co_await renew_token(server, std::move(call.request), token,
                                      call.fields.duration("increment"));
    name_as_asked(reply, presented, named);
    co_return reply;
}

Task<LogicalReply> renew_named(Server& server, BuiltinCall call) {
    const auto named = call.fields.text("token");
    if (named.empty()) {
        co_return BackendResponse::error("missing token ID");
    }
    const auto token = server.tokens.find(named);
    if (!token) {
        co_return BackendResponse::error("token not found");
    }
    // A token of a child says itself whose it is; one of the root is looked for where it is asked.
    if (!token->is_batch() && token->namespace_path.empty() && !call.request.ns->path.empty()) {
        co_return BackendResponse::go_error("cannot renew a token across namespaces");
    }
    co_return co_await renew_as_named(server, std::move(call), token, named);
}

Task<LogicalReply> renew_self(Server& server, BuiltinCall call) {
    const auto token = server.tokens.find(call.request.token_id);
    if (!token) {
        co_return BackendResponse::error("token not found");
    }
    co_return co_await renew_as_named(server, std::move(call), token, "");
}

Task<LogicalReply> renew_accessor(Server& server, BuiltinCall call) {
    const auto token = by_accessor(server, call);
    if (!token) {
        co_return token.error();
    }
    auto reply = co_await renew_token(server, std::move(call.request), *token,
                                      call.fields.duration("increment"));
    if (reply.issued) {
        reply.issued->id.clear();  // who has the accessor alone is not given the token
    } else if (reply.base.kind == BackendResponse::Kind::error && reply.base.status == 400) {
        co_return BackendResponse::go_error("invalid request", 400);
    }
    co_return reply;
}

}  // namespace

std::vector<BuiltinRoute> token_routes() {
    using enum Operation;
    const Fields token{{{"token", FieldType::text}}};
    const Fields accessor{{{"accessor", FieldType::text}}};
    Fields renewal = token, renewal_by_accessor = accessor;
    renewal.types["increment"] = renewal_by_accessor.types["increment"] = FieldType::duration;
    const Fields created{{{"id", FieldType::text},
                          {"policies", FieldType::strings},
                          {"meta", FieldType::pairs},
                          {"no_parent", FieldType::boolean},
                          {"no_default_policy", FieldType::boolean},
                          {"renewable", FieldType::boolean},
                          {"lease", FieldType::text},
                          {"ttl", FieldType::text},
                          {"explicit_max_ttl", FieldType::text},
                          {"display_name", FieldType::text},
                          {"num_uses", FieldType::integer},
                          {"period", FieldType::text},
                          {"type", FieldType::text},
                          {"entity_alias", FieldType::text}}};
    const Fields role{{{"allowed_policies", FieldType::list},
                       {"allowed_policies_glob", FieldType::list},
                       {"disallowed_policies", FieldType::list},
                       {"disallowed_policies_glob", FieldType::list},
                       {"orphan", FieldType::boolean},
                       {"period", FieldType::duration},
                       {"token_period", FieldType::duration},
                       {"explicit_max_ttl", FieldType::duration},
                       {"token_explicit_max_ttl", FieldType::duration},
                       {"path_suffix", FieldType::text},
                       {"renewable", FieldType::boolean},
                       {"token_type", FieldType::text},
                       {"token_no_default_policy", FieldType::boolean},
                       {"token_num_uses", FieldType::integer},
                       {"token_bound_cidrs", FieldType::list},
                       {"bound_cidrs", FieldType::list},
                       {"allowed_entity_aliases", FieldType::list}}};
    return {
        {"create", {{update, create_token}}, created},
        {"create-orphan", {{update, create_token}}, created},
        {"create/:role_name", {{update, create_token}}, created},
        {"roles/?", {{list, list_token_roles}}},
        {"roles/:role_name", {{read, read_token_role}, {remove, delete_token_role}}},
        {"roles/:role_name", {{update, write_token_role}}, role, Needs::token, true},
        {"accessors/?", {{list, list_accessors}}, {}, Needs::sudo},
        {"lookup", {{read, look_up}, {update, look_up}}, token},
        {"lookup-self", {{read, look_up_self}, {update, look_up_self}}, token},
        {"lookup-accessor", {{update, look_up_accessor}}, accessor},
        {"renew", {{update, renew_named}}, renewal},
        {"renew-self", {{update, renew_self}}, renewal},
        {"renew-accessor", {{update, renew_accessor}}, renewal_by_accessor},
        {"revoke", {{update, revoke_named}}, token},
        {"revoke-self", {{update, revoke_self}}},
        {"revoke-accessor", {{update, revoke_accessor}}, accessor},
        {"revoke-orphan", {{update, revoke_orphan}}, token},
        {"tidy", {{update, tidy}}},
    };
}

}  // namespace meshproof::fakes::vault
