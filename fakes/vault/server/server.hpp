#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/http/transport.hpp"
#include "core/time/clock.hpp"
#include "fakes/vault/options.hpp"
#include "fakes/vault/server/audit.hpp"
#include "fakes/vault/server/capacity.hpp"
#include "fakes/vault/server/catalog.hpp"
#include "fakes/vault/server/entities.hpp"
#include "fakes/vault/server/groups.hpp"
#include "fakes/vault/server/nodes.hpp"
#include "fakes/vault/server/quotas.hpp"
#include "fakes/vault/server/wrapping.hpp"

namespace meshproof::fakes::vault {

inline constexpr std::string_view openbao_commit_date = "2026-10-26T20:32:27Z";

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

/// The state of one Vault, which all of its nodes share. What answers requests is free functions.
class Server {
  public:
    Server(FakeVaultOptions options, Catalog catalog, Clock& clock, http::Transport& outgoing);

    FakeVaultOptions options;
    Catalog catalog;
    Clock& clock;
    http::Transport& outgoing;
    Prng ids;
    TokenStore tokens;
    BarrierKey barrier;
    VaultNodes nodes;
    std::uint64_t raft_index = 40;  ///< of the last write, for X-Vault-Index
    Quotas quotas;
    Audit audit;
    Capacity capacity;
    std::map<std::string, std::shared_ptr<Namespace>, std::less<>> namespaces;  ///< by path
    std::map<std::string, Lease, std::less<>> leases;
    std::set<std::pair<Time, std::string>> lease_ends;  ///< when each lease ends, in order
    std::map<std::string, WrappedAnswer, std::less<>> wrapped_answers;           ///< by token id
    std::map<std::string, std::map<std::string, Json>, std::less<>> cubbyholes;  ///< by token id
    std::map<std::string, Entity, std::less<>> entities;                         ///< by id
    std::map<std::string, EntityAlias, std::less<>> aliases;                     ///< by id
    std::map<std::string, Group, std::less<>> groups;                            ///< by id
    /// Of OCSP, by status: how long each is wrapped from now on. A restart forgets it.
    std::map<int, std::optional<Duration>> wrapped_refusals;
    /// From where to where a mount went, by its migration's id.
    std::map<std::string, std::pair<std::string, std::string>, std::less<>> moves;
    std::string cluster_name, cluster_id;
    Time installed;            ///< when this version first ran
    std::uint64_t starts = 0;  ///< from a saved state, so far; each draws its own chance

    [[nodiscard]] bool openbao() const { return options.product == Product::openbao; }
    [[nodiscard]] std::string product_name() const { return openbao() ? "OpenBao" : "Vault"; }
    [[nodiscard]] std::string version() const {
        return std::string(played_version(options.product));
    }
    /// Nothing but the paths that need no barrier is answered there.
    [[nodiscard]] bool closed(const VaultNode& node) const {
        return node.seal.sealed() && !options.saboteurs.on("seal/serves-while-sealed");
    }
    [[nodiscard]] std::shared_ptr<Namespace> root() const { return namespaces.at(""); }
    std::shared_ptr<Namespace> add_namespace(const std::string& path);
    /// The namespace of this name (as in the header), completed or replaced by what `path` begins
    /// with, which is then cut off there; null where there is none.
    [[nodiscard]] std::shared_ptr<Namespace> resolve_namespace(std::string_view name,
                                                               std::string& path) const;

    [[nodiscard]] std::shared_ptr<MountEntry> find_mount(const Namespace& ns,
                                                         std::string_view path) const;
    void remove_mount(Namespace& ns, const std::string& path, Time now);
    /// The engine or method of the entry's type; null where there is none.
    [[nodiscard]] std::shared_ptr<Backend> make_backend(const Namespace& ns,
                                                        const MountEntry& entry);
    /// The rules of the token's policies as they stand now.
    [[nodiscard]] std::shared_ptr<const Acl> acl_of(const Token& token);
    /// The request's path as the token's policies name it; nothing where the token's namespace
    /// cannot reach it.
    [[nodiscard]] static std::optional<std::string> path_for(const Token& token,
                                                             const Namespace& ns,
                                                             std::string_view path);
    /// Writes the policy, which may have an end.
    void keep_policy(Namespace& ns, const std::string& name, Policy policy);
    /// Policies changed: the united rules are made anew.
    void forget_acls() { acls_.clear(); }

    /// Ends tokens, leases and policies whose time has come.
    void expire(Time now);
    void revoke_lease(const std::string& id, Time now);

    /// Keys and root token of a Vault that had none (row 29).
    void initialise(int shares, int threshold, Token root_token);

  private:
    void expire_policies(Time now);

    std::map<std::string, std::shared_ptr<const Acl>, std::less<>> acls_;
    /// By when they end: namespace and name. What was written anew since may end later, or never.
    std::multimap<Time, std::pair<std::string, std::string>> policy_ends_;
};

}  // namespace meshproof::fakes::vault
