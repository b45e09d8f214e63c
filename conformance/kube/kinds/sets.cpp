// StatefulSets and nodes, as far as the API server itself goes: a target may run no controllers.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

Json stateful_set() {
    const Json labels = {{"app", "db"}};
    const Json container = {{"name", "c"}, {"image", "meshproof.invalid/pause"}};
    return {{"metadata", {{"name", "db"}}},
            {"spec",
             {{"replicas", 0},
              {"serviceName", "db"},
              {"selector", {{"matchLabels", labels}}},
              {"template",
               {{"metadata", {{"labels", labels}}},
                {"spec", {{"containers", Json::array({container})}}}}}}}};
}

}  // namespace

std::vector<Check> kube_kinds_sets() {
    return {
        {.name = "stateful-set",
         .requirement = "A StatefulSet gets its defaults; what its pods' names and volumes hang on "
                        "never changes.",
         .rows = {220},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto all = fmt::format("/apis/apps/v1/namespaces/{}/statefulsets",
                                          co_await probe.kube_namespace());
             const auto made = co_await probe.kube("POST", all, stateful_set());
             probe.expect_status(made, 201);
             const auto& spec = at(made.json, "/spec");
             probe.expect_equal(at(spec, "/podManagementPolicy"), "OrderedReady",
                                "podManagementPolicy");
             probe.expect_equal(at(spec, "/updateStrategy/rollingUpdate/partition"), 0,
                                "partition");
             probe.expect_equal(at(spec, "/persistentVolumeClaimRetentionPolicy/whenDeleted"),
                                "Retain", "whenDeleted");
             probe.expect_equal(at(made.json, "/metadata/generation"), 1, "generation");
             auto other = stateful_set();
             other["spec"]["serviceName"] = "other";
             const auto refused = co_await probe.kube("PUT", all + "/db", std::move(other));
             expect_refusal(probe, refused, 422, "Invalid",
                            "spec: Forbidden: updates to statefulset spec for fields other than");
             auto odd = stateful_set();
             odd["metadata"]["name"] = "odd";
             odd["spec"]["podManagementPolicy"] = "Odd";
             const auto unknown = co_await probe.kube("POST", all, std::move(odd));
             expect_refusal(probe, unknown, 422, "Invalid", "must be 'OrderedReady' or 'Parallel'");
         }},

        {.name = "new-nodes-wait",
         .requirement = "A new node brings its status along, and takes no pods before somebody "
                        "finds it ready.",
         .rows = {220},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto node = probe.name("node");
             const Json address = {{"type", "InternalIP"}, {"address", "192.0.2.1"}};
             probe.at_end_kube("DELETE", "/api/v1/nodes/" + node);
             const auto made = co_await probe.set_up_kube(
                 "POST", "/api/v1/nodes",
                 Json{{"metadata", {{"name", node}}},
                      {"status", {{"addresses", Json::array({address})}}}});
             probe.expect_equal(at(made.json, "/status/addresses/0"), address, "the address");
             const auto taint =
                 Json{{"key", "node.kubernetes.io/not-ready"}, {"effect", "NoSchedule"}};
             probe.expect_equal(at(made.json, "/spec/taints/0"), taint, "the taint");
         }},
    };
}

}  // namespace meshproof::conformance
