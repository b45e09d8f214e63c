#pragma once

#include <optional>
#include <string>

#include "core/crypto/key.hpp"
#include "core/kube/client.hpp"
#include "core/mesh/schedule.hpp"
#include "core/mesh/seams.hpp"

/// What is asked of a mesh: of all of it, of a cluster, of a workload.
namespace meshproof::mesh {

struct ControlPlaneOptions {
    kube::Labels labels;      ///< put on every Kubernetes object that is made (the run's id)
    std::string name_suffix;  ///< appended to pod names and config objects ("-r1x2y3"), "" in sim
    std::optional<Duration>
        requested_ttl;  ///< the `ttl` that agents ask for; nothing = the role decides
    crypto::KeyType key_type = crypto::KeyType::p256;
    Schedule schedule;  ///< of every agent
    Seams seams;        ///< honest but in tests (saboteurs.hpp)
};

struct ClusterSpec {
    std::string name;
    std::string ca_label;
    kube::Client kube;  ///< administrator of the cluster, as the mesh's own operator is
    std::string mesh_namespace = "istio-system";
    std::string workload_namespace = "default";
};

struct WorkloadSpec {
    std::string name;             ///< "web": pods are NAME-xxxxx
    std::string service_account;  ///< default = name; only part of the SPIFFE id
    int replicas = 1;
};

}  // namespace meshproof::mesh
