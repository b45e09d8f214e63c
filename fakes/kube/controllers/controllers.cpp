#include "fakes/kube/controllers/controllers.hpp"

#include "fakes/kube/controllers/owners.hpp"
#include "fakes/kube/custom_resources.hpp"

namespace meshproof::fakes::kube {
namespace {

/// The object as it is now, null where it is gone.
Object present(const ApiState& api, const ResourceType& type, const Json& object) {
    auto found = api.store->find(type, meta(object, "namespace"), meta(object, "name"));
    return found && meta(*found, "uid") == meta(object, "uid") ? found : nullptr;
}

// Controllers watch each other's objects, so all go on until none has anything to do.
void settle(ApiState& api, const ResourceType& type, const Json& first) {
    constexpr int most_rounds = 10'000;
    for (int round = 0; round < most_rounds; ++round) {
        const auto object = present(api, type, first);
        if (!object) {
            return;
        }
        if (&type != &type::deployments) {
            const bool changed = &type == &type::replica_sets ? reconcile_replica_set(api, object)
                                                              : reconcile_stateful_set(api, object);
            if (!changed) {
                return;
            }
            continue;
        }
        bool changed = !leaving(*object) && !object->at("spec").value("paused", false) &&
                       roll_out(api, *object);
        for (const auto& set : owned(api, type::replica_sets, *object)) {
            changed = reconcile_replica_set(api, set) || changed;
        }
        if (!changed && (leaving(*object) || !report_deployment(api, *object))) {
            return;
        }
    }
}

}  // namespace

void after_creation(ApiState& api, const ResourceType& type, const Object& object) {
    if (&type == &type::secrets) {
        fill_token_secret(api, object);
    }
    reconcile(api, type, *object);
}

void after_deletion(ApiState& api, const ResourceType& type, const Object& object, bool orphan) {
    if (&type == &type::namespaces) {
        empty_namespace(api, meta(*object, "name"));
    } else if (&type == &type::service_accounts) {
        remove_token_secrets(api, *object);
        keep_default_account(api, *object);
    } else if (&type == &type::config_maps) {
        keep_root_ca(api, *object);
    }
    if (type.namespaced) {
        collect_dependents(api, *object, orphan);
    }
    reconcile(api, type, *object);
}

void reconcile(ApiState& api, const ResourceType& type, const Json& object) {
    if (api.settling) {
        return;
    }
    if (&type == &type::pods) {
        if (const auto set = owner_of(api, type::replica_sets, object)) {
            reconcile(api, type::replica_sets, *set);
        } else if (const auto stateful = owner_of(api, type::stateful_sets, object)) {
            reconcile(api, type::stateful_sets, *stateful);
        }
    } else if (&type == &type::replica_sets) {
        const auto deployment = owner_of(api, type::deployments, object);
        const Settling settling(api);
        settle(api, deployment ? type::deployments : type, deployment ? *deployment : object);
    } else if (&type == &type::definitions) {
        follow_definition(api, object);
    } else if (&type == &type::deployments || &type == &type::stateful_sets) {
        const Settling settling(api);
        settle(api, type, object);
    }
}

}  // namespace meshproof::fakes::kube
