#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/http/transport.hpp"
#include "core/time/prng.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::fakes {

/// The simulated wire's own faults, drawn per message from the seed. Every field is off by default.
struct FaultPlan {
    Duration min_delay = std::chrono::microseconds(200);  ///< each way
    Duration max_delay = std::chrono::milliseconds(2);
    double refuse = 0;        ///< probability that a connection is refused
    double reset_before = 0;  ///< closed before the request arrives: the server never sees it
    double reset_after = 0;   ///< closed after the server handled it: the answer is lost
    double stall = 0;         ///< no answer until the caller's deadline
};

/// Transport without sockets: hosts are names, delays are virtual and never depend on sizes. TLS
/// certificates are really checked, by in-memory handshakes at the virtual date (or at TlsParty::at
/// where that is set: a skewed clock): on each new connection where either side asks for a client
/// certificate or checks its peer; for other https endpoints once per server identity and trust,
/// and again when the server's leaf is out of its time. Two pods, which judge each other themselves,
/// do it once for each pair of leaves and trust; both judge on each new connection.
/// A request whose caller gave up is still handled to its end. Stopping a service is as with
/// BeastTransport: from the moment at which a Listener (or the network) is destroyed, no statement
/// of its Handler runs any more.
class SimNetwork final : public http::Transport {
  public:
    SimNetwork(SimClock& clock, Prng prng, FaultPlan plan = {});
    ~SimNetwork() override;

    [[nodiscard]] Task<Result<http::Response>> send(http::Endpoint endpoint,
                                                    http::Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint endpoint,
                                                                   http::Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Listener>>> listen(
        http::ListenSpec spec, http::Handler& handler) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url upstream,
                                                                      std::string name) override;
    void drop_idle() override;

    void set_plan(FaultPlan plan);
    [[nodiscard]] std::uint64_t handshakes() const;  ///< TLS handshakes really done so far

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace meshproof::fakes
