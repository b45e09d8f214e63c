#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "core/run/environment.hpp"
#include "core/run/target.hpp"
#include "core/vault/client.hpp"
#include "fakes/chaos/chaos_handler.hpp"
#include "fakes/chaos/moved_clock.hpp"
#include "fakes/kube/fake_kube.hpp"
#include "fakes/saboteurs.hpp"
#include "fakes/vault/fake_vault.hpp"

namespace meshproof::fakes {

/// Where a server listens on sockets.
struct ListenAddress {
    std::string address = "127.0.0.1";  ///< an IP address
    std::uint16_t port = 0;             ///< 0 = any free one
};

struct FakeServersOptions {
    std::uint64_t seed = 1;
    std::size_t vaults = 2;     ///< 0 = none; every second one plays the other product
    std::size_t clusters = 2;   ///< 0 = none
    bool one_product = false;   ///< all Vaults play `product`
    std::size_t vault_nodes = 1;  ///< of each Vault; more than one elect who leads, on raft storage.
                                  ///< Clients know the first one, which forwards when it does not
    bool spare_vaults = false;  ///< for checks: a cluster of three nodes, and a server that nobody
                                ///< initialised yet
    vault::Product product = vault::Product::openbao;
    Duration leaf_ttl = std::chrono::hours(24);
    Duration certificate_life =
        std::chrono::hours(24 * 3650);  ///< of the servers' own TLS certificates
    /// Of the first of each; the others have its address, and the ports after its own.
    ListenAddress vault_listen, kube_listen;
    /// The host that clients are told instead of where the servers listen; "" = none. The servers'
    /// certificate has it, and every one of `names`: host names or IP addresses.
    std::string advertise;
    std::vector<std::string> names;
    Secret root_token{};  ///< of every Vault; empty = one for each, by the seed
    /// Root and admin tokens are the machine's chance, not the seed's: whoever finds the seed from
    /// what anybody may read has neither.
    bool credentials_by_chance = false;
    bool tls = true;
    bool es256 = false;  ///< API servers sign tokens with P-256: an RSA key costs a simulation more
                         ///< than all else
    Duration sign_service_time{};  ///< see vault::FakeVaultOptions
    int sign_concurrency = 0;
    ServiceTimes service_times;
    Saboteurs saboteurs;
    std::vector<ChaosRule> chaos;
    std::function<void(Served)> on_served;  ///< after each request; may be empty
    /// Waited for before an answer to what may have changed something is given; where it fails, the
    /// client is told that instead. May be empty.
    std::function<Task<Result<void>>()> before_answer;
    std::optional<Time> date;  ///< of the start; absent = the clock's, or the state's
    bool frozen = false;       ///< it stands still from the start
    /// Large bodies are read, and what takes the API server long is answered, on threads beside the
    /// loop. Not in virtual time: the order of answers would depend on the machine.
    bool reads_aside = false;
    nlohmann::json state;      ///< what save() gave, to go on from there; null = from the beginning
};

/// Fake Vaults and API servers, served on a transport with their own CA: what the settings sim and
/// loopback run against.
class FakeServers {
  public:
    /// Serves them on `transport`; clock and transport outlive the result. What is wrong with a
    /// saved state is an `invalid` failure.
    [[nodiscard]] static Task<Result<std::unique_ptr<FakeServers>>> start(
        FakeServersOptions options, Clock& clock, http::Transport& transport);
    ~FakeServers();

    /// Fills in the sides that are ours: addresses, CA, tokens, unseal keys.
    void complete(run::Target& target) const;

    [[nodiscard]] std::size_t vaults() const;
    [[nodiscard]] std::size_t clusters() const;
    [[nodiscard]] vault::FakeVault& vault(std::size_t index = 0);
    [[nodiscard]] FakeKube& kube(std::size_t index = 0);
    [[nodiscard]] http::Listener& vault_listener(std::size_t index = 0);
    [[nodiscard]] http::Listener& kube_listener(std::size_t index = 0);
    /// Where clients find them: the listener's, or the advertised host.
    [[nodiscard]] http::Url vault_url(std::size_t index = 0) const;
    [[nodiscard]] http::Url kube_url(std::size_t index = 0) const;
    [[nodiscard]] const crypto::Certificate& ca() const;
    /// A client certificate that the API servers take: its user is the common name, its groups are
    /// the organizations.
    [[nodiscard]] crypto::TlsIdentity client_identity(crypto::Subject subject) const;
    /// The date that all of them live by.
    [[nodiscard]] MovedClock& clock();
    [[nodiscard]] Chaos& chaos();

    /// Everything that clients can see, secrets too: contents, date, CA and certificates. Not with
    /// spare Vaults, nor with Vaults of several nodes.
    [[nodiscard]] nlohmann::json save() const;

    /// Everything as it was at the start: contents, tokens, date, chaos. Addresses and the CA stay,
    /// open connections are closed. Not with Vaults of several nodes.
    void reset();

  private:
    struct State;
    explicit FakeServers(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace meshproof::fakes
