#include <charconv>
#include <cmath>

#include "core/base/text.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/cluster.hpp"

// What kube-controller-manager's deployment and replicaset controllers do, without their delays.

namespace meshproof::fakes::kube {
namespace {

constexpr const char* revision = "deployment.kubernetes.io/revision";
constexpr const char* hash_label = "pod-template-hash";

std::int64_t count_at(const Json& object, const char* pointer, std::int64_t otherwise = 0) {
    return object.value(Json::json_pointer(pointer), otherwise);
}

bool owned_by(const Json& object, const std::string& uid) {
    const auto& metadata = object.at("metadata");
    const auto owners = metadata.find("ownerReferences");
    return owners != metadata.end() && std::ranges::any_of(*owners, [&](const Json& owner) {
               return text_at(owner, "/uid") == uid && owner.value("controller", false);
           });
}

std::vector<Object> owned(const Cluster& cluster, const ResourceType& type, const Json& owner) {
    auto objects = cluster.store->list(type, meta(owner, "namespace"));
    const auto uid = meta(owner, "uid");
    std::erase_if(objects, [&](const Object& object) { return !owned_by(*object, uid); });
    return objects;
}

bool leaving(const Json& object) {
    return !meta(object, "deletionTimestamp").empty();
}

bool ready(const Json& pod) {
    for (const auto& condition :
         pod.value(Json::json_pointer("/status/conditions"), Json::array())) {
        if (text_at(condition, "/type") == "Ready") {
            return text_at(condition, "/status") == "True";
        }
    }
    return false;
}

Json owner_reference(const ResourceType& type, const Json& owner) {
    return {{"apiVersion", type.api_version()}, {"kind", type.kind},  {"name", meta(owner, "name")},
            {"uid", meta(owner, "uid")},        {"controller", true}, {"blockOwnerDeletion", true}};
}

bool selects(const Json& selector, const Json& labels) {
    const auto wanted = selector.value("matchLabels", Json::object());
    for (const auto& [key, value] : wanted.items()) {
        if (!labels.contains(key) || labels[key] != value) {
            return false;
        }
    }
    return true;
}

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

Json plain_template(const Json& set) {
    auto pod_template = set["spec"]["template"];
    pod_template["metadata"]["labels"].erase(hash_label);
    return pod_template;
}

// --- ReplicaSets

void create_pod(Cluster& cluster, const Json& set) {
    Json pod = set["spec"]["template"];
    const auto base = meta(set, "name") + "-";
    pod["metadata"]["generateName"] = base;
    pod["metadata"]["name"] = fresh_name(*cluster.store, base);
    pod["metadata"]["namespace"] = meta(set, "namespace");
    pod["metadata"]["generation"] = 1;
    pod["metadata"]["ownerReferences"] = Json::array({owner_reference(type::replica_sets, set)});
    std::vector<Cause> faults;  // the template was checked when it came
    complete_pod(pod, faults);
    cluster.store->add(type::pods, std::move(pod));
}

// Those first that do least: not ready before ready, the youngest before the oldest.
bool sooner_deleted(const Object& a, const Object& b) {
    const bool a_ready = ready(*a);
    if (a_ready != ready(*b)) {
        return !a_ready;
    }
    const auto a_made = meta(*a, "creationTimestamp");
    const auto b_made = meta(*b, "creationTimestamp");
    return a_made == b_made ? meta(*a, "name") < meta(*b, "name") : a_made > b_made;
}

/// Whether anything had to be done.
bool reconcile_set(Cluster& cluster, const Object& set) {
    auto pods = owned(cluster, type::pods, *set);
    std::erase_if(pods, [](const Object& pod) {
        const auto phase = text_at(*pod, "/status/phase");
        return leaving(*pod) || phase == "Succeeded" || phase == "Failed";
    });
    const auto wanted = count_at(*set, "/spec/replicas");
    bool changed = false;
    if (!leaving(*set)) {
        for (auto present = std::ssize(pods); present < wanted; ++present, changed = true) {
            create_pod(cluster, *set);
        }
        if (std::ssize(pods) > wanted) {
            std::ranges::sort(pods, sooner_deleted);
            pods.resize(pods.size() - static_cast<std::size_t>(wanted));
            for (const auto& pod : pods) {
                (void)delete_object(cluster, type::pods, pod, Json::object());
            }
            changed = true;
        }
    }
    if (changed) {
        return true;
    }
    const auto all = std::ssize(pods);
    const auto up = std::ranges::count_if(pods, [](const Object& pod) { return ready(*pod); });
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
    cluster.store->replace(type::replica_sets, std::move(next));
    return true;
}

// --- Deployments

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

Rollout rollout_of(const Cluster& cluster, const Json& deployment) {
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
    for (auto& set : owned(cluster, type::replica_sets, deployment)) {
        if (plain_template(*set) == deployment["spec"]["template"]) {
            rollout.newest = set;
        } else {
            rollout.older.push_back(set);
        }
    }
    return rollout;
}

void create_set(Cluster& cluster, const Json& deployment, const Rollout& rollout) {
    const auto& pod_template = deployment["spec"]["template"];
    const auto hash = template_hash(pod_template);
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
         {{"name", meta(deployment, "name") + "-" + hash},
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
    cluster.store->add(type::replica_sets, std::move(set));
}

void scale_set(Cluster& cluster, const Json& set, std::int64_t replicas) {
    Json next = set;
    next["spec"]["replicas"] = replicas;
    next["metadata"]["generation"] = count_at(set, "/metadata/generation", 1) + 1;
    cluster.store->replace(type::replica_sets, std::move(next));
}

/// One step of a rollout; false where there is nothing to do at the moment.
bool roll(Cluster& cluster, const Json& deployment) {
    const auto rollout = rollout_of(cluster, deployment);
    if (!rollout.newest) {
        create_set(cluster, deployment, rollout);
        return true;
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
        scale_set(cluster, *rollout.newest, rollout.replicas);
        return true;
    }
    if (wanted > current) {
        scale_set(cluster, *rollout.newest, wanted);
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
            scale_set(cluster, *set, has - go);
            may_go -= go;
            spare -= more;
            changed = true;
        }
    }
    return changed;
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

bool report_status(Cluster& cluster, const Json& deployment) {
    const auto rollout = rollout_of(cluster, deployment);
    const auto now = rfc3339(cluster.clock.now());
    std::int64_t replicas = 0;
    std::int64_t up = 0;
    for (const auto& set : owned(cluster, type::replica_sets, deployment)) {
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
    return meta(*cluster.store->replace(type::deployments, std::move(next)), "resourceVersion") !=
           before;
}

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
            if (!reconcile_set(cluster, object)) {
                return;
            }
            continue;
        }
        bool changed = !leaving(*object) && !object->at("spec").value("paused", false) &&
                       roll(cluster, *object);
        for (const auto& set : owned(cluster, type::replica_sets, *object)) {
            changed = reconcile_set(cluster, set) || changed;
        }
        if (!changed && (leaving(*object) || !report_status(cluster, *object))) {
            return;
        }
    }
}

/// The controller that owns it, as an object of `type`; null for none.
Object owner_of(const Cluster& cluster, const ResourceType& type, const Json& object) {
    for (const auto& owner : object["metadata"].value("ownerReferences", Json::array())) {
        const auto found =
            cluster.store->find(type, meta(object, "namespace"), text_at(owner, "/name"));
        if (found && text_at(owner, "/kind") == type.kind &&
            meta(*found, "uid") == text_at(owner, "/uid")) {
            return found;
        }
    }
    return nullptr;
}

std::string selector_text(const Json& selector) {
    std::vector<std::string> parts;
    const Json selected = selector.value("matchLabels", Json::object());
    for (const auto& [key, value] : selected.items()) {
        parts.push_back(fmt::format("{}={}", key, value.get<std::string>()));
    }
    return join(parts, ",");
}

Json scale_of(const Json& object) {
    Json spec = Json::object();
    if (const auto replicas = count_at(object, "/spec/replicas"); replicas > 0) {
        spec["replicas"] = replicas;
    }
    Json metadata = Json::object();
    for (const auto* key : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
        metadata[key] = meta(object, key);
    }
    return {{"kind", "Scale"},
            {"apiVersion", "autoscaling/v1"},
            {"metadata", std::move(metadata)},
            {"spec", std::move(spec)},
            {"status",
             {{"replicas", count_at(object, "/status/replicas")},
              {"selector", selector_text(object["spec"]["selector"])}}}};
}

}  // namespace

