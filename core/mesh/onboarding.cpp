#include "core/base/text.hpp"
#include "core/mesh/control_plane_state.hpp"
#include "core/mesh/sync.hpp"

namespace meshproof::mesh {
namespace {

// A cluster's name is a label value in every object of its.
bool label_value(std::string_view text) {
    constexpr std::size_t longest = 63;
    return !text.empty() && text.size() <= longest && letter_or_digit(text.front()) &&
           letter_or_digit(text.back()) && std::ranges::all_of(text, [](char c) {
               return letter_or_digit(c) || c == '-' || c == '_' || c == '.';
           });
}

Task<Result<void>> ensure_namespace(std::shared_ptr<ClusterContext> context, std::string name) {
    const auto exists = co_await context->kube.namespace_exists(name);
    if (!exists) {
        co_return propagate(exists, fmt::format("cluster {}", context->cluster));
    }
    if (!*exists) {
        auto created = co_await context->kube.create_namespace(name, context->labels);
        if (!created && created.error().kind != FailureKind::conflict) {
            co_return propagate(created, fmt::format("cluster {}", context->cluster));
        }
    }
    co_return Result<void>();
}

// All that onboarding does in the cluster itself.
Task<Result<void>> install(std::shared_ptr<Cluster::State> cluster) {
    const auto context = cluster->context;
    for (const auto& name : {context->mesh_namespace, context->workload_namespace}) {
        auto there = co_await ensure_namespace(context, name);
        if (!there) {
            co_return there;
        }
    }
    co_return co_await synchronise(cluster);
}

Task<void> keep_workloads(std::shared_ptr<Cluster::State> cluster) {
    co_await Workloads::keep(cluster->workloads);
}

}  // namespace

Task<Result<void>> ensure_service_account(std::shared_ptr<ClusterContext> context,
                                          std::string name) {
    const auto made =
        co_await context->kube.create_service_account(context->meta(context->mesh_namespace, name));
    if (!made && made.error().kind != FailureKind::conflict) {
        co_return propagate(made,
                            fmt::format("cluster {}: service account {}", context->cluster, name));
    }
    co_return Result<void>();
}

Task<Result<void>> remove_service_account(std::shared_ptr<ClusterContext> context,
                                          std::string name) {
    if (!context->mesh->options.seams.removes_old_service_accounts) {
        co_return Result<void>();
    }
    const auto found = co_await context->kube.service_account(context->mesh_namespace, name);
    if (!found) {
        if (found.error().kind == FailureKind::not_found) {
            co_return Result<void>();
        }
        co_return propagate(found);
    }
    const auto& labels = found->meta.labels;
    const bool ours = std::ranges::all_of(context->labels, [&](const auto& label) {
        const auto there = labels.find(label.first);
        return there != labels.end() && there->second == label.second;
    });
    if (ours) {
        auto removed = co_await context->kube.delete_service_account(context->mesh_namespace, name);
        if (!removed && removed.error().kind != FailureKind::not_found) {
            co_return propagate(removed);
        }
    }
    co_return Result<void>();
}

Task<Result<Cluster>> ControlPlane::onboard(ClusterSpec spec) {
    const auto state = state_;
    if (state->mesh->trust_domain.empty()) {
        co_return fail(FailureKind::invalid,
                       "a trust domain is required to onboard a cluster: set it first");
    }
    if (!label_value(spec.name)) {
        co_return fail(
            FailureKind::invalid,
            "cluster name \"{}\" cannot be used: expected at most 63 letters, digits and "
            ". - _, beginning and ending with a letter or digit",
            spec.name);
    }
    const auto* account = state->account_labelled(spec.ca_label);
    if (account == nullptr) {
        co_return fail(FailureKind::not_found, "no account has the CA label \"{}\"", spec.ca_label);
    }
    for (const auto& [name, other] : state->clusters) {
        if (name == spec.name) {
            co_return fail(FailureKind::conflict, "cluster {} is onboarded already", name);
        }
        if (other->spec.mesh_namespace == spec.mesh_namespace &&
            other->spec.kube.access().endpoint.url == spec.kube.access().endpoint.url) {
            co_return fail(FailureKind::conflict,
                           "namespace {} of this API server holds the configuration of cluster {}",
                           spec.mesh_namespace, name);
        }
    }
    const auto name = spec.name;
    const auto chosen = *account;
    auto cluster = std::make_shared<Cluster::State>(state->mesh, std::move(spec));
    // From here on the name is taken, and the account is in use.
    state->clusters.emplace(name, cluster);
    want(*cluster, chosen);
    const auto installed = co_await install(cluster);
    if (!installed) {
        state->clusters.erase(name);
        cluster->ended = true;
        cluster->context->sync.ring();
        co_await remove_made_objects(cluster->context);
        co_return propagate(installed, fmt::format("onboarding of cluster {}", name));
    }
    co_await start_cluster_agent(cluster);
    co_await cluster->tasks.spawn(keep_workloads(cluster));
    co_await cluster->tasks.spawn(keep_in_sync(cluster));
    state->mesh->tell("onboarded", {{"cluster", name}});
    co_return Cluster(cluster);
}

Task<Result<void>> ControlPlane::connect_ca(std::string name, std::string ca_label) {
    const auto state = state_;
    const auto cluster = state->cluster(name);
    if (!cluster) {
        co_return propagate(cluster);
    }
    const auto* account = state->account_labelled(ca_label);
    if (account == nullptr) {
        co_return fail(FailureKind::not_found, "no account has the CA label \"{}\"", ca_label);
    }
    want(**cluster, *account);
    co_await tried(*cluster);
    co_return Result<void>();
}

Task<Result<void>> ControlPlane::delete_account(std::string name, bool understood) {
    const auto state = state_;
    const auto* account = state->account(name);
    if (account == nullptr) {
        co_return fail(FailureKind::not_found, "no account \"{}\"", name);
    }
    const auto users = state->clusters_of(*account);
    const auto& seams = state->mesh->options.seams;
    if (!users.empty() && !understood && seams.warns_of_users) {
        std::string names;
        for (const auto& cluster : users) {
            names += (names.empty() ? "" : ", ") + cluster->spec.name;
        }
        co_return fail(FailureKind::conflict,
                       "account \"{}\" is used by {}: confirm that you understand the consequences "
                       "(pods keep their certificates until they expire, and get no new ones)",
                       name, names);
    }
    const auto label = account->label();
    std::erase_if(state->accounts,
                  [&](const IntegrationAccount& one) { return one.name() == name; });
    state->mesh->tell("account deleted", {{"account", name}});
    for (const auto& cluster : users) {
        if (cluster->ca_label() == label && seams.disconnects_deleted_accounts) {
            want(*cluster, std::nullopt);
        }
    }
    for (const auto& cluster : users) {
        co_await tried(cluster);
    }
    co_return Result<void>();
}

}  // namespace meshproof::mesh
