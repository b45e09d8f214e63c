#include "fakes/kube/controllers/controllers.hpp"

#include "fakes/kube/controllers/owners.hpp"

namespace meshproof::fakes::kube {
namespace {

/// The object as it is now, null where it is gone.
Object present(const Cluster& cluster, const ResourceType& type, const Json& object) {
    auto found = cluster.store->find(type, meta(object, "namespace"), meta(object, "name"));
    return found && meta(*found, "uid") == meta(object, "uid") ? found : nullptr;
}

// Controllers watch each other's objects, so all go on until none has anything to do.
void settle(Cluster& cluster, const ResourceType& type, const Json& first) {
    constexpr int most_rounds = 10'000;
    for (int round = 0; round < most_rounds; ++round) {
        const auto object = present(cluster, type, first);
        if (!object) {
            return;
        }
        if (&type == &type::replica_sets) {
            if (!reconcile_replica_set(cluster, object)) {
                return;
            }
            continue;
        }
        bool changed = !leaving(*object) && !object->at("spec").value("paused", false) &&
                       roll_out(cluster, *object);
        for (const auto& set : owned(cluster, type::replica_sets, *object)) {
            changed = reconcile_replica_set(cluster, set) || changed;
        }
        if (!changed && (leaving(*object) || !report_deployment(cluster, *object))) {
            return;
        }
    }
}

}  // namespace

void after_creation(Cluster& cluster, const ResourceType& type, const Object& object) {
    if (&type == &type::secrets) {
        fill_token_secret(cluster, object);
    }
    reconcile(cluster, type, *object);
}

void after_deletion(Cluster& cluster, const ResourceType& type, const Object& object, bool orphan) {
    if (&type == &type::namespaces) {
        empty_namespace(cluster, meta(*object, "name"));
    } else if (&type == &type::service_accounts) {
        remove_token_secrets(cluster, *object);
        keep_default_account(cluster, *object);
    }
    if (type.namespaced) {
        collect_dependents(cluster, *object, orphan);
    }
    reconcile(cluster, type, *object);
}

void reconcile(Cluster& cluster, const ResourceType& type, const Json& object) {
    if (cluster.settling) {
        return;
    }
    if (&type == &type::pods) {
        if (const auto set = owner_of(cluster, type::replica_sets, object)) {
            reconcile(cluster, type::replica_sets, *set);
        }
    } else if (&type == &type::replica_sets) {
        const auto deployment = owner_of(cluster, type::deployments, object);
        cluster.settling = true;
        settle(cluster, deployment ? type::deployments : type, deployment ? *deployment : object);
        cluster.settling = false;
    } else if (&type == &type::deployments) {
        cluster.settling = true;
        settle(cluster, type, object);
        cluster.settling = false;
    }
}

}  // namespace meshproof::fakes::kube
