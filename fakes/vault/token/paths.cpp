#include <algorithm>

#include "fakes/vault/server/server.hpp"

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

CoreReply revoke(VaultCore& core, const std::shared_ptr<Token>& token) {
    if (token && token->is_batch() && !core.options.defects.on("token/batch-is-revocable")) {
        return BackendResponse::error("batch tokens cannot be revoked");
    }
    if (token) {
        core.tokens.revoke(token->id);
    }
    return BackendResponse::nothing();
}

CoreReply revoke_orphan(VaultCore& core, const LogicalRequest& request, const std::string& id) {
    if (id.empty()) {
        return BackendResponse::error("missing token ID");
    }
    const auto path = VaultCore::path_for(*request.token, *request.ns, request.path);
    if (!path || !core.acl_of(*request.token)->sudo(Operation::update, *path)) {
        return BackendResponse::error("root or sudo privileges required to revoke and orphan");
    }
    const auto token = core.tokens.find(id);
    if (!token) {
        return BackendResponse::error("token to revoke not found");
    }
    if (token->is_batch()) {
        return BackendResponse::error("batch tokens cannot be revoked");
    }
    core.tokens.revoke_orphaning_children(id);
    return BackendResponse::nothing();
}

CoreReply accessors(const VaultCore& core, const LogicalRequest& request) {
    if (request.operation != Operation::list) {
        return BackendResponse::unsupported_operation();
    }
    std::vector<std::string> keys;
    for (const auto& [id, token] : core.tokens.all()) {
        if (!token->accessor.empty() && token->namespace_path == request.ns->path &&
            token->policies != std::vector<std::string>{"response-wrapping"}) {
            keys.push_back(token->accessor);
        }
    }
    std::ranges::sort(keys);
    return list_answer(keys);
}

// By accessor: what is unknown is an error, except for revocation (row 61).
Task<CoreReply> by_accessor(VaultCore& core, LogicalRequest request, std::string verb,
                            FieldData data) {
    const auto accessor = data.text("accessor");
    if (accessor.empty()) {
        co_return BackendResponse::go_error("missing accessor", 400);
    }
    const auto token = core.tokens.find_accessor(accessor);
    if (verb == "revoke-accessor") {
        if (token) {
            co_return revoke(core, token);
        }
        BackendResponse response;
        if (!core.options.defects.on("token/unknown-accessor-unwarned")) {
            response.warnings = {"No token found with this accessor"};
        }
        co_return response;
    }
    if (!token) {
        co_return BackendResponse::go_error("invalid accessor", 400);
    }
    if (verb == "renew-accessor") {
        co_return co_await renew_token(core, std::move(request), token, data.duration("increment"));
    }
    auto response = describe(*token, request.now, core.options.defects);
    if (!core.options.defects.on("token/accessor-tells-the-id")) {
        response.data["id"] = "";
    }
    co_return response;
}

}  // namespace

Task<CoreReply> serve_tokens(VaultCore& core, LogicalRequest request) {
    const auto path = request.under("auth/token/").value_or("");
    const bool lists = path == "roles" || path == "roles/" || path == "accessors";
    if (request.operation == Operation::list && !lists) {
        co_return BackendResponse::unsupported_path();
    }
    if (path == "create" || path == "create-orphan" || path.starts_with("create/")) {
        co_return request.writes() ? create_token(core, request)
                                   : CoreReply(BackendResponse::unsupported_operation());
    }
    if (path == "roles" || path.starts_with("roles/")) {
        co_return serve_token_roles(core, request);
    }
    if (path == "accessors") {
        co_return accessors(core, request);
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
    const auto read = FieldData::read(fields, request.data, core.options.product);
    if (!read) {
        co_return BackendResponse::error(read.error().message);
    }
    if (path.ends_with("-accessor")) {
        co_return co_await by_accessor(core, std::move(request), path, *read);
    }
    const auto named = read->text("token");
    if (lookup) {
        const auto token =
            path == "lookup-self" || named.empty() ? request.token : core.tokens.find(named);
        co_return token
            ? describe(*token, request.now, core.options.defects)
            : BackendResponse::error(
                  "bad token", core.options.defects.on("token/unknown-lookup-is-404") ? 404 : 403);
    }
    if (path == "revoke-self") {
        co_return revoke(core, request.token);
    }
    if (path == "renew-self") {
        const auto token = request.token;
        co_return co_await renew_token(core, std::move(request), token,
                                       read->duration("increment"));
    }
    if (path == "tidy") {
        co_return tidy_started(core);
    }
    if (path == "revoke-orphan") {
        co_return revoke_orphan(core, request, named);
    }
    if (named.empty()) {
        co_return BackendResponse::error("missing token ID");
    }
    const auto token = core.tokens.find(named);
    if (path == "revoke") {
        co_return revoke(core, token);
    }
    if (!token) {
        co_return BackendResponse::error("token not found");
    }
    co_return co_await renew_token(core, std::move(request), token, read->duration("increment"));
}

}  // namespace meshproof::fakes::vault
