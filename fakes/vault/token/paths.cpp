#include "fakes/vault/token/paths.hpp"

#include <algorithm>

#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/server/respond.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/token/create.hpp"
#include "fakes/vault/token/renew.hpp"
#include "fakes/vault/token/roles.hpp"

/// auth/token: lookup, revocation, renewal (rows 59 to 66). Creation and roles have files of their
/// own.
namespace meshproof::fakes::vault {

namespace {

BackendResponse describe(const Token& token, Time now, const Defects& defects) {
    const auto seconds = [](Duration duration) {
        return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    };
    auto data = Json{{"accessor", token.accessor},
                     {"creation_time", unix_seconds(token.issued)},
                     {"creation_ttl", seconds(token.creation_ttl)},
                     {"display_name", token.display_name},
                     {"entity_id", token.entity_id},
                     {"expire_time", token.expires ? Json(rfc3339_nano(*token.expires)) : Json()},
                     {"explicit_max_ttl", seconds(token.explicit_max_ttl)},
                     {"id", token.id},
                     {"issue_time", rfc3339_nano(token.issued)},
                     {"meta", token.metadata.empty() ? Json() : Json(token.metadata)},
                     {"num_uses", (token.used_up ? -1 : token.num_uses) +
                                      (defects.on("token/uses-shown-before-this") ? 1 : 0)},
                     {"orphan", token.orphan},
                     {"path", token.path},
                     {"policies", token.policies},
                     {"renewable", token.renewable},
                     {"ttl", remaining_seconds(token.expires, now)},
                     {"type", token.type}};
    if (defects.on("token/lookup-lacks-issue-time")) {
        data.erase("issue_time");
    }
    if (defects.on("token/root-has-an-end") && token.is_root()) {
        data["expire_time"] = rfc3339_nano(now);
    }
    if (token.last_renewal && !defects.on("token/lookup-lacks-last-renewal")) {
        data["last_renewal"] = rfc3339_nano(*token.last_renewal);
        data["last_renewal_time"] = unix_seconds(*token.last_renewal);
    }
    if (token.period > Duration{}) {
        data["period"] = seconds(token.period);
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
    return BackendResponse::with(std::move(data));
}

LogicalReply revoke(Server& server, const std::shared_ptr<Token>& token) {
    if (token && token->is_batch() && !server.options.defects.on("token/batch-is-revocable")) {
        return BackendResponse::error("batch tokens cannot be revoked");
    }
    if (token) {
        server.tokens.revoke(token->id);
    }
    return BackendResponse::nothing();
}

LogicalReply revoke_orphan(Server& server, const LogicalRequest& request, const std::string& id) {
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

LogicalReply accessors(const Server& server, const LogicalRequest& request) {
    if (request.operation != Operation::list) {
        return BackendResponse::unsupported_operation();
    }
    std::vector<std::string> keys;
    for (const auto& [id, token] : server.tokens.all()) {
        if (!token->accessor.empty() && token->namespace_path == request.ns->path &&
            token->policies != std::vector<std::string>{"response-wrapping"}) {
            keys.push_back(token->accessor);
        }
    }
    std::ranges::sort(keys);
    return list_answer(keys);
}

// By accessor: what is unknown is an error, except for revocation (row 61).
Task<LogicalReply> by_accessor(Server& server, LogicalRequest request, std::string verb,
                               FieldData data) {
    const auto accessor = data.text("accessor");
    if (accessor.empty()) {
        co_return BackendResponse::go_error("missing accessor", 400);
    }
    const auto token = server.tokens.find_accessor(accessor);
    if (verb == "revoke-accessor") {
        if (token) {
            co_return revoke(server, token);
        }
        BackendResponse response;
        if (!server.options.defects.on("token/unknown-accessor-unwarned")) {
            response.warnings = {"No token found with this accessor"};
        }
        co_return response;
    }
    if (!token) {
        co_return BackendResponse::go_error("invalid accessor", 400);
    }
    if (verb == "renew-accessor") {
        co_return co_await renew_token(server, std::move(request), token,
                                       data.duration("increment"));
    }
    auto response = describe(*token, request.now, server.options.defects);
    if (!server.options.defects.on("token/accessor-tells-the-id")) {
        response.data["id"] = "";
    }
    co_return response;
}

}  // namespace

Task<LogicalReply> serve_tokens(Server& server, LogicalRequest request) {
    const auto path = request.under("auth/token/").value_or("");
    const bool lists = path == "roles" || path == "roles/" || path == "accessors";
    if (request.operation == Operation::list && !lists) {
        co_return BackendResponse::unsupported_path();
    }
    if (path == "create" || path == "create-orphan" || path.starts_with("create/")) {
        co_return request.writes() ? create_token(server, request)
                                   : LogicalReply(BackendResponse::unsupported_operation());
    }
    if (path == "roles" || path.starts_with("roles/")) {
        co_return serve_token_roles(server, request);
    }
    if (path == "accessors") {
        co_return accessors(server, request);
    }
    static const std::set<std::string, std::less<>> writes{
        "lookup-accessor", "renew",         "renew-self", "renew-accessor", "revoke", "revoke-self",
        "revoke-accessor", "revoke-orphan", "tidy"};
    const bool lookup = path == "lookup" || path == "lookup-self";
    if (!lookup && !writes.contains(path)) {
        co_return BackendResponse::unsupported_path();
    }
    if (!request.writes() && !(lookup && request.reads())) {
        co_return BackendResponse::unsupported_operation();
    }
    static const Fields fields{{{"token", FieldType::text},
                                {"urltoken", FieldType::text},
                                {"accessor", FieldType::text},
                                {"increment", FieldType::duration}}};
    const auto read = FieldData::read(fields, request.data, server.options.product);
    if (!read) {
        co_return BackendResponse::error(read.error().message);
    }
    if (path.ends_with("-accessor")) {
        co_return co_await by_accessor(server, std::move(request), path, *read);
    }
    const auto named = read->text("token");
    if (lookup) {
        const auto token =
            path == "lookup-self" || named.empty() ? request.token : server.tokens.find(named);
        co_return token ? describe(*token, request.now, server.options.defects)
                        : BackendResponse::error(
                              "bad token",
                              server.options.defects.on("token/unknown-lookup-is-404") ? 404 : 403);
    }
    if (path == "revoke-self") {
        co_return revoke(server, request.token);
    }
    if (path == "renew-self") {
        const auto token = request.token;
        co_return co_await renew_token(server, std::move(request), token,
                                       read->duration("increment"));
    }
    if (path == "tidy") {
        co_return tidy_started(server);
    }
    if (path == "revoke-orphan") {
        co_return revoke_orphan(server, request, named);
    }
    if (named.empty()) {
        co_return BackendResponse::error("missing token ID");
    }
    const auto token = server.tokens.find(named);
    if (path == "revoke") {
        co_return revoke(server, token);
    }
    if (!token) {
        co_return BackendResponse::error("token not found");
    }
    co_return co_await renew_token(server, std::move(request), token, read->duration("increment"));
}

bool tokens_need_sudo(const LogicalRequest& request) {
    return request.path == "auth/token/accessors" || request.path == "auth/token/accessors/";
}

}  // namespace meshproof::fakes::vault
