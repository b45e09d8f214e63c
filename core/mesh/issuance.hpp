#pragma once

#include "core/crypto/tls.hpp"
#include "core/mesh/cluster_context.hpp"
#include "core/mesh/decision.hpp"

/// The signing path as every pod and the health check walk it: TokenRequest, login, sign, and what
/// is checked before use.
namespace meshproof::mesh {

/// A call of the signing path that failed.
struct Refusal {
    Step step = Step::login;
    Failure failure;
};

/// Who walks it.
struct Caller {
    std::string name;     ///< for per-caller faults and the logs of servers
    std::string pod_uid;  ///< "" for the health check
    spiffe::SpiffeId id;
    Duration limit{};  ///< of each call
};

/// What a projected token is asked to live: as the volume `istio-token` asks the kubelet for it
/// (expirationSeconds 43200 in injection-template.yaml of github.com/istio/istio,
/// manifests/charts/istio-control/istio-discovery/files).
inline constexpr auto projected_token_life = std::chrono::hours(12);
/// A short-lived token of the account's service account in the mesh namespace.
[[nodiscard]] Task<Result<kube::IssuedToken>> request_projected_token(
    std::shared_ptr<ClusterContext> context, CaConfig config, Duration limit);

/// The cluster's Vault as the caller reaches it: the machines' own trust for HTTPS, plus the
/// account's bundle.
[[nodiscard]] vault::Client vault_of(const ClusterContext& context, const CaConfig& config,
                                     const Caller& caller);

/// A fresh key, signed. The observer sees the answer before it is judged.
struct SignedLeaf {
    vault::Issued issued;
    crypto::Key key;
};
[[nodiscard]] Task<Result<SignedLeaf>> sign_fresh_key(std::shared_ptr<ClusterContext> context,
                                                      CaConfig config, Caller caller,
                                                      Secret vault_token);

/// What to show in handshakes, if the leaf certifies this key for this id, is valid now and chains
/// to the trust store.
[[nodiscard]] Result<crypto::TlsIdentity> accept_leaf(const ClusterContext& context,
                                                      const Caller& caller, const SignedLeaf& leaf);

/// The last moment at which pods of this cluster accept that leaf by what they trust now: the end
/// of it or of a CA above it. Nothing where it does not chain to an anchor.
[[nodiscard]] std::optional<Time> trusted_until(const ClusterContext& context,
                                                const crypto::TlsIdentity& identity);

[[nodiscard]] Asked asked_for(const CaConfig& config, const Caller& caller);

}  // namespace meshproof::mesh
