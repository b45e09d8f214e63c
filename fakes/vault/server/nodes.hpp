#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/time/time.hpp"
#include "fakes/vault/server/seal.hpp"

/// The nodes of one Vault and who of them is active: wire contract rows 32, 169 to 171.
namespace meshproof::fakes::vault {

/// One server.
struct VaultNode {
    std::string id;           ///< "vault-0"
    std::string api_address;  ///< where standbys send clients
    Seal seal;
    bool joined = true;                 ///< it knows its cluster
    bool crashed = false;               ///< its process is gone
    const VaultNode* leader = nullptr;  ///< who leads, as far as it knows; may be wrong or dead
    Time sits_out_until{};              ///< it stepped down and lets others go first
    Time active_since{};
    Time running_since{};  ///< it opened, or stepped down, and started its engines and methods anew

    [[nodiscard]] std::string cluster_address() const;
};

/// Elections without messages: whoever lost its leader knows when the next one will be there.
/// With in-memory storage there is one node, and it is active as soon as it is open.
class VaultNodes {
  public:
    explicit VaultNodes(bool raft) : raft_(raft) {}

    VaultNode& add(VaultNode node);

    [[nodiscard]] bool raft() const { return raft_; }
    [[nodiscard]] const std::vector<std::unique_ptr<VaultNode>>& all() const { return nodes_; }
    /// Who serves, once settle() was called for this moment; null during an election and without
    /// quorum.
    [[nodiscard]] VaultNode* active() const { return active_; }
    [[nodiscard]] VaultNode* find(std::string_view api_address) const;

    /// Lets an election end whose time has come.
    void settle(Time now);
    /// The first node of an initialised Vault starts as the active one.
    void start_with(VaultNode& node, Time now) { activate(node, now); }
    void opened(VaultNode& node, Time now);
    void stepped_down(VaultNode& node, Time now);
    void sealed(VaultNode& node, Time now);
    void crashed(VaultNode& node, Time now);

  private:
    [[nodiscard]] bool has_quorum() const;
    void activate(VaultNode& node, Time now);
    /// The next leader comes after `pause`, unless one is expected sooner.
    void elect_after(Duration pause, Time now);

    bool raft_;
    std::vector<std::unique_ptr<VaultNode>> nodes_;
    VaultNode* active_ = nullptr;
    Time election_ends_{};
};

}  // namespace meshproof::fakes::vault
