#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.hpp"
#include "core/http/transport.hpp"
#include "core/time/prng.hpp"
#include "fakes/defects.hpp"
#include "fakes/vault/logical/product.hpp"

namespace meshproof::fakes::vault {

class VaultCore;
struct Node;

struct FakeVaultOptions {
    Product product = Product::openbao;  ///< OpenBao 2.7.2 or Vault 1.14.1
    std::uint64_t seed = 1;
    Secret root_token{"root"};
    int key_shares = 1, key_threshold = 1;
    bool initialised = true;        ///< it starts initialised and unsealed; false = as a new server
    std::string storage = "inmem";  ///< or "raft": several nodes may form one Vault
    std::string api_address = "https://vault";  ///< of the first node, for redirects
    std::string name = "vault";                 ///< its host name in sim
    Defects defects;
    /// Capacity of sign, issue and login: each takes `sign_service_time` of the clock, at most
    /// `sign_concurrency` at once (0 = no limit), the others wait in line. So throughput never
    /// exceeds concurrency / service time.
    Duration sign_service_time{};
    int sign_concurrency = 0;
    /// Called after each request, for traces and tests: method, path without query, status, time of
    /// the answer. No secrets.
    std::function<void(std::string_view method, std::string_view path, int status, Time now)>
        on_request;
};

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
    /// capacity, defects): contents, root token and unseal keys are the saved ones. An `invalid`
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
    std::shared_ptr<VaultCore> core_;  ///< shared by all nodes
    Node& node_;                       ///< in the core
};

}  // namespace meshproof::fakes::vault
