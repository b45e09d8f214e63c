#include "core/mesh/issuance.hpp"

namespace meshproof::mesh {
namespace {

// A leaf of the connected CA chains to the account's bundle, not to whatever else is still trusted;
// without a bundle, to what the machines trust.
Result<void> check_chain(const ClusterContext& context, const crypto::TlsIdentity& identity) {
    spiffe::SvidQuestion question;
    question.leaf = identity.leaf;
    question.chain = identity.intermediates;
    auto anchors = context.anchors();
    question.system_trust = context.publicly_trusted();
    if (question.system_trust && !context.mesh->options.seams.public_roots_count) {
        anchors.clear();
        question.system_trust = false;
    }
    question.bundles[context.mesh->trust_domain.name()] = anchors;
    question.at = context.mesh->clock.now();
    if (anchors.empty() && !question.system_trust) {
        return fail(FailureKind::invalid,
                    "the cluster's trust store does not hold the account's certificate authority "
                    "chain");
    }
    // What every peer will ask of it: a leaf that nobody accepts is of no use.
    const auto id = spiffe::authenticate(question);
    if (id) {
        return {};
    }
    if (question.system_trust) {
        return fail(FailureKind::invalid,
                    "the leaf does not chain to a publicly trusted root, and the account has no "
                    "certificate authority chain: {}",
                    id.error().message);
    }
    return fail(FailureKind::invalid, "the leaf does not chain to the cluster's trust store: {}",
                id.error().message);
}

Result<void> judge(const ClusterContext& context, const Caller& caller,
                   const crypto::TlsIdentity& identity, const crypto::Certificate& issuer) {
    const auto& leaf = identity.leaf;
    const auto now = context.mesh->clock.now();
    if (!(leaf.public_key() == identity.key.public_key())) {
        return fail(FailureKind::malformed, "the CA answered a leaf for another key");
    }
    const auto id = spiffe::svid_id(leaf);
    if (!id) {
        return propagate(id, "the CA answered a leaf that is no SVID");
    }
    if (!(*id == caller.id)) {
        return fail(FailureKind::malformed, "the CA answered a leaf for {} instead of {}",
                    id->text(), caller.id.text());
    }
    if (!leaf.valid_at(now)) {
        return leaf.not_before() > now
                   ? fail(FailureKind::expired, "the CA answered a leaf that is valid only from {}",
                          rfc3339(leaf.not_before()))
                   : fail(FailureKind::expired, "the CA answered a leaf that expired at {}",
                          rfc3339(leaf.not_after()));
    }
    if (const auto chains = check_chain(context, identity); !chains) {
        return propagate(chains);
    }
    // Who trusts the issuer by himself needs none of it; to everybody else it would be shown.
    if (!leaf.signed_by(issuer)) {
        return fail(FailureKind::malformed,
                    "the CA answered a leaf with another CA's chain: {} did not sign it",
                    issuer.subject_line());
    }
    return {};
}

}  // namespace

Task<Result<kube::IssuedToken>> request_projected_token(std::shared_ptr<ClusterContext> context,
                                                        CaConfig config, Duration limit) {
    const auto kube = bounded(*context->mesh, context->kube, limit);
    kube::TokenRequest request;
    request.expiration = projected_token_life;
    co_return co_await kube.request_token(context->mesh_namespace, config.service_account,
                                          std::move(request));
}

vault::Client vault_of(const ClusterContext& context, const CaConfig& config,
                       const Caller& caller) {
    vault::Config vault;
    vault.endpoint.url = config.url;
    vault.endpoint.timeout = caller.limit;
    vault.endpoint.caller = caller.name;
    vault.namespace_name = context.mesh->options.seams.vault_namespace(config.vault_namespace);
    auto& tls = vault.endpoint.tls;
    const auto& servers = context.mesh->servers;
    if (const auto known = servers.find(config.url.origin()); known != servers.end()) {
        tls = known->second;
    } else {
        tls.system_trust = true;
        const auto& roots = context.mesh->public_roots;
        tls.trust.insert(tls.trust.end(), roots.begin(), roots.end());
    }
    // "… if your organization uses a self-signed root certificate issued by an internal CA and the
    // Vault server uses an HTTPS URL": the bundle is what makes such a server known.
    const auto anchors = context.anchors();
    tls.trust.insert(tls.trust.end(), anchors.begin(), anchors.end());
    return {context.mesh->transport, std::move(vault)};
}

Task<Result<SignedLeaf>> sign_fresh_key(std::shared_ptr<ClusterContext> context, CaConfig config,
                                        Caller caller, Secret vault_token) {
    const auto& options = context->mesh->options;
    SignedLeaf leaf;
    leaf.key = options.seams.key(crypto::Key::generate(options.key_type), caller.pod_uid);
    crypto::Csr::Spec spec;
    spec.alt_names.uris.push_back(caller.id.text());
    vault::SignRequest request;
    request.csr_pem = crypto::Csr::make(spec, leaf.key).pem();
    request.ttl = options.requested_ttl;
    const auto client = vault_of(*context, config, caller).with_token(std::move(vault_token));
    request = options.seams.sign_request(std::move(request), leaf.key);
    auto issued = co_await client.sign_at(config.pki_path, std::move(request));
    if (!issued) {
        co_return propagate(issued);
    }
    leaf.issued = std::move(*issued);
    LeafIssued seen;
    seen.cluster = context->cluster;
    seen.pod = caller.name;
    seen.pod_uid = caller.pod_uid;
    seen.leaf = leaf.issued.leaf;
    seen.chain = leaf.issued.chain;
    seen.requested_key = leaf.key.public_key();
    seen.requested_id = caller.id;
    seen.requested_ttl = options.requested_ttl;
    seen.at = context->mesh->clock.now();
    context->mesh->observer.on_leaf(seen);
    co_return leaf;
}

Result<crypto::TlsIdentity> accept_leaf(const ClusterContext& context, const Caller& caller,
                                        const SignedLeaf& leaf) {
    crypto::TlsIdentity identity;
    identity.leaf = leaf.issued.leaf;
    identity.key = leaf.key;
    std::ranges::copy_if(leaf.issued.chain, std::back_inserter(identity.intermediates),
                         [](const crypto::Certificate& ca) { return !ca.self_signed(); });
    const auto judged = context.mesh->options.seams.leaf_judgement(
        judge(context, caller, identity, leaf.issued.issuing_ca));
    if (!judged) {
        return propagate(judged);
    }
    return identity;
}

std::optional<Time> trusted_until(const ClusterContext& context,
                                  const crypto::TlsIdentity& identity) {
    crypto::ChainQuestion question;
    question.leaf = identity.leaf;
    question.intermediates = identity.intermediates;
    question.trust = context.trust;
    question.system_trust = context.system_trust;
    question.all_anchors = true;  // as in handshakes
    question.at = std::clamp(context.mesh->clock.now(), identity.leaf.not_before(),
                             identity.leaf.not_after());
    const auto verdict = crypto::verify_chain(question);
    if (!verdict.accepted()) {
        return std::nullopt;
    }
    auto until = identity.leaf.not_after();
    for (const auto& above : verdict.path) {
        until = std::min(until, above.not_after());
    }
    return until;
}

Asked asked_for(const CaConfig& config, const Caller& caller) {
    return {config.role, config.pki_path,        config.service_account,
            caller.id,   config.vault_namespace, config.auth_mount};
}

}  // namespace meshproof::mesh
