#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/secret.hpp"
#include "core/http/transport.hpp"
#include "core/time/prng.hpp"
#include "core/vault/client.hpp"
#include "fakes/defects.hpp"

namespace meshproof::fakes {

struct FakeVaultOptions {
    vault::Product product = vault::Product::openbao;  ///< OpenBao 2.7.2 or Vault 1.14.1
    std::uint64_t seed = 1;
    Secret root_token{"root"};
    int key_shares = 1, key_threshold = 1;  ///< it starts initialised and unsealed
    std::string name = "vault";             ///< its host name in sim
    Defects defects;
};

/// OpenBao 2.7.2 or Vault 1.14.1 as rules: (Request, Time) -> Response. It has no socket and no clock of its own: the time
/// comes from the clock that it is given, its TokenReviews go out through the transport that it is given; both outlive it.
/// Never nicer than the real servers (wire contract); what it cannot play answers as an unsupported path does.
class FakeVault final : public http::Handler {
  public:
    FakeVault(FakeVaultOptions options, const Clock& clock, http::Transport& outgoing);
    ~FakeVault() override;

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override;

    [[nodiscard]] const Secret& root_token() const;
    [[nodiscard]] const std::vector<Secret>& unseal_keys() const;
    [[nodiscard]] bool sealed() const;
    [[nodiscard]] const FakeVaultOptions& options() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace meshproof::fakes
