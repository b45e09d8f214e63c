#include "fakes/vault/fake_vault.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/time/worker.hpp"
#include "fakes/state.hpp"
#include "fakes/vault/catalog.hpp"
#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/request_parts.hpp"
#include "fakes/vault/server/serve.hpp"
#include "fakes/vault/server/standby.hpp"
#include "fakes/vault/server/state.hpp"
#include "fakes/vault/sys/bare.hpp"

namespace meshproof::fakes::vault {

namespace {

// What may be asked of the whole server only, not inside a namespace (row 42).
bool server_wide(std::string_view path) {
    path.remove_suffix(path.ends_with('/') ? 1 : 0);
    return path == "sys/health" || path == "sys/init" || path == "sys/seal" ||
           path == "sys/unseal" || path == "sys/step-down";
}

// The token that a request is about, where OpenBao looks for it where the token is at home,
// whatever namespace is named (row 43); "" elsewhere.
std::string token_in_question(const LogicalRequest& request) {
    const auto given = request.data.find("token");
    const auto named = given != request.data.end() && given->is_string() ? given->get<std::string>()
                                                                         : std::string();
    const auto& path = request.path;
    for (const auto* own :
         {"auth/token/lookup-self", "auth/token/renew-self", "auth/token/revoke-self"}) {
        if (path == own) {
            return request.token_id;
        }
    }
    for (const auto* either : {"auth/token/lookup", "sys/wrapping/lookup", "sys/wrapping/rewrap",
                               "sys/wrapping/unwrap"}) {
        if (path == either) {
            return named.empty() ? request.token_id : named;
        }
    }
    for (const auto* other :
         {"auth/token/renew", "auth/token/revoke", "auth/token/revoke-orphan"}) {
        if (path == other) {
            return named;
        }
    }
    return {};
}

// Sends a request about a child namespace's token there.
void bring_home(const Server& server, LogicalRequest& request) {
    const auto known = server.tokens.find(token_in_question(request));
    if (!known || known->namespace_path.empty()) {
        return;
    }
    const auto home = server.namespaces.find(known->namespace_path);
    if (home != server.namespaces.end()) {
        request.ns = home->second;
    }
}

// OpenBao on raft tells how far the storage was for what it answered (row 7).
void tell_index(Server& server, const LogicalRequest& request, http::Response& response) {
    if (response.status < 200 || response.status >= 300) {
        return;
    }
    if (!request.reads() && request.operation != Operation::list) {
        server.raft_index += 4;
    }
    const auto index =
        Json{{"cluster", server.cluster_id}, {"value", std::to_string(server.raft_index)}};
    response.headers.set("X-Vault-Index", to_base64(index.dump()));
}

// What the target alone decides, before anybody looks at what is served there.
std::optional<http::Response> refuse_target(const Server& server, const http::Request& request,
                                            const std::string& path, const std::string& query) {
    const auto product = server.options.product;
    if (auto refused = refuse_path(request, path, product)) {
        return refused;
    }
    const bool api = path.starts_with("/v1/");
    const auto named = request.headers.find("X-Vault-Namespace").value_or("");
    if (api && server.openbao() && !named.empty() && server_wide(path.substr(4))) {
        return error_answer(400, "operation unavailable in namespaces");
    }
    // Both are looked at before the path is: whoever counts requests reads whether one lists, and
    // help is told of any path.
    if (api || path == "/v1/sys") {
        if (auto refused = refuse_query(request.method, query)) {
            return refused;
        }
    }
    if (api && request.method == "GET" && asks_for_help(request.method, query)) {
        return std::nullopt;
    }
    if (auto moved = redirect(path, query, request.method, product)) {
        return moved;
    }
    return api ? std::nullopt : std::optional(error_answer(404));
}

// The logical request for this node, or the refusal.
tl::expected<LogicalRequest, http::Response> understand(Server& server, const VaultNode& node,
                                                        const http::Request& request,
                                                        std::string path, const std::string& query,
                                                        Time now, EarlyBody* early) {
    const auto token = presented_token(request.headers);
    auto ns = server.root();
    const bool sealed = server.closed(node);
    if (!sealed) {
        server.expire(now);
        if (server.openbao()) {
            ns = server.resolve_namespace(request.headers.find("X-Vault-Namespace").value_or(""),
                                          path);
        }
        if (!ns) {
            // What is wrong with the request itself is told first, but for a verb that nothing has.
            const auto read = parse_logical(request, path, query, server.options.product, early);
            const bool fine = read || request.method == "OPTIONS";
            return tl::unexpected(fine ? error_answer(404, "namespace not found") : read.error());
        }
    }
    // Of a sealed server's refusals for the form alone, only that of a bad query is seen first.
    const bool reads =
        request.method == "GET" || request.method == "LIST" || request.method == "DELETE";
    if (sealed && !reads) {
        return tl::unexpected(error_answer(503, "Vault is sealed"));
    }
    auto logical = parse_logical(request, path, query, server.options.product, early);
    if (!logical) {
        return logical;
    }
    if (sealed) {
        return tl::unexpected(error_answer(503, "Vault is sealed"));
    }
    logical->headers = request.headers;
    logical->ns = std::move(ns);
    logical->token_id = token;
    logical->now = now;
    if (server.openbao()) {
        bring_home(server, *logical);
    }
    return logical;
}

// A standby begins some requests itself and forwards the others to the active node; where it can
// do neither, it answers so.
std::optional<http::Response> choose_node(Server& server, VaultNode& node,
                                          const http::Request& request, LogicalRequest& logical) {
    logical.node = &node;
    // A sealed one leads nobody; that it is asked at all is a saboteur's work.
    if (server.nodes.active() == &node || node.seal.sealed()) {
        return std::nullopt;
    }
    logical.target = request.target;
    if (server.openbao() && logical.wrap_ttl) {
        return error_answer(500, "internal error");
    }
    if (begins_at_standby(server, logical)) {
        logical.at_standby = true;
        return std::nullopt;
    }
    return hand_over(server, logical);
}

/// A body that is read while others are served, and what was read of it.
struct BodyAside {
    std::string text;
    EarlyBody early;
};

Task<BodyAside> read_aside(Worker* worker, http::Request& request, Product product) {
    const bool with_policy = request.target.find("sys/polic") != std::string::npos;
    co_return co_await aside(worker,
                             [text = std::move(request.body), with_policy, product]() mutable {
                                 auto early = read_early(text, with_policy, product);
                                 return BodyAside{std::move(text), std::move(early)};
                             });
}

Task<http::Response> answer(Server& server, VaultNode& node, http::Request request,
                            http::Peer peer) {
    std::optional<EarlyBody> early;
    // Before anything else, since all else may have changed when this is done.
    if (server.options.worker != nullptr && has_large_json(request)) {
        auto read = co_await read_aside(server.options.worker, request, server.options.product);
        request.body = std::move(read.text);
        early = std::move(read.early);
    }
    const auto now = server.clock.now();
    server.nodes.settle(now);
    const auto [target, query] = split_target(request.target);
    if (auto refused = refuse_target(server, request, target, query)) {
        co_return std::move(*refused);
    }
    const auto path = target.substr(std::string_view("/v1/").size());
    auto* const read = early ? &*early : nullptr;
    if (auto bare = serve_bare(server, {node, request, path, now, read})) {
        co_return std::move(*bare);
    }
    auto logical = understand(server, node, request, path, query, now, read);
    if (!logical) {
        co_return std::move(logical.error());
    }
    logical->remote_address = peer.address;
    if (auto refused = choose_node(server, node, request, *logical)) {
        co_return std::move(*refused);
    }
    if (!server.openbao() || !server.nodes.raft()) {
        co_return co_await serve_logical(server, std::move(*logical));
    }
    auto response = co_await serve_logical(server, *logical);
    tell_index(server, *logical, response);
    co_return response;
}

VaultNode first_node(const Server& server) {
    const auto& options = server.options;
    return {options.name, options.api_address,
            Seal(server.barrier, !options.initialised,
                 Prng(options.seed).fork("vault/seal/" + options.name))};
}

}  // namespace

FakeVault::FakeVault(FakeVaultOptions options, Clock& clock, http::Transport& outgoing)
    : server_(
          std::make_shared<Server>(std::move(options), whole_catalog(options), clock, outgoing)),
      node_(server_->nodes.add(first_node(*server_))) {
    const auto& given = server_->options;
    if (given.initialised) {
        Token root;
        root.id = given.root_token.reveal();
        root.path = "auth/token/create";
        root.display_name = "token";
        server_->initialise(given.key_shares, given.key_threshold, std::move(root));
        server_->nodes.start_with(node_, clock.now());
    }
}

FakeVault::FakeVault(FakeVault& first, std::string name, std::string api_address, bool joined)
    : server_(first.server_),
      node_(server_->nodes.add({name, std::move(api_address),
                                Seal(server_->barrier, !joined || first.sealed(),
                                     Prng(server_->options.seed).fork("vault/seal/" + name)),
                                joined})) {
    MESHPROOF_ASSERT(server_->nodes.raft(), "only raft storage has several nodes");
}

Result<std::unique_ptr<FakeVault>> FakeVault::restored(const Json& state, FakeVaultOptions options,
                                                       Clock& clock, http::Transport& outgoing) {
    std::unique_ptr<FakeVault> vault;
    const auto loaded = load_state([&] {
        std::uint64_t starts = 0;
        read_member(state, "starts", starts);
        ++starts;
        options.seed = Prng(options.seed).fork(fmt::format("vault/start/{}", starts)).seed();
        read_member(state, "root_token", options.root_token);
        options.initialised = false;
        vault = std::make_unique<FakeVault>(std::move(options), clock, outgoing);
        vault->server_->starts = starts;
        load_vault(*vault->server_, vault->node_, state);
    });
    if (!loaded) {
        return propagate(loaded);
    }
    return vault;
}

FakeVault::~FakeVault() = default;

Json FakeVault::save() const {
    return save_vault(*server_, node_);
}

void FakeVault::set_api_address(std::string address) {
    node_.api_address = std::move(address);
}

void FakeVault::crash() {
    server_->nodes.crashed(node_, server_->clock.now());
}

Task<http::Response> FakeVault::handle(http::Request request, http::Peer peer) {
    const auto method = request.method;
    const auto path = request.target.substr(0, request.target.find('?'));
    const auto named = request.headers.find("X-Vault-Namespace");
    auto response = co_await answer(*server_, node_, std::move(request), std::move(peer));
    const auto now = server_->clock.now();
    response.headers.set("Cache-Control", "no-store");
    response.headers.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
    response.headers.set("Date", http_date(now));
    if (named && !named->empty()) {
        response.headers.set("X-Vault-Namespace", *named);
    }
    if (method == "HEAD") {
        response.body.clear();
    }
    response.chunked = response.body.size() > 2048;
    if (response.chunked) {
        response.headers.set("Transfer-Encoding", "chunked");
    } else if (!response.body.empty()) {
        response.headers.set("Content-Length", std::to_string(response.body.size()));
    }
    if (server_->options.on_request) {
        server_->options.on_request(method, path, response.status, now);
    }
    co_return response;
}

const Secret& FakeVault::root_token() const {
    return server_->options.root_token;
}
const std::vector<Secret>& FakeVault::unseal_keys() const {
    return server_->barrier.keys();
}
bool FakeVault::sealed() const {
    return node_.seal.sealed();
}
std::string FakeVault::accessor_of(const http::Request& request) const {
    const auto token = server_->tokens.find(presented_token(request.headers));
    return token ? token->accessor : std::string();
}
const FakeVaultOptions& FakeVault::options() const {
    return server_->options;
}

}  // namespace meshproof::fakes::vault
