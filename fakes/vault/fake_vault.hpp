#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.hpp"
#include "core/http/transport.hpp"
#include "core/time/prng.hpp"
#include "core/vault/client.hpp"
#include "fakes/defects.hpp"

namespace meshproof::fakes {

class VaultCore;

struct FakeVaultOptions {
    vault::Product product = vault::Product::openbao;  ///< OpenBao 2.7.2 or Vault 1.14.1
    std::uint64_t seed = 1;
    Secret root_token{"root"};
    int key_shares = 1, key_threshold = 1;  ///< it starts initialised and unsealed
    std::string name = "vault";             ///< its host name in sim
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

/// OpenBao 2.7.2 or Vault 1.14.1 as rules: (Request, Time) -> Response. It has no socket and no
/// clock of its own: the time comes from the clock that it is given, its TokenReviews go out
/// through the transport that it is given; both outlive it. Never nicer than the real servers (wire
/// contract); what it cannot play answers as an unsupported path does.
class FakeVault final : public http::Handler {
  public:
    FakeVault(FakeVaultOptions options, Clock& clock, http::Transport& outgoing);
    ~FakeVault() override;

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override;

    [[nodiscard]] const Secret& root_token() const;
    [[nodiscard]] const std::vector<Secret>& unseal_keys() const;
    [[nodiscard]] bool sealed() const;
    [[nodiscard]] const FakeVaultOptions& options() const;

  private:
    std::unique_ptr<VaultCore> core_;
};

}  // namespace meshproof::fakes
