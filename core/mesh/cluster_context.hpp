#pragma once

#include "core/mesh/bell.hpp"
#include "core/mesh/ca_config.hpp"
#include "core/mesh/mesh.hpp"
#include "core/mesh/trust_store.hpp"

namespace meshproof::mesh {

/// What everything that runs in one cluster shares: its API server, and the CA configuration and
/// trust store as they were last read from there.
struct ClusterContext {
    ClusterContext(std::shared_ptr<Mesh> its_mesh, const ClusterSpec& spec);

    std::shared_ptr<Mesh> mesh;
    std::string cluster, mesh_namespace, workload_namespace;
    kube::Client kube;  ///< each call bounded
    kube::Labels labels;
    std::string selector;

    // As the cluster's agent has applied them; only it writes them (`apply`).
    std::optional<CaConfig> config;  ///< nothing = no CA is connected
    TrustStore store;
    std::vector<crypto::Certificate> trust;  ///< the anchors of handshakes
    bool system_trust = false;               ///< the machine's own store counts there too
    std::uint64_t trust_version = 0;         ///< counts its changes
    std::string configuration_problem;  ///< why what is there now cannot be applied; "" = it is

    /// An agent was told that this service account is not there: somebody has deleted it. "" = none
    /// was told so since the last push.
    std::string missing_service_account;

    Bell pods_changed;  ///< a pod came, went, or became ready or not
    Bell sync;          ///< what is wanted or what is applied has changed

    void apply(std::optional<CaConfig> its_config, TrustStore its_store);
    /// What leaves of the connected CA have to chain to: its bundle, as far as the trust store
    /// holds it.
    [[nodiscard]] std::vector<crypto::Certificate> anchors() const;
    /// The connected CA's root is a public one: the account has no bundle.
    [[nodiscard]] bool publicly_trusted() const { return config && config->chain.empty(); }

    [[nodiscard]] std::string config_secret() const;
    [[nodiscard]] std::string root_secret() const;
    /// Name and labels for an object that we make here.
    [[nodiscard]] kube::ObjectMeta meta(std::string ns, std::string name) const;
};

}  // namespace meshproof::mesh
