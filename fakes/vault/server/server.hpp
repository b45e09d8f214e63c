#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fakes/vault/fake_vault.hpp"
#include "fakes/vault/logical/backend.hpp"
#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/logical/product.hpp"
#include "fakes/vault/server/capacity.hpp"
#include "fakes/vault/server/cluster.hpp"
#include "fakes/vault/server/policy.hpp"
#include "fakes/vault/server/quotas.hpp"
#include "fakes/vault/server/tokens.hpp"
#include "fakes/vault/server/ttl.hpp"

/// What FakeVault's concerns share: its state, and a logical request on its way through it.
/// Internal to fakes/vault.
namespace meshproof::fakes::vault {

inline constexpr std::string_view openbao_commit_date = "2026-10-26T20:32:27Z";
inline constexpr Duration system_lease_ttl = std::chrono::hours(768);

/// A mounted engine or auth method. Built-in ones (sys, token, cubbyhole, identity) have no
/// backend.
struct MountEntry {
    std::string path;  ///< within its namespace, with the slash: "pki/", "auth/c1/"
    std::string type, description, accessor, uuid;
    Duration default_ttl{}, max_ttl{};  ///< zero = the system's
    std::string token_type;             ///< auth methods only
    Json options = Json::object();
    Json headers;  ///< passthrough_request_headers, where set
    bool local = false;
    std::shared_ptr<Backend>
        backend;  ///< shared: a request in flight keeps it alive after the mount is gone

    [[nodiscard]] bool is_auth() const { return path.starts_with("auth/"); }
    [[nodiscard]] MountView view() const;
};

struct TokenRole {
    std::vector<std::string> allowed, disallowed, allowed_globs, disallowed_globs, bound_cidrs;
    std::optional<std::vector<std::string>> entity_aliases;  ///< nothing = never given
    Duration period{}, explicit_max_ttl{};
    std::set<std::string> old_names;  ///< of the fields that were given without "token_"
    bool orphan = false, renewable = true, no_default_policy = false;
    std::string path_suffix, type = "default-service";
    std::int64_t num_uses = 0;
};

struct Namespace {
    std::string path;  ///< "" for the root, else "ns1/"
    std::string id, uuid;
    Json custom_metadata = Json::object();
    std::map<std::string, std::shared_ptr<MountEntry>, std::less<>> mounts;
    std::map<std::string, Policy, std::less<>> policies;
    std::map<std::string, TokenRole, std::less<>> token_roles;
};

/// A lease of a secret (a token's own lease lives with the token).
struct Lease {
    std::string id;
    std::string namespace_path;
    std::string token;  ///< its revocation ends the lease
    Time issued, expires;
    bool renewable = false;
    std::weak_ptr<Backend> backend;
    Json internal;
};

/// Somebody, whatever method he logs in by. Entities outlive the methods.
struct Entity {
    std::string id, name, namespace_path;
    std::map<std::string, std::string> metadata;
    std::vector<std::string> policies;
    bool disabled = false;
    Time created, changed;
};

/// How one auth method knows an entity.
struct EntityAlias {
    std::string id, name, entity, namespace_path;
    std::string mount_accessor, mount_path, mount_type;
    std::map<std::string, std::string> metadata;
    bool local = false;
    Time created, changed;
};

struct LogicalRequest {
    Operation operation = Operation::read;
    std::string path;  ///< within the namespace: "sys/mounts/pki", "pki_int/sign/r"; a list ends
                       ///< with a slash
    Json data = Json::object();
    std::string body;  ///< as in BackendRequest
    http::Headers headers;
    std::string remote_address;
    std::shared_ptr<Namespace> ns;
    std::string token_id;          ///< as presented; "" = none
    std::shared_ptr<Token> token;  ///< set once it was accepted
    std::shared_ptr<MountEntry> mount;
    std::optional<Duration> wrap_ttl;
    bool no_operation = false;  ///< HEAD and OPTIONS: no endpoint has them
    bool scan = false;          ///< OpenBao's verb SCAN: a list that no endpoint here has
    bool unauthenticated = false;
    const Node* node = nullptr;  ///< who answers it: the active one, or on OpenBao a standby that
                                 ///< was asked to read
    Time now;

    /// The path below `prefix`, without a list's trailing slash; nothing where the path is
    /// elsewhere.
    [[nodiscard]] std::optional<std::string> under(std::string_view prefix) const;
    [[nodiscard]] bool reads() const { return operation == Operation::read; }
    [[nodiscard]] bool writes() const {
        return operation == Operation::update || operation == Operation::create;
    }
};

/// An answer on its way out, before it has its envelope.
struct CoreReply {
    CoreReply(BackendResponse response)
        : base(std::move(response)) {}  // NOLINT(google-explicit-constructor)
    BackendResponse base;
    std::shared_ptr<Token> issued;  ///< shown in the auth block
    bool repeat_data = false;       ///< the data's keys are repeated at the top level (row 37)
};

/// Answers kept for an unwrap.
struct WrappedAnswer {
    http::Response answer;
    std::string creation_path;
    Time created;
    Duration ttl{};
};

class VaultCore {
  public:
    VaultCore(FakeVaultOptions options, Clock& clock, http::Transport& outgoing);

