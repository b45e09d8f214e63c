#include "core/mesh/pod_server.hpp"

namespace meshproof::mesh {
namespace {

// Without the cluster's trust store nobody could be told apart, so the peer's trust domain is what
// a server checks.
Result<void> check_member(const spiffe::TrustDomain& domain, const crypto::Certificate& leaf) {
    const auto id = spiffe::svid_id(leaf);
    if (!id) {
        return propagate(id);
    }
    if (!(id->trust_domain() == domain)) {
        return fail(FailureKind::tls, "{} is not of the trust domain {}", id->text(),
                    domain.name());
    }
    return {};
}

}  // namespace

PodServer::PodServer(std::shared_ptr<ClusterContext> context, std::string pod, spiffe::SpiffeId id)
    : context_(std::move(context)), pod_(std::move(pod)), id_(std::move(id)) {}

Task<Result<void>> PodServer::listen() {
    http::ListenSpec spec;
    spec.name = pod_;
    spec.tls = true;
    spec.party = [this] { return accept_connection(); };
    auto listener = co_await context_->mesh->transport.listen(std::move(spec), *this);
    if (!listener) {
        co_return propagate(listener, "the pod cannot listen");
    }
    listener_ = std::move(*listener);
    co_return Result<void>();
}

std::optional<http::Url> PodServer::url() const {
    return listener_ ? std::optional(listener_->url()) : std::nullopt;
}

void PodServer::show(crypto::TlsIdentity identity) {
    identity_ = context_->mesh->options.seams.shown(std::move(identity), identity_);
}

crypto::TlsParty PodServer::party(TlsRole role, crypto::PeerCheck check_peer) const {
    crypto::TlsParty party;
    party.identity = identity_;
    party.trust = context_->trust;
    party.verify_peer = true;
    party.at = context_->mesh->clock.now();
    party.check_peer = std::move(check_peer);
    return context_->mesh->options.seams.handshake(std::move(party), role);
}

crypto::TlsParty PodServer::accept_connection() {
    last_shown_ = Shown{side(), context_->mesh->clock.elapsed()};
    return party(TlsRole::server, [domain = id_.trust_domain()](const crypto::Certificate& leaf) {
        return check_member(domain, leaf);
    });
}

HandshakeSeen::Side PodServer::side() const {
    HandshakeSeen::Side side;
    side.cluster = context_->cluster;
    side.pod = pod_;
    if (identity_) {
        side.leaf = identity_->leaf;
        side.intermediates = identity_->intermediates;
    }
    side.trust = context_->trust;
    side.trust_domain = id_.trust_domain();
    return side;
}

Task<http::Response> PodServer::handle(http::Request, http::Peer peer) {
    std::string caller;
    if (peer.certificate) {
        if (const auto id = spiffe::svid_id(*peer.certificate)) {
            caller = id->text();
        }
    }
    http::Response response;
    response.headers.set("Content-Type", "application/json");
    response.body = nlohmann::json{{"id", id_.text()}, {"caller", caller}}.dump();
    co_return response;
}

}  // namespace meshproof::mesh
