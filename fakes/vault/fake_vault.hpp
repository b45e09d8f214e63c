#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/secret.hpp"
#include "core/base/task.hpp"
#include "core/http/message.hpp"
#include "core/http/transport.hpp"
#include "core/time/clock.hpp"
#include "fakes/vault/options.hpp"

namespace meshproof::fakes::vault {

class Server;
struct VaultNode;

/// One node of OpenBao 2.7.2 or Vault 1.14.1 as rules: (Request, Time) -> Response. It has no
/// socket and no clock of its own: the time comes from the clock that it is given, its TokenReviews
/// go out through the transport that it is given; both outlive it. Never nicer than the real
/// servers (wire contract); what it cannot play answers as an unsupported path does.
class FakeVault final : public http::Handler {
  public:
    FakeVault(FakeVaultOptions options, Clock& clock, http::Transport& outgoing);
    /// A further node of the same Vault on raft storage, open and in standby; or, not `joined`, a
    /// new server that may join it by sys/storage/raft/join.
    FakeVault(FakeVault& first, std::string name, std::string api_address, bool joined = true);
    /// The server that save() saw, but for what the options say of it from outside (its names,
    /// capacity, saboteurs): contents, root token and unseal keys are the saved ones. An `invalid`
    /// failure tells what is wrong with the state.
    [[nodiscard]] static Result<std::unique_ptr<FakeVault>> restored(const nlohmann::json& state,
                                                                     FakeVaultOptions options,
                                                                     Clock& clock,
                                                                     http::Transport& outgoing);
    ~FakeVault() override;

    /// Everything that clients can see, secrets too. For a Vault of one node.
    [[nodiscard]] nlohmann::json save() const;

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override;

    [[nodiscard]] const Secret& root_token() const;
    [[nodiscard]] const std::vector<Secret>& unseal_keys() const;
    [[nodiscard]] bool sealed() const;
    /// Of the token with which a request comes; "" where it has none that is known here.
    [[nodiscard]] std::string accessor_of(const http::Request& request) const;
    [[nodiscard]] const FakeVaultOptions& options() const;

    /// Known only once it is served on a port.
    void set_api_address(std::string address);
    /// Its process ends: the others elect a new leader. Whoever serves it closes its port.
    void crash();

  private:
    std::shared_ptr<Server> server_;  ///< shared by all nodes
    VaultNode& node_;                 ///< in the server
};

}  // namespace meshproof::fakes::vault
