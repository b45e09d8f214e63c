#include "fakes/vault/server/server.hpp"

#include <algorithm>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/logical/addresses.hpp"

namespace meshproof::fakes::vault {

namespace {

MountEntry builtin(Prng& ids, std::string path, std::string type, std::string description) {
    MountEntry entry;
    entry.path = std::move(path);
    entry.accessor =
        fmt::format("{}{}_{}", entry.is_auth() ? "auth_" : "",
                    type.starts_with("ns_") ? type.substr(3) : type, to_hex(ids.bytes(4)));
    entry.type = std::move(type);
    entry.description = std::move(description);
    entry.uuid = make_uuid(ids);
    entry.options = Json();
    return entry;
}

bool is_work(std::string_view path, const MountEntry& mount) {
    if (mount.is_auth()) {
        return path == "login";
    }
    return path.starts_with("sign/") || path.starts_with("issue/") ||
           path.starts_with("sign-verbatim") || path.find("/sign/") != std::string_view::npos ||
           path.find("/issue/") != std::string_view::npos;
}

// OpenBao's paging of the engines' lists; what a list does not know is told in a warning.
void page(const LogicalRequest& request, BackendResponse& response, const VaultCore& core) {
    const bool pages = core.openbao() && !core.options.defects.on("http/list-without-pages");
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
    const auto keys = response.data.is_object() ? response.data.find("keys") : response.data.end();
    if (!pages || keys == response.data.end() || !keys->is_array()) {
        return;
    }
    static const Fields fields{{{"after", FieldType::text}, {"limit", FieldType::integer}}};
    const auto read = FieldData::read(fields, request.data, core.options.product);
    if (!read) {
        response = BackendResponse::error(read.error().message);
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
    *keys = std::move(kept);
}

// A wrapping token is looked at before the caller's own: it may be that.
std::optional<http::Response> refuse_wrapping_token(const VaultCore& core,
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
    if (!core.wrapped_answers.contains(id) &&
        !core.options.defects.on("http/wrapping-token-after-the-callers")) {
        return error_answer(400, "wrapping token is not valid or does not exist");
    }
    return std::nullopt;
}

}  // namespace

MountView MountEntry::view() const {
    return {path, default_ttl > Duration{} ? default_ttl : system_lease_ttl,
            max_ttl > Duration{} ? max_ttl : system_lease_ttl};
}

std::optional<std::string> LogicalRequest::under(std::string_view prefix) const {
    if (!path.starts_with(prefix)) {
        return std::nullopt;
    }
    auto rest = path.substr(prefix.size());
    if (operation == Operation::list && rest.ends_with('/')) {
        rest.pop_back();
    }
    return rest;
}

BackendResponse list_answer(const std::vector<std::string>& keys) {
    return BackendResponse::with(Json{{"keys", keys}});
}

BackendResponse tidy_started(const VaultCore& core) {
    BackendResponse response;
    response.status = 202;
    response.warnings = {fmt::format(
        "Tidy operation successfully started. Any information from the operation will be printed "
        "to {}'s server logs.",
        core.product_name())};
    return response;
}

VaultCore::VaultCore(FakeVaultOptions given, Clock& given_clock, http::Transport& given_outgoing)
    : options(std::move(given)),
      clock(given_clock),
      outgoing(given_outgoing),
      ids(Prng(options.seed).fork("vault/ids")),
      tokens(options.product, Prng(options.seed).fork("vault/tokens"), options.defects),
      barrier(Prng(options.seed).fork("vault/seal")),
      cluster(options.storage == "raft"),
      capacity(options.sign_service_time, options.sign_concurrency) {
    cluster_name = "vault-cluster-" + to_hex(ids.bytes(4));
    cluster_id = make_uuid(ids);
    installed = clock.now();
    add_namespace("");
    tokens.on_end([this](const Token& token) {
        cubbyholes.erase(token.id);
        wrapped_answers.erase(token.id);
        std::vector<std::string> owned;
        for (const auto& [id, lease] : leases) {
            if (lease.token == token.id) {
                owned.push_back(id);
            }
        }
        for (const auto& id : owned) {
            revoke_lease(id, clock.now());
        }
    });
}

void VaultCore::initialise(int shares, int threshold, Token root_token) {
    barrier.initialise(shares, threshold);
    root_token.policies = {"root"};
    root_token.orphan = true;
    root_token.issued = clock.now();
    tokens.add(std::move(root_token), "");
}

std::shared_ptr<Namespace> VaultCore::add_namespace(const std::string& path) {
    const bool child = !path.empty();
    auto ns = std::make_shared<Namespace>();
    ns->path = path;
    if (child) {
        ns->id = tokens.base62(6);
        ns->uuid = make_uuid(ids);
    }
    const std::string prefix = child ? "ns_" : "";
    auto sys = builtin(ids, "sys/", prefix + "system",
                       "system endpoints used for control, policy and debugging");
    sys.headers = Json::array({"Accept"});
    auto cubbyhole =
        builtin(ids, "cubbyhole/", prefix + "cubbyhole", "per-token private secret storage");
    cubbyhole.local = true;
    auto identity = builtin(ids, "identity/", prefix + "identity", "identity store");
    identity.headers = Json::array({"Authorization"});
    auto token = builtin(ids, "auth/token/", prefix + "token", "token based credentials");
    token.token_type = child ? "default" : "default-service";
    for (auto* entry : {&sys, &cubbyhole, &identity, &token}) {
        const auto place = entry->path;
        ns->mounts[place] = std::make_shared<MountEntry>(std::move(*entry));
    }
    auto standard = parse_policy(default_policy_text(options.product), options.product);
    MESHPROOF_ASSERT(standard.has_value(), "the default policy does not parse");
    standard->modified = clock.now();
    ns->policies["default"] = std::move(*standard);
    namespaces[path] = ns;
    return ns;
}

std::shared_ptr<MountEntry> VaultCore::find_mount(const Namespace& ns,
                                                  std::string_view path) const {
    // Mounts do not nest, so at most one of the path's own prefixes is one.
    for (auto slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
        const auto found = ns.mounts.find(path.substr(0, slash + 1));
        if (found != ns.mounts.end()) {
            return found->second;
        }
    }
    const auto whole = ns.mounts.find(std::string(path) + "/");
    return whole == ns.mounts.end() ? nullptr : whole->second;
}

void VaultCore::remove_mount(Namespace& ns, const std::string& path, Time now) {
    if (options.defects.on("sys/disabled-method-ends-batch-tokens")) {
        tokens.revoke_namespace(ns.path);
    }
    if (!options.defects.on("sys/disabled-method-keeps-tokens")) {
        if (!options.defects.on("sys/disabling-auth-revokes-nothing")) {
            tokens.revoke_prefix(ns.path, path);
        }
    }
    std::vector<std::string> ended;
    for (const auto& [id, lease] : leases) {
        if (lease.namespace_path == ns.path && id.starts_with(path)) {
            ended.push_back(id);
        }
    }
    for (const auto& id : ended) {
        revoke_lease(id, now);
    }
    ns.mounts.erase(path);
}

std::shared_ptr<const Acl> VaultCore::acl_of(const Token& token) {
    const auto known = entities.find(token.entity_id);
    const auto* entity = known == entities.end() ? nullptr : &known->second;
    auto names = token.policies;
    if (entity != nullptr) {
        names.insert(names.end(), entity->policies.begin(), entity->policies.end());
    }
    const auto key = token.namespace_path + "\n" + token.entity_id + "\n" + join(names, "\n");
    auto& kept = acls_[key];
    if (!kept) {
        auto acl = std::make_shared<Acl>(options.defects);
        const auto ns = namespaces.find(token.namespace_path);
        if ((token.is_root() && token.namespace_path.empty()) ||
            options.defects.on("policy/allow-everything")) {
            *acl = Acl::root(options.defects);
        } else if (ns != namespaces.end()) {
            for (const auto& name : names) {
                const auto policy = ns->second->policies.find(name);
                if (policy != ns->second->policies.end()) {
                    acl->add(with_identity(*this, policy->second, entity));
                }
            }
            if (token.policies == std::vector<std::string>{"response-wrapping"}) {
                Policy wrapping;
                wrapping.paths = {{"cubbyhole/response", Rule{{"create", "read"}, {}, {}, {}}},
                                  {"sys/wrapping/unwrap", Rule{{"update"}, {}, {}, {}}}};
                acl->add(wrapping);
            }
        }
        kept = acl;
    }
    return kept;
}

std::optional<std::string> VaultCore::path_for(const Token& token, const Namespace& ns,
                                               std::string_view path) {
    if (!ns.path.starts_with(token.namespace_path)) {
        return std::nullopt;
    }
    return ns.path.substr(token.namespace_path.size()) + std::string(path);
}

void VaultCore::revoke_lease(const std::string& id, Time now) {
    const auto found = leases.find(id);
    if (found == leases.end()) {
        return;
    }
    const auto lease = std::move(found->second);
    leases.erase(found);
    lease_ends.erase({lease.expires, id});
    if (const auto backend = lease.backend.lock()) {
        backend->revoke_lease(lease.internal, now);
    }
}

void VaultCore::expire(Time now) {
    if (!options.defects.on("token/never-expires")) {
        tokens.expire(now);
    }
    while (!lease_ends.empty() && lease_ends.begin()->first <= now) {
        const auto id = lease_ends.begin()->second;
        revoke_lease(id, now);
    }
}

bool VaultCore::is_unauthenticated(const LogicalRequest& request) const {
    if (!request.mount) {
        return false;
    }
    if (!request.mount->backend) {
        return builtin_unauthenticated(request);
    }
    const auto path = request.under(request.mount->path);
    return path && request.mount->backend->unauthenticated(request.operation, *path);
}

bool VaultCore::needs_sudo(const LogicalRequest& request) const {
    if (options.defects.on("policy/sudo-for-all-of-sys") && request.path.starts_with("sys/")) {
        return true;
    }
    if (!request.mount || !request.mount->backend) {
        return builtin_needs_sudo(request);
    }
    const auto path = request.under(request.mount->path);
    return path && request.mount->backend->needs_sudo(request.operation, *path);
}

// The token, then the policy; a refusal tells which of the two it was (row 18).
std::optional<http::Response> VaultCore::authorise(LogicalRequest& request) {
    const auto refused = [&] {
        if (options.defects.on("http/leak-token-in-error")) {
            return error_answer(403, "permission denied for token " + request.token_id);
        }
        return error_answer(403, "permission denied");
    };
    const auto token = tokens.find(request.token_id);
    if (!token || token->used_up) {
        return refused();
    }
    // A token does not outlive its entity.
    const auto entity = entities.find(token->entity_id);
    if (!token->entity_id.empty() && (entity == entities.end() || entity->second.disabled)) {
        return refused();
    }
    const auto path = options.defects.on("sys/policies-ignore-namespaces")
                          ? std::optional(request.path)
                          : path_for(*token, *request.ns, request.path);
    if (!path) {
        return refused();
    }
    if (!address_allowed(token->bound_cidrs, request.remote_address) &&
        !options.defects.on("token/bound-cidrs-ignored")) {
        return refused();
    }
    request.token = token;
    if (token->num_uses > 0 && !options.defects.on("token/uses-never-run-out")) {
        token->used_up = --token->num_uses == 0;
    }
    // What a path with an existence check does not hold yet is created (row 51).
    bool creating = false;
    if (request.operation == Operation::update && request.mount) {
        const auto below = request.under(request.mount->path).value_or("");
        if (request.mount->backend) {
            const auto exists = request.mount->backend->exists(below);
            creating = exists && !*exists && !options.defects.on("policy/no-existence-check");
        } else if (request.mount->path == "cubbyhole/") {
            const auto held = cubbyholes.find(token->id);
            creating = held == cubbyholes.end() || !held->second.contains(below);
        }
    }
    const auto acl = acl_of(*token);
    bool allowed = acl->allows(request.operation, creating, *path, request.data);
    if (request.no_operation && !options.defects.on("http/head-is-a-read")) {
        allowed = token->is_root();  // no capability stands for these
    }
    if (!allowed && request.operation == Operation::list && path->ends_with('/') &&
        !options.defects.on("policy/list-only-with-slash")) {
        // A list is allowed by a rule for the path without its slash as well (row 54).
        allowed = acl->allows(request.operation, creating, path->substr(0, path->size() - 1),
                              request.data);
    }
    if (allowed && needs_sudo(request)) {
        allowed = acl->sudo(request.operation, *path);
    }
    if (!allowed) {
        return error_answer(403, options.defects.on("http/denied-like-a-bad-token")
                                     ? "permission denied"
                                     : wrapped("permission denied"));
    }
    if (creating) {
        request.operation = Operation::create;
    }
    return std::nullopt;
}

Task<http::Response> VaultCore::logical(LogicalRequest request) {
    request.mount = find_mount(*request.ns, request.path);
    const auto limit = quotas.take(request.path, request.mount ? request.mount->path : "",
                                   request.remote_address, request.now);
    const auto with_headers = [&limit, this](http::Response response) {
        if (options.defects.on("sys/quota-headers-never")) {
            return response;
        }
        for (const auto& [name, value] : limit.headers.fields()) {
            response.headers.set(name, value);
        }
        return response;
    };
    const bool exempt =
        options.defects.on("sys/quota-after-the-token") && !tokens.find(request.token_id);
    if (!limit.allowed && !exempt && !options.defects.on("sys/quota-never-refuses")) {
        co_return with_headers(error_answer(
            429, fmt::format("request path \"{}\": rate limit quota exceeded", request.path)));
    }
    if (auto refusal = refuse_wrapping_token(*this, request)) {
        co_return with_headers(std::move(*refusal));
    }
    request.unauthenticated = is_unauthenticated(request);
    if (request.unauthenticated) {
        request.token = tokens.find(request.token_id);
    } else if (auto refusal = authorise(request)) {
        if (request.token && request.token->used_up) {
            tokens.revoke(request.token->id);
        }
        co_return with_headers(std::move(*refusal));
    }
    const auto typed = [](const Json& value) { return value.is_number() || value.is_boolean(); };
    if (options.defects.on("http/strict-types") && std::ranges::any_of(request.data, typed)) {
        co_return error_answer(400, "expected a string");
    }
    if (request.unauthenticated && options.defects.on("http/bad-token-refused-everywhere") &&
        !request.token_id.empty() && !request.token) {
        co_return error_answer(403, "permission denied");
    }
    auto reply = co_await dispatch(request);
    request.now = clock.now();
    if (request.node->seal.sealed()) {
        co_return error_answer(503, "Vault is sealed");
    }
    auto answer = respond(*this, request, std::move(reply));
    if (request.token && request.token->used_up && !request.unauthenticated) {
        tokens.revoke(request.token->id);
    }
    co_return with_headers(std::move(answer));
}

Task<CoreReply> VaultCore::dispatch(LogicalRequest request) {
    if (!request.mount) {
        if (options.defects.on("http/no-route-is-403")) {
            co_return BackendResponse::go_error("permission denied", 403);
        }
        co_return BackendResponse::error(
            fmt::format("no handler for route \"{}\". route entry not found.", request.path), 404);
    }
    if (request.no_operation) {
        co_return BackendResponse::unsupported_operation();
    }
    if (request.mount->backend) {
        co_return co_await ask_backend(std::move(request));
    }
    if (request.mount->path == "sys/") {
        co_return co_await serve_sys(*this, std::move(request));
    }
    if (request.mount->path == "auth/token/") {
        co_return co_await serve_tokens(*this, std::move(request));
    }
    if (request.mount->path == "cubbyhole/") {
        co_return serve_cubbyhole(*this, request);
    }
    if (request.mount->path == "identity/") {
        co_return serve_identity(*this, request);
    }
    co_return BackendResponse::unsupported_path();
}

Task<CoreReply> VaultCore::ask_backend(LogicalRequest request) {
    const auto backend = request.mount->backend;
    const auto path = request.under(request.mount->path).value_or("");
    if (capacity.limited() && is_work(path, *request.mount) &&
        !options.defects.on("capacity/ignored")) {
        co_await capacity.serve(clock);
        request.now = clock.now();
    }
    BackendRequest asked;
    asked.operation = request.operation;
    asked.path = path;
    asked.data = request.data;
    asked.body = request.body;
    // A backend sees only what its mount passes through.
    for (const auto& name : request.mount->headers) {
        if (const auto value = request.headers.find(name.get<std::string>())) {
            asked.headers.set(name.get<std::string>(), *value);
        }
    }
    asked.mount = request.mount->view();
    asked.now = request.now;
    asked.unauthenticated = request.unauthenticated;
    asked.remote_address = request.remote_address;
    asked.namespace_path = request.ns->path;
    auto response = co_await backend->handle(std::move(asked));
    request.now = clock.now();
    if (request.operation == Operation::list && response.kind == BackendResponse::Kind::data) {
        page(request, response, *this);
    }
    if (response.kind == BackendResponse::Kind::auth) {
        co_return finish_login(*this, request, std::move(response));
    }
    co_return response;
}

}  // namespace meshproof::fakes::vault
