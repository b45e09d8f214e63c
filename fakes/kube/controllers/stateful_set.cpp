// StatefulSets: pods that keep their names, one after the other. Volumes and ControllerRevisions
// are not made.
#include <algorithm>
#include <charconv>
#include <map>

#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/controllers/owners.hpp"
#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr const char* revision_label = "controller-revision-hash";

std::string revision_of(const Json& set) {
    return meta(set, "name") + "-" + template_hash(set["spec"]["template"]);
}

/// Whether it was made: another's pod may have its name, and stands in its way.
bool create_stateful_pod(ApiState& api, const Json& set, std::int64_t ordinal,
                         const std::string& its_revision) {
    Json pod = set["spec"]["template"];
    auto& metadata = pod["metadata"];
    const auto name = fmt::format("{}-{}", meta(set, "name"), ordinal);
    if (api.store->find(type::pods, meta(set, "namespace"), name)) {
        return false;
    }
    metadata["name"] = name;
    metadata["generateName"] = meta(set, "name") + "-";
    metadata["namespace"] = meta(set, "namespace");
    metadata["generation"] = 1;
    metadata["labels"]["apps.kubernetes.io/pod-index"] = std::to_string(ordinal);
    metadata["labels"][revision_label] = its_revision;
    metadata["labels"]["statefulset.kubernetes.io/pod-name"] = name;
    metadata["ownerReferences"] = Json::array({owner_reference(type::stateful_sets, set)});
    pod["spec"]["hostname"] = name;
    if (const auto service = text_at(set, "/spec/serviceName"); !service.empty()) {
        pod["spec"]["subdomain"] = service;
    }
    std::vector<Cause> faults;  // the template was checked when it came
    const Json given = pod["spec"];
    complete_pod(pod, faults);
    Json noted = before_admission(pod, given);
    note_creation(api.clock, type::pods, noted, controller_manager);
    pod["metadata"] = std::move(noted["metadata"]);
    api.store->add(type::pods, std::move(pod));
    return true;
}

/// Its pods by their ordinals.
using Ordinals = std::map<std::int64_t, Object>;

Ordinals pods_of(const ApiState& api, const Json& set) {
    Ordinals pods;
    const auto prefix = meta(set, "name") + "-";
    for (const auto& pod : owned(api, type::pods, set)) {
        const auto name = meta(*pod, "name");
        std::int64_t ordinal = 0;
        const auto* end = name.data() + name.size();
        if (name.starts_with(prefix) &&
            std::from_chars(name.data() + prefix.size(), end, ordinal).ptr == end) {
            pods[ordinal] = pod;
        }
    }
    return pods;
}

bool stands(const Object& pod) {
    return !leaving(*pod) && text_at(*pod, "/status/phase") == "Running" && is_ready(*pod);
}

std::string pod_revision(const Json& pod) {
    return text_at(pod, "/metadata/labels/controller-revision-hash");
}

struct Wanted {
    std::int64_t first = 0, end = 0;  ///< ordinals
    std::int64_t partition = 0;       ///< those below keep the old template
    bool ordered = true, rolls = true;
    std::string revision;
};

Wanted wanted_of(const Json& set) {
    Wanted wanted;
    wanted.first = count_at(set, "/spec/ordinals/start");
    wanted.end = wanted.first + pods_wanted(set);
    wanted.partition = count_at(set, "/spec/updateStrategy/rollingUpdate/partition");
    wanted.ordered = text_at(set, "/spec/podManagementPolicy") != "Parallel";
    wanted.rolls = text_at(set, "/spec/updateStrategy/type") == "RollingUpdate";
    wanted.revision = revision_of(set);
    return wanted;
}

/// What one look comes to: something was done, nothing may be done yet, or nothing is to do.
enum class Step { done, waits, none };