// A bound of a rolling update: a number, or a percentage.
void check_bound(const Json& value, const std::string& field, std::vector<Cause>& faults) {
    const auto refuse = [&](std::string_view why) {
        faults.push_back(
            {field, "FieldValueInvalid", fmt::format("Invalid value: {}: {}", value.dump(), why)});
    };
    if (value.is_number()) {
        if (value < 0) {
            refuse("must be greater than or equal to 0");
        }
        return;
    }
    const auto text = value.is_string() ? value.get<std::string>() : std::string();
    const bool percent = text.size() > 1 && text.ends_with('%') &&
                         text.find_first_not_of("0123456789") == text.size() - 1;
    if (!percent) {
        refuse(
            "a valid percent string must be a numeric string followed by an ending '%' (e.g. "
            "'1%',  or '93%', regex used for validation is '[0-9]+%')");
    } else if (field.ends_with("maxUnavailable") &&
               (text.size() > 4 || (text.size() == 4 && text > "100%"))) {
        refuse("must not be greater than 100%");
    }
}

void check_strategy(const Json& strategy, std::vector<Cause>& faults) {
    const auto kind = text_at(strategy, "/type");
    const auto update = strategy.find("rollingUpdate");
    const bool given = update != strategy.end() && update->is_object();
    if (kind == "Recreate") {
        if (given) {
            faults.push_back({"spec.strategy.rollingUpdate", "FieldValueForbidden",
                              "Forbidden: may not be specified when strategy `type` is "
                              "'Recreate'"});
        }
        return;
    }
    if (kind != "RollingUpdate") {
        faults.push_back(
            {"spec.strategy", "FieldValueNotSupported",
             fmt::format("Unsupported value: {{\"Type\":\"{}\",\"RollingUpdate\":null}}: supported "
                         "values: \"Recreate\", \"RollingUpdate\"",
                         kind)});
        return;
    }
    for (const auto* bound : {"maxUnavailable", "maxSurge"}) {
        check_bound((*update)[bound], fmt::format("spec.strategy.rollingUpdate.{}", bound), faults);
    }
    if ((*update)["maxUnavailable"] == 0 && (*update)["maxSurge"] == 0) {
        faults.push_back({"spec.strategy.rollingUpdate.maxUnavailable", "FieldValueInvalid",
                          "Invalid value: 0: may not be 0 when `maxSurge` is 0"});
    }
}

