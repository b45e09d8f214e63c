#include <algorithm>

#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/controllers/owners.hpp"
#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {

bool is_ready(const Json& pod) {
    for (const auto& condition :
         pod.value(Json::json_pointer("/status/conditions"), Json::array())) {
        if (text_at(condition, "/type") == "Ready") {
            return text_at(condition, "/status") == "True";
        }
    }
    return false;
}

std::int64_t pods_wanted(const Json& set) {
    constexpr std::size_t most = 10'000, most_weight = 256U << 20;
    const auto each = weight_of(set.at("spec").value("template", Json()));
    const auto room = std::clamp<std::size_t>(most_weight / each, 1, most);
    return std::min(count_at(set, "/spec/replicas", 1), static_cast<std::int64_t>(room));
}

namespace {

void create_pod(ApiState& api, const Json& set) {
    Json pod = set["spec"]["template"];
    const auto base = meta(set, "name") + "-";
    pod["metadata"]["generateName"] = base;
    const auto space = meta(set, "namespace");
    // Of ten thousand some would have another's name, and controllers try again.
    do {
        pod["metadata"]["name"] = fresh_name(*api.store, base);
    } while (api.store->find(type::pods, space, meta(pod, "name")));
    pod["metadata"]["namespace"] = space;
    pod["metadata"]["generation"] = 1;
    pod["metadata"]["ownerReferences"] = Json::array({owner_reference(type::replica_sets, set)});
    std::vector<Cause> faults;  // the template was checked when it came
    const Json given = pod["spec"];
    complete_pod(pod, faults);
    Json noted = before_admission(pod, given);
    note_creation(api.clock, type::pods, noted, controller_manager);
    pod["metadata"] = std::move(noted["metadata"]);
    api.store->add(type::pods, std::move(pod));
}

// Those first that do least: not ready before ready, the youngest before the oldest.
bool sooner_deleted(const Object& a, const Object& b) {
    const bool a_ready = is_ready(*a);
    if (a_ready != is_ready(*b)) {
        return !a_ready;
    }
    const auto a_made = meta(*a, "creationTimestamp");
    const auto b_made = meta(*b, "creationTimestamp");
    return a_made == b_made ? meta(*a, "name") < meta(*b, "name") : a_made > b_made;
}

}  // namespace

bool reconcile_replica_set(ApiState& api, const Object& set) {
    auto pods = owned(api, type::pods, *set);
    std::erase_if(pods, [](const Object& pod) {
        const auto phase = text_at(*pod, "/status/phase");
        return leaving(*pod) || phase == "Succeeded" || phase == "Failed";
    });
    const auto wanted = pods_wanted(*set);
    bool changed = false;
    if (!leaving(*set)) {
        for (auto present = std::ssize(pods); present < wanted; ++present, changed = true) {
            create_pod(api, *set);
        }
        if (std::ssize(pods) > wanted) {
            std::ranges::sort(pods, sooner_deleted);
            pods.resize(pods.size() - static_cast<std::size_t>(wanted));
            for (const auto& pod : pods) {
                (void)delete_object(api, type::pods, pod, Json::object());
            }
            changed = true;
        }
    }
    if (changed) {
        return true;
    }
    const auto all = std::ssize(pods);
    const auto up = std::ranges::count_if(pods, [](const Object& pod) { return is_ready(*pod); });
    Json status = {{"replicas", all},
                   {"observedGeneration", count_at(*set, "/metadata/generation", 1)}};
    if (all > 0) {
        status["fullyLabeledReplicas"] = all;
    }
    if (up > 0) {
        status["readyReplicas"] = status["availableReplicas"] = up;
    }
    if (status == set->value("status", Json())) {
        return false;
    }
    Json next = *set;
    next["status"] = std::move(status);
    api.store->replace(type::replica_sets, std::move(next));
    return true;
}

}  // namespace meshproof::fakes::kube
