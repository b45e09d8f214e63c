#include "core/mesh/cluster_context.hpp"

namespace meshproof::mesh {

ClusterContext::ClusterContext(std::shared_ptr<Mesh> its_mesh, const ClusterSpec& spec)
    : mesh(std::move(its_mesh)),
      cluster(spec.name),
      mesh_namespace(spec.mesh_namespace),
      workload_namespace(spec.workload_namespace),
      kube(bounded(*mesh, spec.kube, call_limit(mesh->usual_life()))),
      labels(mesh->options.labels) {
    labels[std::string(cluster_label)] = cluster;
    selector = selector_of(labels);
}

void ClusterContext::apply(std::optional<CaConfig> its_config, TrustStore its_store) {
    config = std::move(its_config);
    if (its_store == store) {
        return;
    }
    store = std::move(its_store);
    trust = store.all();
    system_trust = store.system();
    if (system_trust) {
        trust.insert(trust.end(), mesh->public_roots.begin(), mesh->public_roots.end());
    }
    ++trust_version;
}

std::vector<crypto::Certificate> ClusterContext::anchors() const {
    if (publicly_trusted()) {
        return mesh->public_roots;
    }
    auto anchors = store.all();
    std::erase_if(anchors, [this](const crypto::Certificate& one) {
        return !config ||
               std::ranges::find(config->chain, one.fingerprint()) == config->chain.end();
    });
    return anchors;
}

std::string ClusterContext::config_secret() const {
    return "meshproof-ca-config" + mesh->options.name_suffix;
}

std::string ClusterContext::root_secret() const {
    return "meshproof-ca-root" + mesh->options.name_suffix;
}

kube::ObjectMeta ClusterContext::meta(std::string ns, std::string name) const {
    kube::ObjectMeta meta;
    meta.namespace_name = std::move(ns);
    meta.name = std::move(name);
    meta.labels = labels;
    return meta;
}

}  // namespace meshproof::mesh