void complete_workload(const ResourceType& type, Json& object, std::vector<Cause>& faults) {
    auto& spec = object["spec"];
    if (!spec.is_object()) {
        spec = Json::object();
    }
    if (!spec.contains("replicas")) {
        spec["replicas"] = 1;
    }
    for (const auto* count : {"replicas", "minReadySeconds"}) {
        if (const auto value = count_at(spec, fmt::format("/{}", count).c_str()); value < 0) {
            faults.push_back(
                {fmt::format("spec.{}", count), "FieldValueInvalid",
                 fmt::format("Invalid value: {}: must be greater than or equal to 0", value)});
        }
    }
    auto& pod_template = spec["template"];
    if (!pod_template.is_object()) {
        pod_template = Json::object();
    }
    const Json labels = pod_template.value(Json::json_pointer("/metadata/labels"), Json());
    if (labels.is_null()) {
        pod_template["metadata"]["labels"] = Json::object();
    }
    if (!spec.contains("selector")) {
        faults.push_back({"spec.selector", "FieldValueRequired", "Required value"});
    } else if (spec["selector"].empty()) {
        faults.push_back({"spec.selector", "FieldValueInvalid",
                          fmt::format("Invalid value: {{}}: empty selector is invalid for {}",
                                      lower(type.kind))});
    }
    if (!spec.contains("selector") ||
        !selects(spec["selector"], labels.is_null() ? Json::object() : labels)) {
        faults.push_back({"spec.template.metadata.labels", "FieldValueInvalid",
                          fmt::format("Invalid value: {}: `selector` does not match template "
                                      "`labels`",
                                      labels.dump())});
    }
    complete_pod_spec(pod_template["spec"], "spec.template.spec", faults);
    if (&type != &type::deployments) {
        return;
    }
    auto& strategy = spec["strategy"];
    if (text_at(spec, "/strategy/type").empty()) {
        strategy["type"] = "RollingUpdate";
    }
    if (strategy["type"] == "RollingUpdate") {
        auto& update = strategy["rollingUpdate"];
        for (const auto* bound : {"maxSurge", "maxUnavailable"}) {
            if (!update.is_object() || !update.contains(bound)) {
                update[bound] = "25%";
            }
        }
    }
    if (!spec.contains("revisionHistoryLimit")) {
        spec["revisionHistoryLimit"] = 10;
    }
    if (!spec.contains("progressDeadlineSeconds")) {
        spec["progressDeadlineSeconds"] = 600;
    }
    check_strategy(strategy, faults);
}

http::Response answer_scale(Cluster& cluster, const Call& call) {
    const auto found = current_of(cluster, call);
    if (!found) {
        return found.error();
    }
    const auto& current = **found;
    const auto& verb = call.info.verb;
    if (verb == "get") {
        return json_response(200, scale_of(current));
    }
    if (verb != "update" && verb != "patch") {
        return method_not_allowed();
    }
    if (const auto options = check_options(call); !options) {
        return options.error();
    }
    const auto scale = verb == "update" ? body_of(call, "Scale", "autoscaling/v1")
                                        : patched(call, scale_of(current));
    if (!scale) {
        return scale.error();
    }
    if (const auto version = meta(*scale, "resourceVersion");
        !version.empty() && version != meta(current, "resourceVersion")) {
        return conflict(call.type->resource(), call.info.name,
                        "the object has been modified; please apply your changes to the latest "
                        "version and try again");
    }
    const auto replicas = count_at(*scale, "/spec/replicas");
    if (replicas < 0) {
        return invalid(
            {"autoscaling", "Scale", call.info.name, "spec.replicas", "FieldValueInvalid",
             fmt::format("Invalid value: {}: must be greater than or equal to 0", replicas)});
    }
    Json next = current;
    if (count_at(next, "/spec/replicas") != replicas) {
        next["spec"]["replicas"] = replicas;
        next["metadata"]["generation"] = count_at(next, "/metadata/generation", 1) + 1;
    }
    if (call.dry_run()) {
        return json_response(200, scale_of(next));
    }
    const auto kept = cluster.store->replace(*call.type, std::move(next));
    reconcile(cluster, *call.type, *kept);
    return json_response(200, scale_of(*kept));
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