    FakeVaultOptions options;
    Clock& clock;
    http::Transport& outgoing;
    Prng ids;
    TokenStore tokens;
    BarrierKey barrier;
    Cluster cluster;
    std::uint64_t raft_index = 40;  ///< of the last write, for X-Vault-Index
    Quotas quotas;
    Capacity capacity;
    std::map<std::string, std::shared_ptr<Namespace>, std::less<>> namespaces;  ///< by path
    std::map<std::string, Lease, std::less<>> leases;
    std::set<std::pair<Time, std::string>> lease_ends;  ///< when each lease ends, in order
    std::map<std::string, WrappedAnswer, std::less<>> wrapped_answers;           ///< by token id
    std::map<std::string, std::map<std::string, Json>, std::less<>> cubbyholes;  ///< by token id
    std::map<std::string, Entity, std::less<>> entities;                         ///< by id
    std::map<std::string, EntityAlias, std::less<>> aliases;                     ///< by id
    /// From where to where a mount went, by its migration's id.
    std::map<std::string, std::pair<std::string, std::string>, std::less<>> moves;
    std::string cluster_name, cluster_id;
    Time installed;            ///< when this version first ran
    std::uint64_t starts = 0;  ///< from a saved state, so far; each draws its own chance

    [[nodiscard]] bool openbao() const { return options.product == Product::openbao; }
    [[nodiscard]] std::string product_name() const { return openbao() ? "OpenBao" : "Vault"; }
    [[nodiscard]] std::string version() const { return openbao() ? "2.7.2" : "1.14.1"; }
    [[nodiscard]] std::shared_ptr<Namespace> root() const { return namespaces.at(""); }
    std::shared_ptr<Namespace> add_namespace(const std::string& path);

    [[nodiscard]] std::shared_ptr<MountEntry> find_mount(const Namespace& ns,
                                                         std::string_view path) const;
    void remove_mount(Namespace& ns, const std::string& path, Time now);
    /// The rules of the token's policies as they stand now.
    [[nodiscard]] std::shared_ptr<const Acl> acl_of(const Token& token);
    /// The request's path as the token's policies name it; nothing where the token's namespace
    /// cannot reach it.
    [[nodiscard]] static std::optional<std::string> path_for(const Token& token,
                                                             const Namespace& ns,
                                                             std::string_view path);
    /// Policies changed: the united rules are made anew.
    void forget_acls() { acls_.clear(); }

    /// Ends tokens and leases whose time has come.
    void expire(Time now);
    void revoke_lease(const std::string& id, Time now);

    /// Keys and root token of a Vault that had none (row 29).
    void initialise(int shares, int threshold, Token root_token);

    /// Whether the request needs a token, once its mount is set.
    [[nodiscard]] bool is_unauthenticated(const LogicalRequest& request) const;
    /// A logical request from its token on: authorisation, routing, the answer without its headers.
    [[nodiscard]] Task<http::Response> logical(LogicalRequest request);

  private:
    [[nodiscard]] bool needs_sudo(const LogicalRequest& request) const;
    [[nodiscard]] std::optional<http::Response> authorise(LogicalRequest& request);
    [[nodiscard]] Task<CoreReply> dispatch(LogicalRequest request);
    [[nodiscard]] Task<CoreReply> ask_backend(LogicalRequest request);

