#pragma once

#include "core/mesh/bell.hpp"
#include "core/mesh/ca_config.hpp"
#include "core/mesh/mesh.hpp"

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

    std::optional<CaConfig> config;  ///< nothing = no CA is connected
    std::vector<crypto::Certificate> trust;
    Bell pods_changed;  ///< a pod came, went, or became ready or not

    [[nodiscard]] std::string config_secret() const;
    [[nodiscard]] std::string root_secret() const;
    /// Name and labels for an object that we make here.
    [[nodiscard]] kube::ObjectMeta meta(std::string ns, std::string name) const;
};

}  // namespace meshproof::mesh
