#include "fakes/vault/server/serve.hpp"

#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "fakes/vault/logical/addresses.hpp"
#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/help.hpp"
#include "fakes/vault/server/inline_login.hpp"
#include "fakes/vault/server/login.hpp"
#include "fakes/vault/server/respond.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/server/standby.hpp"

namespace meshproof::fakes::vault {

namespace {

std::optional<Capacity::Work> work_of(std::string_view path, const MountEntry& mount) {
    if (mount.is_auth()) {
        return path == "login" ? std::optional(Capacity::Work::login) : std::nullopt;
    }
    const bool signs = path.starts_with("sign/") || path.starts_with("issue/") ||
                       path.starts_with("sign-verbatim") ||
                       path.find("/sign/") != std::string_view::npos ||
                       path.find("/issue/") != std::string_view::npos;
    return signs ? std::optional(Capacity::Work::sign) : std::nullopt;
}

// OpenBao's paging of the engines' lists; what a list does not know is told in a warning.
void page(const LogicalRequest& request, BackendResponse& response, const Server& server) {
    const bool pages = server.openbao();
    std::vector<std::string> unknown;
    for (const auto& [name, value] : request.data.items()) {
        if (!pages || (name != "after" && name != "limit")) {
            unknown.push_back(name);
        }
    }
    if (!unknown.empty() && response.warnings.empty()) {
        response.warnings.push_back(fmt::format(
            "Endpoint ignored these unrecognized parameters: [{}]", join(unknown, " ")));
    }
    if (!pages || !response.data.is_object()) {
        return;
    }
    static const Fields fields{{{"after", FieldType::text}, {"limit", FieldType::integer}}};
    const auto read = FieldData::read(fields, request.data, server.options.product);
    if (!read) {
        response = BackendResponse::error(read.error().message);
        return;
    }
    const auto keys = response.data.find("keys");
    const bool paged = request.data.contains("after") || request.data.contains("limit");
    if (!paged || keys == response.data.end() || !keys->is_array()) {
        return;
    }
    const auto after = read->text("after");
    auto kept = Json::array();
    for (const auto& key : *keys) {
        if (after.empty() || key.get<std::string>() > after) {
            kept.push_back(key);
        }
    }
    if (const auto limit = read->integer("limit"); limit > 0) {
        kept.get_ref<Json::array_t&>().resize(
            std::min(kept.size(), static_cast<std::size_t>(limit)));
    }
    auto told = Json::object();
    if (!kept.empty()) {
        told["keys"] = kept;
        for (const auto& key : kept) {
            const auto name = key.get<std::string>();
            if (response.data.contains("key_info") && response.data["key_info"].contains(name)) {
                told["key_info"][name] = response.data["key_info"][name];
            }
        }
    }
    response.data = std::move(told);
}

// OpenBao's engines know what pages a list, so no engine of the fake has to warn of it.
Json without_paging(const Server& server, Json data) {
    if (server.openbao()) {
        data.erase("after");
        data.erase("limit");
    }
    return data;
}

// A wrapping token is looked at before the caller's own: it may be that.
std::optional<http::Response> refuse_wrapping_token(const Server& server,
                                                    const LogicalRequest& request) {
    if (request.path != "sys/wrapping/unwrap" && request.path != "sys/wrapping/rewrap" &&
        request.path != "sys/wrapping/lookup") {
        return std::nullopt;
    }
    const auto refuse = [](std::string_view why) {
        return error_answer(403, fmt::format("error validating wrapping token: {}", why));
    };
    auto id = request.token_id;
    if (const auto named = request.data.find("token");
        named != request.data.end() && !named->is_null()) {
        if (!named->is_string()) {
            return refuse("could not decode token in request body");
        }
        id = named->get<std::string>();
        if (id.empty()) {
            return refuse("empty token in request body");
        }
    }
    if (id.empty()) {
        return refuse("token is empty");
    }
    if (of_no_namespace(server.options.product, id)) {
        return refuse("failed to look up namespace from the token: no namespace");
    }
    if (!server.wrapped_answers.contains(id)) {
        return error_answer(400, "wrapping token is not valid or does not exist");
    }
    return std::nullopt;
}

// What these paths are told of as a token is looked at before anything else is. Vault ends the
// connection where it is no text.
std::optional<http::Response> refuse_named_token(const Server& server,
                                                 const LogicalRequest& request) {
    static const std::set<std::string_view> paths{"auth/token/lookup", "auth/token/renew",
                                                  "auth/token/revoke", "auth/token/revoke-orphan"};
    const auto named = request.data.find("token");
    if (!paths.contains(request.path) || named == request.data.end()) {
        return std::nullopt;
    }
    if (!named->is_string()) {
        return error_answer(403, "invalid token");
    }
    if (of_no_namespace(server.options.product, named->get<std::string>())) {
        return error_answer(500, "no namespace");
    }
    return std::nullopt;
}

// The lease likewise, but in a path that holds it OpenBao alone minds.
std::optional<http::Response> refuse_named_lease(const Server& server,
                                                 const LogicalRequest& request) {
    static const std::set<std::string_view> paths{"sys/leases/lookup", "sys/leases/renew",
                                                  "sys/leases/revoke"};
    const auto named = request.data.find("lease_id");
    if (!request.writes() || named == request.data.end() || named->is_null()) {
        return std::nullopt;
    }
    const bool whole = paths.contains(request.path);
    if (server.openbao()) {
        const bool other = !named->is_string() && (whole || request.under("sys/leases/renew/") ||
                                                   request.under("sys/leases/revoke/"));
        return other ? std::optional(error_answer(400, "invalid lease ID")) : std::nullopt;
    }
    const bool lost = whole && named->is_string() &&
                      lease_of_no_namespace(server.options.product, named->get<std::string>());
    return lost ? std::optional(error_answer(500, "no namespace")) : std::nullopt;
}

bool needs(Needs what, const Server& server, const LogicalRequest& request) {
    if (!request.mount) {
        return false;
    }
    if (!request.mount->backend) {
        const auto* builtin = server.catalog.builtin(request.mount->path);
        return builtin != nullptr && builtin->router.needs(what, builtin->below(request));
    }
    const auto path = request.under(request.mount->path);
    return path && request.mount->backend->needs(what, request.operation, *path);
}

// Whether something is there decides which capability a write needs: who looks reads the fields,
// and refuses those that cannot be read whoever asks.
std::optional<http::Response> refuse_misread(const Server& server, const LogicalRequest& request) {
    if (request.operation != Operation::update || !request.mount) {
        return std::nullopt;
    }
    std::optional<BackendResponse> refused;
    if (request.mount->backend) {
        const auto below = request.under(request.mount->path).value_or("");
        refused = request.mount->backend->misread(below, request.data);
    } else if (const auto* builtin = server.catalog.builtin(request.mount->path)) {
        refused =
            builtin->router.misread(builtin->below(request), request.data, server.options.product);
    }
    return refused ? std::optional(error_answer(400, refused->text)) : std::nullopt;
}

// OpenBao's policies hold names in lower case however they are written in the path. A final slash,
// as a list has it, stays: they see it.
std::string canonical_path(const Server& server, const LogicalRequest& request) {
    if (!server.openbao() || !request.mount) {
        return request.path;
    }
    const std::string_view slash = request.path.ends_with('/') ? "/" : "";
    const auto bare = [](std::string_view below) {
        return below.substr(0, below.size() - (below.ends_with('/') ? 1 : 0));
    };
    const auto& mount = *request.mount;
    if (mount.backend) {
        const auto whole = request.under(mount.path).value_or("");
        const auto below = std::string(bare(whole));
        const auto name = mount.backend->canonical(below);
        return name == below ? request.path : fmt::format("{}{}{}", mount.path, name, slash);
    }
    for (const std::string_view front : {"sys/policies/acl/", "sys/policy/"}) {
        const auto name = request.under(front);
        if (name && !name->empty()) {
            return fmt::format("{}{}{}", front, lower(go_trimmed(bare(*name))), slash);
        }
    }
    return request.path;
}

// What a path with an existence check does not hold yet is created (row 51).
bool creates(const Server& server, const LogicalRequest& request) {
    if (request.operation != Operation::update || !request.mount) {
        return false;
    }
    const auto below = request.under(request.mount->path).value_or("");
    if (request.mount->backend) {
        const auto exists = request.mount->backend->exists(below);
        return exists && !*exists;
    }
    if (request.mount->path == "cubbyhole/") {
        const auto held = server.cubbyholes.find(request.token->id);
        return held == server.cubbyholes.end() || !held->second.contains(below);
    }
    const auto role = request.under("auth/token/roles/");
    const auto* builtin = server.catalog.builtin(request.mount->path);
    return role && builtin != nullptr &&
           builtin->router.checks_existence(builtin->below(request)) &&
           !request.ns->token_roles.contains(*role);
}

void count_use(Token& token) {
    if (token.num_uses > 0) {
        token.used_up = --token.num_uses == 0;
    }
}

// The request's path as the token's policies name it; nothing = they cannot name it. Whoever may
// unwrap in the token's own namespace may do it in each of OpenBao's (row 258).
std::optional<std::string> path_in_policies(const Server& server, const Token& token,
                                            const LogicalRequest& request) {
    if (server.openbao() && request.path == "sys/wrapping/unwrap") {
        return request.path;
    }
    return Server::path_for(token, *request.ns, request.path);
}

// The token, then the policy; a refusal tells which of the two it was (row 18).
std::optional<http::Response> authorise(Server& server, LogicalRequest& request) {
    const auto refused = [] { return error_answer(403, "permission denied"); };
    const auto token =
        request.inline_token ? request.inline_token : server.tokens.find(request.token_id);
    if (!token || token->used_up) {
        return refused();
    }
    // A token does not outlive its entity.
    const auto entity = server.entities.find(token->entity_id);
    if (!token->entity_id.empty() && (entity == server.entities.end() || entity->second.disabled)) {
        return refused();
    }
    if (!address_allowed(token->bound_cidrs, request.remote_address)) {
        return refused();
    }
    if (auto misread = refuse_misread(server, request)) {
        count_use(*token);
        return misread;
    }
    const auto path = path_in_policies(server, *token, request);
    const bool help = request.operation == Operation::help;  // is told to every token
    if (!path && !help) {
        return error_answer(403, wrapped("permission denied"));
    }
    request.token = token;
    if (token->num_uses > 0 && request.inline_token) {
        return error_answer(500, wrapped("internal error"));  // it is nowhere to be counted down
    }
    count_use(*token);
    const bool creating = creates(server, request);
    const auto acl = server.acl_of(*token);
    if (!acl->fault().empty()) {
        return error_answer(400, "Forbidden");
    }
    if (help) {
        return std::nullopt;
    }
    bool allowed = acl->allows(request.operation, creating, *path, request.data, request.wrap_ttl);
    if (request.no_operation) {
        allowed = token->is_root();  // no capability stands for these
    }
    if (allowed && needs(Needs::sudo, server, request)) {
        allowed = acl->sudo(request.operation, *path);
    }
    if (!allowed) {
        return error_answer(403, wrapped("permission denied"));
    }
    if (creating) {
        request.operation = Operation::create;
    }
    return std::nullopt;
}

// A node that may not write can do a login that nobody hears of again, for an entity it knows.
bool can_finish(Server& server, const LogicalRequest& request, const AuthGrant& grant) {
    if (!request.at_standby) {
        return true;
    }
    return request.is_inline_login &&
           (grant.alias_name.empty() ||
            find_alias(server, request.mount->accessor, grant.alias_name) != nullptr);
}

// A backend hears only the headers that its mount lets in, and only those that it lets out are
// heard of it.
http::Headers let_in(const MountEntry& mount, const http::Headers& headers) {
    http::Headers passed;
    const auto names = mount.lists.find("passthrough_request_headers");
    if (names != mount.lists.end()) {
        for (const auto& name : names->second) {
            if (const auto value = headers.find(name)) {
                passed.set(name, *value);
            }
        }
    }
    return passed;
}

void let_out(const MountEntry& mount, http::Headers& headers) {
    const auto names = mount.lists.find("allowed_response_headers");
    const bool told =
        names != mount.lists.end() && std::ranges::any_of(names->second, [](const auto& name) {
            return lower(name) == "last-modified";
        });
    if (!told) {
        headers.remove("Last-Modified");
    }
}

Task<LogicalReply> ask_backend(Server& server, LogicalRequest request) {
    const auto backend = request.mount->backend;
    const auto path = request.under(request.mount->path).value_or("");
    const auto work = work_of(path, *request.mount);
    if (server.capacity.limited() && work && !server.options.saboteurs.on("capacity/ignored")) {
        co_await server.capacity.serve(server.clock, *work);
        request.now = server.clock.now();
    }
    BackendRequest asked;
    asked.operation = request.operation;
    asked.path = path;
    // Only a list looks at it again.
    asked.data = request.operation == Operation::list ? without_paging(server, request.data)
                                                      : std::move(request.data);
    asked.body = request.body;
    asked.headers = let_in(*request.mount, request.headers);
    asked.mount = request.mount->view();
    asked.now = request.now;
    asked.unauthenticated = request.unauthenticated;
    asked.remote_address = request.remote_address;
    asked.namespace_path = request.ns->path;
    if (request.token) {
        asked.identity = values_of(server, request.token->entity_id);
    }
    if (request.at_standby) {
        asked.standby = StandbyView{request.node->id, request.node->running_since};
    }
    auto response = co_await backend->handle(std::move(asked));
    let_out(*request.mount, response.raw.headers);
    request.now = server.clock.now();
    if (request.operation == Operation::list && response.kind == BackendResponse::Kind::data) {
        page(request, response, server);
    }
    if (response.kind == BackendResponse::Kind::auth &&
        can_finish(server, request, *response.auth)) {
        co_return finish_login(server, request, std::move(response));
    }
    co_return response;
}

}  // namespace

Task<LogicalReply> dispatch(Server& server, LogicalRequest request) {
    if (!request.mount) {
        co_return BackendResponse::error(
            fmt::format("no handler for route {}. route entry not found.", go_quoted(request.path)),
            404);
    }
    if (request.operation == Operation::help) {
        co_return tell_help(server, request);
    }
    if (request.no_operation) {
        co_return BackendResponse::unsupported_operation();
    }
    if (request.mount->backend) {
        co_return co_await ask_backend(server, std::move(request));
    }
    const auto* builtin = server.catalog.builtin(request.mount->path);
    if (builtin == nullptr) {
        co_return BackendResponse::unsupported_path();
    }
    co_return co_await serve_builtin(server, *builtin, std::move(request));
}

std::optional<http::Response> refuse_folder(const LogicalRequest& request) {
    const bool writes = request.writes() || request.operation == Operation::patch;
    return writes && request.path.ends_with('/')
               ? std::optional(error_answer(400, "cannot write to a path ending in '/'"))
               : std::nullopt;
}

bool is_unauthenticated(const Server& server, const LogicalRequest& request) {
    return needs(Needs::nothing, server, request);
}

namespace {

// The role that a login names, where the method has it: limits may be a role's.
std::string role_of_login(const LogicalRequest& request) {
    const auto& mount = request.mount;
    if (!mount || !mount->backend || !mount->is_auth() || !request.writes() ||
        request.path != mount->path + "login") {
        return {};
    }
    const auto role = request.data.find("role");
    const bool known = role != request.data.end() && role->is_string() &&
                       mount->backend->exists("role/" + role->get<std::string>()).value_or(false);
    return known ? role->get<std::string>() : std::string();
}

QuotaVerdict take_quota(Server& server, const LogicalRequest& request) {
    if (server.quotas.limits.empty()) {
        return {};
    }
    const auto& space = request.ns->path;
    const auto path = space + request.path;
    const auto mount = request.mount ? space + request.mount->path : std::string();
    const auto role = role_of_login(request);
    return server.quotas.take({path, mount, space, role, request.remote_address}, request.now);
}

// The answer of whoever serves the path: at the node that was asked, or else at the active one.
Task<tl::expected<LogicalReply, http::Response>> ask_either(Server& server,
                                                            LogicalRequest& request) {
    // What was asked is the backend's alone from here on.
    auto data = std::exchange(request.data, Json());
    auto asked = request;
    asked.data = std::move(data);
    if (request.at_standby) {
        if (auto own = co_await answer_at_standby(server, asked)) {
            co_return std::move(*own);
        }
        if (auto refused = hand_over(server, request)) {
            co_return tl::unexpected(std::move(*refused));
        }
        asked.node = request.node;
        asked.at_standby = false;
        asked.now = request.now;
    }
    co_return co_await dispatch(server, std::move(asked));
}

}  // namespace

Task<http::Response> serve_logical(Server& server, LogicalRequest request) {
    request.mount = server.find_mount(*request.ns, request.path);
    const auto limit = take_quota(server, request);
    const auto with_headers = [&limit](http::Response response) {
        for (const auto& [name, value] : limit.headers.fields()) {
            response.headers.set(name, value);
        }
        return response;
    };
    if (!limit.allowed) {
        co_return with_headers(error_answer(
            429, fmt::format("request path \"{}\": rate limit quota exceeded", request.path)));
    }
    if (auto refusal = co_await log_in_inline(server, request)) {
        co_return with_headers(std::move(*refusal));
    }
    if (auto refusal = refuse_folder(request)) {
        co_return with_headers(std::move(*refusal));
    }
    if (auto refusal = refuse_wrapping_token(server, request)) {
        co_return with_headers(std::move(*refusal));
    }
    if (auto refusal = refuse_named_token(server, request)) {
        co_return with_headers(std::move(*refusal));
    }
    if (auto refusal = refuse_named_lease(server, request)) {
        co_return with_headers(std::move(*refusal));
    }
    request.path = canonical_path(server, request);
    request.unauthenticated = is_unauthenticated(server, request);
    if (request.unauthenticated) {
        request.token = server.tokens.find(request.token_id);
    } else if (auto refusal = authorise(server, request)) {
        if (request.token && request.token->used_up) {
            server.tokens.revoke(request.token->id);
        }
        co_return with_headers(std::move(*refusal));
    }
    auto reply = co_await ask_either(server, request);
    if (!reply) {
        co_return with_headers(std::move(reply.error()));
    }
    request.now = server.clock.now();
    if (server.closed(*request.node)) {
        co_return error_answer(503, "Vault is sealed");
    }
    auto answer = respond(server, request, std::move(*reply));
    if (request.token && request.token->used_up && !request.unauthenticated) {
        server.tokens.revoke(request.token->id);
    }
    co_return with_headers(std::move(answer));
}

}  // namespace meshproof::fakes::vault
