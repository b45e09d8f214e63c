#include "core/mesh/pod_server.hpp"

namespace meshproof::mesh {
namespace {

// Members are of the trust domain: the trust store stands for no other.
Result<spiffe::SpiffeId> judge(const ClusterContext& context, const spiffe::TrustDomain& domain,
                               TlsRole role, const crypto::PeerShown& peer) {
    spiffe::SvidQuestion question;
    question.leaf = peer.leaf;
    question.chain = peer.chain;
    question.bundles[domain.name()] = context.trust;
    question.at = context.mesh->clock.now();
    question.system_trust = context.system_trust;
    const auto id =
        spiffe::authenticate(context.mesh->options.seams.peer_question(std::move(question), role));
    // The machine's own store knows nothing of trust domains.
    if (id && context.system_trust && !(id->trust_domain() == domain)) {
        return fail(FailureKind::tls, "{} is not of the trust domain {}", id->text(),
                    domain.name());
    }
    return id;
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

crypto::TlsParty PodServer::party(crypto::PeerJudge judge) const {
    crypto::TlsParty party;
    party.identity = identity_;
    party.trust = context_->trust;
    party.system_trust = context_->system_trust;
    party.verify_peer = true;
    party.at = context_->mesh->clock.now();
    party.judge_peer = std::move(judge);
    return party;
}

crypto::TlsParty PodServer::client_of(spiffe::SpiffeId expected) const {
    return party([context = context_, domain = id_.trust_domain(),
                  expected = std::move(expected)](const crypto::PeerShown& peer) -> Result<void> {
        const auto id = judge(*context, domain, TlsRole::client, peer);
        if (!id) {
            return propagate(id);
        }
        if (!(*id == expected) && context->mesh->options.seams.asks_servers_who_they_are) {
            return fail(FailureKind::tls, "{} answered instead of {}", id->text(), expected.text());
        }
        return {};
    });
}

crypto::TlsParty PodServer::accept_connection() {
    last_shown_ = Shown{side(), context_->mesh->clock.elapsed()};
    return party([context = context_,
                  domain = id_.trust_domain()](const crypto::PeerShown& peer) -> Result<void> {
        const auto id = judge(*context, domain, TlsRole::server, peer);
        return id ? Result<void>() : propagate(id);
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
    http::Response response;
    const bool again = peer.served > 0 && context_->mesh->options.seams.judges_open_connections;
    if (again && !(peer.certificate && judge(*context_, id_.trust_domain(), TlsRole::server,
                                             {*peer.certificate, peer.chain}))) {
        response.broken = http::Break::unanswered;
        co_return response;
    }
    std::string caller;
    if (peer.certificate) {
        if (const auto id = spiffe::svid_id(*peer.certificate)) {
            caller = context_->mesh->options.seams.told_caller(id->text());
        }
    }
    response.headers.set("Content-Type", "application/json");
    response.body = nlohmann::json{{"id", id_.text()}, {"caller", caller}}.dump();
    co_return response;
}

}  // namespace meshproof::mesh
