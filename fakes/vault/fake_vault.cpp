#include "fakes/vault/fake_vault.hpp"

#include <algorithm>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "fakes/state.hpp"
#include "fakes/vault/server/request_parts.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/server/state.hpp"

namespace meshproof::fakes::vault {

namespace {

// What may be asked of the whole server only, not inside a namespace (row 42).
bool server_wide(std::string_view path) {
    return path == "sys/health" || path == "sys/init" || path == "sys/seal" ||
           path == "sys/unseal" || path == "sys/step-down";
}

// The namespace that the request means, and its path within it.
std::shared_ptr<Namespace> resolve_namespace(VaultCore& core, const http::Headers& headers,
                                             std::string_view token, std::string& path) {
    if (!core.openbao()) {
        return core.root();
    }
    auto named = std::string(trim(headers.find("X-Vault-Namespace").value_or("")));
    if (core.options.defects.on("sys/namespace-header-ignored")) {
        named.clear();
    }
    while (named.starts_with('/')) {
        named.erase(0, 1);
    }
    if (named == "root" || named == "root/") {
        named.clear();
    }
    if (!named.empty() && !named.ends_with('/')) {
        named += '/';
    }
    const auto found = core.namespaces.find(named);
    if (found == core.namespaces.end()) {
        return nullptr;
    }
    auto ns = found->second;
    // The header may be completed, or replaced, by a path prefix.
    for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/')) {
        const auto inner = core.namespaces.find(ns->path + path.substr(0, slash + 1));
        if (inner == core.namespaces.end()) {
            break;
        }
        ns = inner->second;
        path.erase(0, slash + 1);
    }
    // A child namespace's token knows where it belongs.
    if (ns->path.empty() && named.empty()) {
        const auto dot = token.rfind('.');
        if (const auto known = core.tokens.find(token); known && dot != std::string_view::npos) {
            const auto home = core.namespaces.find(known->namespace_path);
            if (home != core.namespaces.end()) {
                ns = home->second;
            }
        }
    }
    return ns;
}

// OpenBao on raft tells how far the storage was for what it answered (row 7).
void tell_index(VaultCore& core, const LogicalRequest& request, http::Response& response) {
    if (response.status < 200 || response.status >= 300) {
        return;
    }
    if (!request.reads() && request.operation != Operation::list) {
        core.raft_index += 4;
    }
    const auto index =
        Json{{"cluster", core.cluster_id}, {"value", std::to_string(core.raft_index)}};
    if (!core.options.defects.on("http/no-index-on-raft")) {
        response.headers.set("X-Vault-Index", to_base64(index.dump()));
    }
}

Task<http::Response> answer(VaultCore& core, Node& node, http::Request request, http::Peer peer) {
    const auto now = core.clock.now();
    core.cluster.settle(now);
    auto [raw_path, query] = split_target(request.target);
    const auto& defects = core.options.defects;
    if (defects.on("http/escapes-kept")) {
        raw_path = request.target.substr(0, request.target.find('?'));
    }
    if (defects.on("http/put-reads-no-body") && request.method == "PUT") {
        request.body.clear();
    }
    if (auto refused = refuse_path(request, raw_path, core.options)) {
        co_return std::move(*refused);
    }
    if (auto moved = redirect(raw_path, query, request.method, core.options.product)) {
        if (defects.on("http/redirect-is-302")) {
            moved->status = 302;
        }
        co_return std::move(*moved);
    }
    if (!raw_path.starts_with("/v1/") && !defects.on("http/serves-outside-v1")) {
        co_return error_answer(404);
    }
    auto path = raw_path.substr(std::min<std::size_t>(4, raw_path.size()));
    const auto named = request.headers.find("X-Vault-Namespace").value_or("");
    if (core.openbao() && !named.empty() && server_wide(path) &&
        !defects.on("sys/health-in-a-namespace")) {
        co_return error_answer(400, "operation unavailable in namespaces");
    }
    if (auto bare = serve_bare(core, node, request, path, now)) {
        co_return std::move(*bare);
    }
    const auto token = defects.on("http/bearer-unread")
                           ? request.headers.find("X-Vault-Token").value_or("")
                           : presented_token(request.headers);
    std::shared_ptr<Namespace> ns = core.root();
    const bool sealed = node.seal.sealed();
    if (!sealed) {
        core.expire(now);
        ns = resolve_namespace(core, request.headers, token, path);
        if (!ns && defects.on("sys/unknown-namespace-is-root")) {
            ns = core.root();
        }
        if (!ns) {
            co_return error_answer(404, "namespace not found");
        }
    }
    // Of a sealed server's refusals for the form alone, only that of a bad query is seen first.
    const bool reads =
        request.method == "GET" || request.method == "LIST" || request.method == "DELETE";
    if (sealed && !reads) {
        co_return error_answer(503, "Vault is sealed");
    }
    auto parsed = parse_logical(request, path, query, core.options);
    if (!parsed) {
        if (defects.on("http/bad-requests-are-500")) {
            parsed.error().status = 500;
        }
        co_return std::move(parsed.error());
    }
    if (sealed) {
        co_return error_answer(defects.on("sys/sealed-is-500") ? 500 : 503, "Vault is sealed");
    }
    auto& logical = *parsed;
    logical.headers = request.headers;
    logical.remote_address = peer.address;
    logical.ns = ns;
    logical.token_id = token;
    if (defects.on("http/bearer-in-any-case") && token.empty()) {
        const auto bearer = request.headers.find("Authorization").value_or("");
        logical.token_id = bearer.substr(std::min<std::size_t>(7, bearer.size()));
    }
    logical.now = now;
    logical.node = &node;
    if (core.cluster.active() != &node) {
        if (core.openbao() && logical.wrap_ttl) {
            co_return error_answer(500, "internal error");
        }
        if (!standby_serves(core, logical)) {
            if (auto refused = cannot_forward(core, node, request)) {
                co_return std::move(*refused);
            }
            logical.node = core.cluster.active();
        }
    }
    if ((!core.openbao() || !core.cluster.raft()) && !defects.on("http/index-everywhere")) {
        co_return co_await core.logical(std::move(logical));
    }
    auto response = co_await core.logical(logical);
    tell_index(core, logical, response);
    co_return response;
}

Node first_node(const VaultCore& core) {
    const auto& options = core.options;
    return {options.name, options.api_address,
            Seal(core.barrier, !options.initialised,
                 Prng(options.seed).fork("vault/seal/" + options.name))};
}

}  // namespace

