#pragma once

#include "core/http/transport.hpp"
#include "core/mesh/cluster_context.hpp"

namespace meshproof::mesh {

/// A pod's port: mutual TLS with its current certificate, and an answer that says who both sides
/// are.
///
/// A pod takes a peer for what the strict validator of X509-SVIDs says (spiffe::authenticate), by
/// the cluster's trust store and its own clock at that moment. It asks in the handshake and, over a
/// connection that was kept, before every further request, on both sides: so a connection ends with
/// either leaf's life and with the trust in it. The one that was kept then closes unanswered, and
/// the client finds out by a fresh handshake what is wrong.
class PodServer final : public http::Handler {
  public:
    PodServer(std::shared_ptr<ClusterContext> context, std::string pod, spiffe::SpiffeId id);

    [[nodiscard]] Task<Result<void>> listen();
    void close() { listener_.reset(); }

    /// What new connections are shown from now on.
    void show(crypto::TlsIdentity identity);
    [[nodiscard]] const std::optional<crypto::TlsIdentity>& identity() const { return identity_; }
    [[nodiscard]] const spiffe::SpiffeId& id() const { return id_; }
    [[nodiscard]] std::optional<http::Url> url() const;

    /// A client's TLS: our certificate, and the judge of the server that we mean to talk to.
    [[nodiscard]] crypto::TlsParty client_of(spiffe::SpiffeId expected) const;
    /// What this pod has at this moment, for the observer.
    [[nodiscard]] HandshakeSeen::Side side() const;
    /// The same as it was when the last connection was taken, and when that was.
    struct Shown {
        HandshakeSeen::Side side;
        Duration at;  ///< of Clock::elapsed()
    };
    [[nodiscard]] const std::optional<Shown>& last_shown() const { return last_shown_; }

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override;

  private:
    [[nodiscard]] crypto::TlsParty accept_connection();
    [[nodiscard]] crypto::TlsParty party(crypto::PeerJudge judge) const;

    std::shared_ptr<ClusterContext> context_;
    std::string pod_;
    spiffe::SpiffeId id_;
    std::optional<crypto::TlsIdentity> identity_;
    std::optional<Shown> last_shown_;
    std::unique_ptr<http::Listener> listener_;
};

}  // namespace meshproof::mesh
