#include "core/mesh/control_plane_state.hpp"

namespace meshproof::mesh {
namespace {

Task<void> remove_pods(std::shared_ptr<ClusterContext> context) {
    const auto pods =
        co_await context->kube.list_pods(context->workload_namespace, context->selector);
    if (pods) {
        for (const auto& pod : pods->items) {
            std::ignore =
                co_await context->kube.delete_pod(context->workload_namespace, pod.meta.name);
        }
    }
}

Task<void> remove_secrets(std::shared_ptr<ClusterContext> context) {
    const auto secrets =
        co_await context->kube.list_secrets(context->mesh_namespace, context->selector);
    if (secrets) {
        for (const auto& secret : *secrets) {
            std::ignore =
                co_await context->kube.delete_secret(context->mesh_namespace, secret.meta.name);
        }
    }
}

Task<void> remove_service_accounts(std::shared_ptr<ClusterContext> context, std::string ns) {
    const auto accounts = co_await context->kube.list_service_accounts(ns, context->selector);
    if (accounts) {
        for (const auto& account : *accounts) {
            std::ignore = co_await context->kube.delete_service_account(ns, account.meta.name);
        }
    }
}

// Joins everything that runs in the cluster; an exception that ended something is kept.
Task<void> stop(std::shared_ptr<Cluster::State> cluster, std::exception_ptr& first) {
    cluster->ended = true;
    cluster->context->sync.ring();
    for (auto* tasks : {&cluster->tasks, &cluster->agent_tasks}) {
        tasks->cancel();
    }
    for (auto* tasks : {&cluster->tasks, &cluster->agent_tasks}) {
        try {
            co_await tasks->join();
        } catch (...) {
            first = first ? first : std::current_exception();
        }
    }
    try {
        co_await ClusterAgent::stop_agents(cluster->cluster_agent);
    } catch (...) {
        first = first ? first : std::current_exception();
    }
}

}  // namespace

Task<void> remove_made_objects(std::shared_ptr<ClusterContext> context) {
    if (!context->mesh->options.seams.cleans_up) {
        co_return;
    }
    co_await remove_pods(context);
    co_await remove_secrets(context);
    co_await remove_service_accounts(context, context->mesh_namespace);
    if (context->workload_namespace != context->mesh_namespace) {
        co_await remove_service_accounts(context, context->workload_namespace);
    }
}

Task<Result<void>> ControlPlane::offboard(std::string name) {
    const auto state = state_;
    const auto found = state->cluster(name);
    if (!found) {
        co_return propagate(found);
    }
    const auto cluster = *found;
    const auto context = cluster->context;
    const auto answers = co_await context->kube.namespace_exists(context->mesh_namespace);
    if (!answers) {
        co_return propagate(answers, fmt::format("offboarding of cluster {}", name));
    }
    if (cluster->ended) {
        co_return fail(FailureKind::conflict, "cluster {} is being offboarded already", name);
    }
    // Its name is free only when nothing of it is left: who comes next would lose his to us.
    std::exception_ptr first;
    co_await stop(cluster, first);
    co_await remove_made_objects(context);
    state->clusters.erase(name);
    state->mesh->tell("offboarded", {{"cluster", name}});
    if (first) {
        std::rethrow_exception(first);
    }
    co_return Result<void>();
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
        co_await remove_made_objects(cluster->context);
    }
    if (first) {
        std::rethrow_exception(first);
    }
}

}  // namespace meshproof::mesh