FakeVault::FakeVault(FakeVaultOptions options, Clock& clock, http::Transport& outgoing)
    : core_(std::make_shared<VaultCore>(std::move(options), clock, outgoing)),
      node_(core_->cluster.add(first_node(*core_))) {
    const auto& given = core_->options;
    if (given.initialised) {
        Token root;
        root.id = given.root_token.reveal();
        root.path = "auth/token/create";
        root.display_name = "token";
        core_->initialise(given.key_shares, given.key_threshold, std::move(root));
        core_->cluster.start_with(node_, clock.now());
    }
}

FakeVault::FakeVault(FakeVault& first, std::string name, std::string api_address, bool joined)
    : core_(first.core_),
      node_(core_->cluster.add({name, std::move(api_address),
                                Seal(core_->barrier, !joined || first.sealed(),
                                     Prng(core_->options.seed).fork("vault/seal/" + name)),
                                joined})) {
    MESHPROOF_ASSERT(core_->cluster.raft(), "only raft storage has several nodes");
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
        vault->core_->starts = starts;
        load_vault(*vault->core_, vault->node_, state);
    });
    if (!loaded) {
        return propagate(loaded);
    }
    return vault;
}

FakeVault::~FakeVault() = default;

Json FakeVault::save() const {
    return save_vault(*core_, node_);
}

void FakeVault::set_api_address(std::string address) {
    node_.api_address = std::move(address);
}

void FakeVault::crash() {
    core_->cluster.crashed(node_, core_->clock.now());
}

Task<http::Response> FakeVault::handle(http::Request request, http::Peer peer) {
    const auto method = request.method;
    const auto path = request.target.substr(0, request.target.find('?'));
    const auto named = request.headers.find("X-Vault-Namespace");
    auto response = co_await answer(*core_, node_, std::move(request), std::move(peer));
    const auto now = core_->clock.now();
    const auto& defects = core_->options.defects;
    if (!defects.on("http/no-cache-control")) {
        response.headers.set("Cache-Control", "no-store");
    }
    response.headers.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
    response.headers.set("Date", http_date(now));
    if (defects.on("http/errors-unescaped") && response.status >= 400) {
        response.body = Json::parse(response.body, nullptr, false).dump();
    }
    if (named && !named->empty() && !defects.on("sys/namespace-not-echoed")) {
        response.headers.set("X-Vault-Namespace", *named);
    }
    if (method == "HEAD") {
        response.body.clear();
    }
    response.chunked = response.body.size() > 2048 && !defects.on("http/never-chunked");
    if (response.chunked) {
        response.headers.set("Transfer-Encoding", "chunked");
    } else if (!response.body.empty()) {
        response.headers.set("Content-Length", std::to_string(response.body.size()));
    }
    if (core_->options.on_request) {
        core_->options.on_request(method, path, response.status, now);
    }
    co_return response;
}

const Secret& FakeVault::root_token() const {
    return core_->options.root_token;
}
const std::vector<Secret>& FakeVault::unseal_keys() const {
    return core_->barrier.keys();
}
bool FakeVault::sealed() const {
    return node_.seal.sealed();
}
std::string FakeVault::accessor_of(const http::Request& request) const {
    const auto token = core_->tokens.find(presented_token(request.headers));
    return token ? token->accessor : std::string();
}
const FakeVaultOptions& FakeVault::options() const {
    return core_->options;
}

}  // namespace meshproof::fakes::vault