Step add_missing(ApiState& api, const Json& set, const Ordinals& pods, const Wanted& wanted) {
    auto step = Step::none;
    for (auto ordinal = wanted.first; ordinal < wanted.end; ++ordinal) {
        const auto found = pods.find(ordinal);
        if (found == pods.end()) {
            const bool made = create_stateful_pod(api, set, ordinal, wanted.revision);
            if (wanted.ordered) {
                return made ? Step::done : Step::waits;
            }
            step = made ? Step::done : step;
            continue;
        }
        const auto phase = text_at(*found->second, "/status/phase");
        if (!leaving(*found->second) && (phase == "Failed" || phase == "Succeeded")) {
            (void)delete_object(api, type::pods, found->second, Json::object());
            return Step::done;
        }
        if (wanted.ordered && !stands(found->second)) {
            return Step::waits;
        }
    }
    return step;
}

Step remove_surplus(ApiState& api, const Ordinals& pods, const Wanted& wanted) {
    auto step = Step::none;
    for (auto at = pods.rbegin(); at != pods.rend(); ++at) {
        const auto& [ordinal, pod] = *at;
        if (ordinal >= wanted.first && ordinal < wanted.end) {
            continue;
        }
        if (!leaving(*pod)) {
            (void)delete_object(api, type::pods, pod, Json::object());
            step = Step::done;
        } else if (step == Step::none) {
            step = Step::waits;
        }
        if (wanted.ordered) {
            return step;
        }
    }
    return step;
}

Step renew_one(ApiState& api, const Ordinals& pods, const Wanted& wanted) {
    if (!wanted.rolls) {
        return Step::none;
    }
    for (auto at = pods.rbegin(); at != pods.rend() && at->first >= wanted.partition; ++at) {
        if (pod_revision(*at->second) != wanted.revision) {
            if (leaving(*at->second)) {
                return Step::waits;
            }
            (void)delete_object(api, type::pods, at->second, Json::object());
            return Step::done;
        }
        if (!stands(at->second)) {
            return Step::waits;
        }
    }
    return Step::none;
}

bool report_stateful_set(ApiState& api, const Json& set, const Ordinals& pods,
                         const Wanted& wanted) {
    std::int64_t all = 0, up = 0, updated = 0;
    for (const auto& [ordinal, pod] : pods) {
        const bool present = !leaving(*pod);
        all += present ? 1 : 0;
        up += stands(pod) ? 1 : 0;
        updated += present && pod_revision(*pod) == wanted.revision ? 1 : 0;
    }
    auto current = text_at(set, "/status/currentRevision");
    if (current.empty() || (updated == all && all == wanted.end - wanted.first && up == all)) {
        current = wanted.revision;
    }
    const auto of_current = current == wanted.revision ? updated : all - updated;
    Json status = {{"observedGeneration", count_at(set, "/metadata/generation", 1)},
                   {"replicas", all},
                   {"currentRevision", current},
                   {"updateRevision", wanted.revision},
                   {"collisionCount", 0},
                   {"availableReplicas", up}};
    const auto tell = [&status](const char* key, std::int64_t count) {
        if (count > 0) {
            status[key] = count;
        }
    };
    tell("readyReplicas", up);
    tell("currentReplicas", of_current);
    tell("updatedReplicas", updated);
    if (status == set.value("status", Json())) {
        return false;
    }
    Json next = set;
    next["status"] = std::move(status);
    api.store->replace(type::stateful_sets, std::move(next));
    return true;
}

}  // namespace

bool reconcile_stateful_set(ApiState& api, const Object& set) {
    if (leaving(*set)) {
        return false;
    }
    const auto wanted = wanted_of(*set);
    const auto pods = pods_of(api, *set);
    auto step = add_missing(api, *set, pods, wanted);
    if (step == Step::none) {
        step = remove_surplus(api, pods, wanted);
    }
    if (step == Step::none) {
        step = renew_one(api, pods, wanted);
    }
    return step == Step::done || report_stateful_set(api, *set, pods, wanted);
}

}  // namespace meshproof::fakes::kube
