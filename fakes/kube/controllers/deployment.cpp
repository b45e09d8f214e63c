#include <algorithm>
#include <charconv>
#include <cmath>

#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/controllers/owners.hpp"
#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr const char* revision = "deployment.kubernetes.io/revision";
constexpr const char* hash_label = "pod-template-hash";

}  // namespace

// As rand.SafeEncodeString: letters that spell no words.
std::string template_hash(const Json& pod_template) {
    constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
    std::uint32_t hash = 2166136261U;  // FNV-1a
    for (const char byte : pod_template.dump()) {
        hash = (hash ^ static_cast<std::uint8_t>(byte)) * 16777619U;
    }
    std::string text;
    for (const char digit : std::to_string(hash)) {
        text += letters[static_cast<std::size_t>(digit) % letters.size()];
    }
    return text;
}

namespace {

Json plain_template(const Json& set) {
    auto pod_template = set["spec"]["template"];
    pod_template["metadata"]["labels"].erase(hash_label);
    return pod_template;
}

// "25%" or a number, of `replicas`.
std::int64_t share(const Json& value, std::int64_t replicas, bool up) {
    if (value.is_number_integer()) {
        return value.get<std::int64_t>();
    }
    const auto text = value.is_string() ? value.get<std::string>() : "25%";
    double percent = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), percent);
    const auto part = percent * static_cast<double>(replicas) / 100;
    return static_cast<std::int64_t>(up ? std::ceil(part) : std::floor(part));
}

struct Rollout {
    Object newest;              ///< the set of the current template; null = none yet
    std::vector<Object> older;  ///< oldest first
    std::int64_t replicas = 0, surge = 0, unavailable = 0;
    bool recreate = false;
};

Rollout rollout_of(const ApiState& api, const Json& deployment) {
    Rollout rollout;
    rollout.replicas = count_at(deployment, "/spec/replicas");
    rollout.recreate = text_at(deployment, "/spec/strategy/type") == "Recreate";
    if (!rollout.recreate) {
        const Json update =
            deployment.value(Json::json_pointer("/spec/strategy/rollingUpdate"), Json::object());
        rollout.surge = share(update.value("maxSurge", Json()), rollout.replicas, true);
        rollout.unavailable =
            share(update.value("maxUnavailable", Json()), rollout.replicas, false);
        if (rollout.surge == 0 && rollout.unavailable == 0) {
            rollout.unavailable = 1;
        }
    }
    for (auto& set : owned(api, type::replica_sets, deployment)) {
        if (plain_template(*set) == deployment["spec"]["template"]) {
            rollout.newest = set;
        } else {
            rollout.older.push_back(set);
        }
    }
    return rollout;
}

/// Whether it was made: another's set may have its name. (The real controller then draws another
/// hash.)
bool create_set(ApiState& api, const Json& deployment, const Rollout& rollout) {
    const auto& pod_template = deployment["spec"]["template"];
    const auto hash = template_hash(pod_template);
    const auto name = meta(deployment, "name") + "-" + hash;
    if (api.store->find(type::replica_sets, meta(deployment, "namespace"), name)) {
        return false;
    }
    std::int64_t number = 1;
    for (const auto& set : rollout.older) {
        const auto text = text_at(*set, "/metadata/annotations/deployment.kubernetes.io~1revision");
        std::int64_t its = 0;
        (void)std::from_chars(text.data(), text.data() + text.size(), its);
        number = std::max(number, its + 1);
    }
    std::int64_t others = 0;
    for (const auto& set : rollout.older) {
        others += count_at(*set, "/spec/replicas");
    }
    const auto room = rollout.recreate ? (others > 0 ? 0 : rollout.replicas)
                                       : rollout.replicas + rollout.surge - others;
    Json set = {
        {"metadata",
         {{"name", name},
          {"namespace", meta(deployment, "namespace")},
          {"generation", 1},
          {"labels", pod_template["metadata"].value("labels", Json::object())},
          {"annotations",
           {{"deployment.kubernetes.io/desired-replicas", std::to_string(rollout.replicas)},
            {"deployment.kubernetes.io/max-replicas",
             std::to_string(rollout.replicas + rollout.surge)},
            {revision, std::to_string(number)}}},
          {"ownerReferences", Json::array({owner_reference(type::deployments, deployment)})}}},
        {"spec",
         {{"replicas", std::clamp<std::int64_t>(room, 0, rollout.replicas)},
          {"selector", deployment["spec"]["selector"]},
          {"template", pod_template}}},
        {"status", {{"replicas", 0}}}};
    set["metadata"]["labels"][hash_label] = hash;
    set["spec"]["selector"]["matchLabels"][hash_label] = hash;
    set["spec"]["template"]["metadata"]["labels"][hash_label] = hash;
    note_creation(api.clock, type::replica_sets, set, controller_manager);
    api.store->add(type::replica_sets, std::move(set));
    return true;
}

void scale_set(ApiState& api, const Json& set, std::int64_t replicas) {
    Json next = set;
    next["spec"]["replicas"] = replicas;
    next["metadata"]["generation"] = count_at(set, "/metadata/generation", 1) + 1;
    api.store->replace(type::replica_sets, std::move(next));
}