    std::map<std::string, std::shared_ptr<const Acl>, std::less<>> acls_;
};

/// Turns a reply into the HTTP answer: envelope, wrapping rule, empty reads, response wrapping
/// (server/respond.cpp).
[[nodiscard]] http::Response respond(VaultCore& core, const LogicalRequest& request,
                                     CoreReply reply);

/// A token from a login's grant, or the refusal (server/login.cpp).
[[nodiscard]] CoreReply finish_login(VaultCore& core, const LogicalRequest& request,
                                     BackendResponse response);
/// The policy with what its paths name in {{identity…}}; a path that names what is not known grants
/// nothing (identity/identity.cpp).
[[nodiscard]] Policy with_identity(const VaultCore& core, Policy policy, const Entity* entity);
/// The entity of a login's alias, made at its first login (identity/identity.cpp).
[[nodiscard]] std::string entity_of(VaultCore& core, const LogicalRequest& request,
                                    const AuthGrant& grant);
[[nodiscard]] std::shared_ptr<Token> issue(VaultCore& core, const Namespace& ns, Token token,
                                           Time now);

// The built-in paths, a concern a function.
[[nodiscard]] std::optional<http::Response> serve_bare(VaultCore& core, Node& node,
                                                       const http::Request& request,
                                                       const std::string& path,
                                                       Time now);  ///< sys/status.cpp
/// What an open node that is not active answers where it cannot forward; nothing where it can
/// (server/standby.cpp).
[[nodiscard]] std::optional<http::Response> cannot_forward(const VaultCore& core, const Node& node,
                                                           const http::Request& request);
/// Whether the request is answered by an open node that is not active, without forwarding
/// (server/standby.cpp).
[[nodiscard]] bool standby_serves(const VaultCore& core, LogicalRequest request);
[[nodiscard]] CoreReply serve_raft(VaultCore& core,
                                   const LogicalRequest& request);  ///< sys/raft.cpp
[[nodiscard]] CoreReply serve_inside(VaultCore& core,
                                     const LogicalRequest& request);  ///< sys/inside.cpp
[[nodiscard]] CoreReply serve_identity(VaultCore& core,
                                       const LogicalRequest& request);  ///< identity/identity.cpp
[[nodiscard]] Task<CoreReply> serve_sys(VaultCore& core,
                                        LogicalRequest request);  ///< sys/paths.cpp
[[nodiscard]] CoreReply serve_mounts(VaultCore& core,
                                     const LogicalRequest& request);  ///< sys/mounts.cpp
/// The engine or method of the entry's type; null where there is none (sys/mounts.cpp).
[[nodiscard]] std::shared_ptr<Backend> make_backend(VaultCore& core, const Namespace& ns,
                                                    const MountEntry& entry);
[[nodiscard]] CoreReply serve_remount(VaultCore& core, const LogicalRequest& request);
[[nodiscard]] CoreReply serve_ui_mounts(VaultCore& core, const LogicalRequest& request);
[[nodiscard]] CoreReply serve_policies(VaultCore& core,
                                       const LogicalRequest& request);  ///< sys/policies.cpp
[[nodiscard]] CoreReply serve_capabilities(VaultCore& core, const LogicalRequest& request);
[[nodiscard]] CoreReply serve_quotas(VaultCore& core,
                                     const LogicalRequest& request);  ///< sys/quotas.cpp
[[nodiscard]] CoreReply serve_namespaces(VaultCore& core,
                                         const LogicalRequest& request);  ///< sys/namespaces.cpp
[[nodiscard]] CoreReply serve_wrapping(VaultCore& core,
                                       const LogicalRequest& request);  ///< sys/wrapping.cpp
[[nodiscard]] Task<CoreReply> serve_leases(VaultCore& core,
                                           LogicalRequest request);  ///< sys/leases.cpp
[[nodiscard]] Task<CoreReply> serve_tokens(VaultCore& core,
                                           LogicalRequest request);  ///< token/paths.cpp
[[nodiscard]] CoreReply create_token(VaultCore& core,
                                     const LogicalRequest& request);  ///< token/create.cpp
[[nodiscard]] CoreReply serve_token_roles(VaultCore& core,
                                          const LogicalRequest& request);  ///< token/roles.cpp
[[nodiscard]] Task<CoreReply> renew_token(VaultCore& core, LogicalRequest request,
                                          std::shared_ptr<Token> token,
                                          Duration increment);  ///< token/renew.cpp
[[nodiscard]] CoreReply serve_cubbyhole(VaultCore& core,
                                        const LogicalRequest& request);  ///< identity/cubbyhole.cpp

/// The sudo list of sys and auth/token (row 57).
[[nodiscard]] bool builtin_needs_sudo(const LogicalRequest& request);
/// The unauthenticated paths of sys.
[[nodiscard]] bool builtin_unauthenticated(const LogicalRequest& request);

/// Keeps the answer for the holder of a new token; gives the `wrap_info` that tells it.
[[nodiscard]] Json keep_wrapped(VaultCore& core, const LogicalRequest& request,
                                WrappedAnswer wrapped);  ///< sys/wrapping.cpp

/// The answer of a tidy, which runs to its end at once here.
[[nodiscard]] BackendResponse tidy_started(const VaultCore& core);

/// `{"keys": […]}`: an empty list is a 404 in the end (row 14).
[[nodiscard]] BackendResponse list_answer(const std::vector<std::string>& keys);

/// Reads the fields, or answers with the refusal.
// NOLINTBEGIN(bugprone-macro-parentheses): `name` is declared
#define MESHPROOF_FIELDS(name, fields, request, core)                                     \
    auto name##_result = FieldData::read(fields, (request).data, (core).options.product); \
    if (!name##_result) {                                                                 \
        return BackendResponse::error(name##_result.error().message);                     \
    }                                                                                     \
    const FieldData& name = *name##_result
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace meshproof::fakes::vault
