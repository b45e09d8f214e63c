#include "fakes/kube/cluster.hpp"

namespace meshproof::fakes::kube {

void complete_pod(Json& pod) {
    auto& spec = pod["spec"];
    if (!spec.is_object() || !spec.contains("containers") || !spec["containers"].is_array() ||
        spec["containers"].empty()) {
        throw Refused{invalid({"", "Pod", meta(pod, "name"), "spec.containers",
                               "FieldValueRequired", "Required value"})};
    }
    const auto given = [&](const char* key, const Json& fallback) {
        if (!spec.contains(key) || spec[key].is_null() || spec[key] == "") {
            spec[key] = fallback;
        }
    };
    given("serviceAccountName", "default");
    spec["serviceAccount"] = spec["serviceAccountName"];
    given("restartPolicy", "Always");
    given("dnsPolicy", "ClusterFirst");
    given("schedulerName", "default-scheduler");
    given("terminationGracePeriodSeconds", 30);
    if (!pod.contains("status") || pod["status"].empty()) {
        pod["status"] = {{"phase", "Pending"}, {"qosClass", "BestEffort"}};
    }
}

http::Response bind_pod(Cluster& cluster, const Call& call) {
    if (call.info.verb != "create") {
        return method_not_allowed();
    }
    const auto body = body_of(call, "Binding", "v1");
    const auto& name = call.info.name;
    const auto pod = cluster.store->find(type::pods, call.info.namespace_name, name);
    if (!pod) {
        return not_found(type::pods, name);
    }
    const auto node = text_at(body, "/target/name");
    if (node.empty()) {
        return invalid(
            {"", "Binding", name, "target.name", "FieldValueRequired", "Required value"});
    }
    if (const auto bound = text_at(*pod, "/spec/nodeName"); !bound.empty()) {
        return conflict("pods/binding", name,
                        fmt::format("pod {} is already assigned to node \"{}\"", name, bound));
    }
    Json assigned = *pod;
    assigned["spec"]["nodeName"] = node;
    auto& conditions = assigned["status"]["conditions"];
    if (!conditions.is_array()) {
        conditions = Json::array();
    }
    conditions.push_back({{"type", "PodScheduled"},
                          {"status", "True"},
                          {"lastTransitionTime", rfc3339(cluster.clock.now())}});
    if (!call.dry_run()) {
        cluster.store->replace(type::pods, std::move(assigned));
    }
    return json_response(201, {{"kind", "Status"},
                               {"apiVersion", "v1"},
                               {"metadata", Json::object()},
                               {"status", "Success"},
                               {"code", 201}});
}

bool pod_goes_at_once(const Json& pod, std::optional<std::int64_t> grace_seconds) {
    const auto phase = text_at(pod, "/status/phase");
    return grace_seconds == 0 || text_at(pod, "/spec/nodeName").empty() || phase == "Succeeded" ||
           phase == "Failed";
}

}  // namespace meshproof::fakes::kube
