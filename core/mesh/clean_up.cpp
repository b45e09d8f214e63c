#include "core/mesh/control_plane_state.hpp"

namespace meshproof::mesh {
namespace {

Task<void> remove_pods(std::shared_ptr<Node> node) {
    const auto pods = co_await node->kube.list_pods(node->workload_namespace, node->selector);
    if (pods) {
        for (const auto& pod : pods->items) {
            std::ignore = co_await node->kube.delete_pod(node->workload_namespace, pod.meta.name);
        }
    }
}

Task<void> remove_secrets(std::shared_ptr<Node> node) {
    const auto secrets = co_await node->kube.list_secrets(node->mesh_namespace, node->selector);
    if (secrets) {
        for (const auto& secret : *secrets) {
            std::ignore = co_await node->kube.delete_secret(node->mesh_namespace, secret.meta.name);
        }
    }
}

Task<void> remove_service_accounts(std::shared_ptr<Node> node, std::string ns) {
    const auto accounts = co_await node->kube.list_service_accounts(ns, node->selector);
    if (accounts) {
        for (const auto& account : *accounts) {
            std::ignore = co_await node->kube.delete_service_account(ns, account.meta.name);
        }
    }
}

// Joins everything that runs in the cluster; an exception that ended something is kept.
Task<void> stop(std::shared_ptr<Cluster::State> cluster, std::exception_ptr& first) {
    cluster->tasks.cancel();
    try {
        co_await cluster->tasks.join();
    } catch (...) {
        first = first ? first : std::current_exception();
    }
    try {
        co_await NodeAgent::stop_agents(cluster->node_agent);
    } catch (...) {
        first = first ? first : std::current_exception();
    }
}

}  // namespace

Task<void> remove_made_objects(std::shared_ptr<Node> node) {
    co_await remove_pods(node);
    co_await remove_secrets(node);
    co_await remove_service_accounts(node, node->mesh_namespace);
    if (node->workload_namespace != node->mesh_namespace) {
        co_await remove_service_accounts(node, node->workload_namespace);
    }
}

Task<void> ControlPlane::shut_down() {
    const auto state = state_;
    std::exception_ptr first;
    const auto clusters = std::exchange(state->clusters, {});
    // All stop before anything is removed, or else the workloads would replace the pods that go.
    for (const auto& [name, cluster] : clusters) {
        co_await stop(cluster, first);
    }
    for (const auto& [name, cluster] : clusters) {
        co_await remove_made_objects(cluster->node);
    }
    if (first) {
        std::rethrow_exception(first);
    }
}

}  // namespace meshproof::mesh