void set_condition(Json& conditions, const std::string& now, Json wanted) {
    for (auto& condition : conditions) {
        if (condition["type"] != wanted["type"]) {
            continue;
        }
        if (condition["status"] == wanted["status"] && condition["reason"] == wanted["reason"] &&
            condition["message"] == wanted["message"]) {
            return;
        }
        wanted["lastTransitionTime"] =
            condition["status"] == wanted["status"] ? condition["lastTransitionTime"] : Json(now);
        wanted["lastUpdateTime"] = now;
        condition = std::move(wanted);
        return;
    }
    wanted["lastTransitionTime"] = wanted["lastUpdateTime"] = now;
    conditions.push_back(std::move(wanted));
}

}  // namespace

bool roll_out(ApiState& api, const Json& deployment) {
    const auto rollout = rollout_of(api, deployment);
    if (!rollout.newest) {
        return create_set(api, deployment, rollout);
    }
    std::int64_t total = count_at(*rollout.newest, "/spec/replicas");
    std::int64_t available = count_at(*rollout.newest, "/status/availableReplicas");
    const auto current = total;
    const auto not_up = current - available;
    for (const auto& set : rollout.older) {
        total += count_at(*set, "/spec/replicas");
        available += count_at(*set, "/status/availableReplicas");
    }
    const auto older_total = total - current;
    const auto wanted = rollout.recreate
                            ? (older_total > 0 ? current : rollout.replicas)
                            : std::min(rollout.replicas,
                                       current + std::max<std::int64_t>(
                                                     0, rollout.replicas + rollout.surge - total));
    if (current > rollout.replicas) {
        scale_set(api, *rollout.newest, rollout.replicas);
        return true;
    }
    if (wanted > current) {
        scale_set(api, *rollout.newest, wanted);
        return true;
    }
    const auto least = rollout.replicas - rollout.unavailable;
    auto may_go = rollout.recreate ? older_total : total - least - not_up;
    auto spare = rollout.recreate ? older_total : available - least;
    bool changed = false;
    for (const auto& set : rollout.older) {
        const auto has = count_at(*set, "/spec/replicas");
        const auto up = count_at(*set, "/status/availableReplicas");
        // What is not up is no loss; what is up goes only where enough others are.
        auto go = std::min(has - up, std::max<std::int64_t>(may_go, 0));
        const auto more = std::clamp<std::int64_t>(std::min(spare, may_go - go), 0, has - go);
        go += more;
        if (go > 0) {
            scale_set(api, *set, has - go);
            may_go -= go;
            spare -= more;
            changed = true;
        }
    }
    return changed;
}

bool report_deployment(ApiState& api, const Json& deployment) {
    const auto rollout = rollout_of(api, deployment);
    const auto now = rfc3339(api.clock.now());
    std::int64_t replicas = 0;
    std::int64_t up = 0;
    for (const auto& set : owned(api, type::replica_sets, deployment)) {
        replicas += count_at(*set, "/status/replicas");
        up += count_at(*set, "/status/readyReplicas");
    }
    // A deployment that is paused from its beginning has no set at all.
    const auto updated = rollout.newest ? count_at(*rollout.newest, "/status/replicas") : 0;
    const bool paused = deployment.at("spec").value("paused", false);
    Json status = {{"observedGeneration", count_at(deployment, "/metadata/generation", 1)}};
    const auto tell = [&](const char* key, std::int64_t value) {
        if (value > 0) {
            status[key] = value;
        }
    };
    tell("replicas", replicas);
    tell("updatedReplicas", updated);
    tell("readyReplicas", up);
    tell("availableReplicas", up);
    tell("unavailableReplicas",
         std::max(replicas, rollout.newest ? rollout.replicas : std::int64_t{0}) - up);
    auto conditions = deployment.value(Json::json_pointer("/status/conditions"), Json::array());
    if (paused) {
        set_condition(conditions, now,
                      {{"type", "Progressing"},
                       {"status", "Unknown"},
                       {"reason", "DeploymentPaused"},
                       {"message", "Deployment is paused"}});
    }
    const bool enough = up >= rollout.replicas - rollout.unavailable;
    set_condition(conditions, now,
                  {{"type", "Available"},
                   {"status", enough ? "True" : "False"},
                   {"reason", enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable"},
                   {"message", enough ? "Deployment has minimum availability."
                                      : "Deployment does not have minimum availability."}});
    const bool done = updated == rollout.replicas && replicas == updated && up == updated;
    if (!paused && rollout.newest) {
        set_condition(
            conditions, now,
            {{"type", "Progressing"},
             {"status", "True"},
             {"reason", done ? "NewReplicaSetAvailable" : "ReplicaSetUpdated"},
             {"message", fmt::format("ReplicaSet \"{}\" {}", meta(*rollout.newest, "name"),
                                     done ? "has successfully progressed." : "is progressing.")}});
    }
    status["conditions"] = std::move(conditions);
    Json next = deployment;
    next["status"] = std::move(status);
    if (rollout.newest) {
        next["metadata"]["annotations"][revision] =
            text_at(*rollout.newest, "/metadata/annotations/deployment.kubernetes.io~1revision");
    }
    const auto before = meta(deployment, "resourceVersion");
    return meta(*api.store->replace(type::deployments, std::move(next)), "resourceVersion") !=
           before;
}

}  // namespace meshproof::fakes::kube
