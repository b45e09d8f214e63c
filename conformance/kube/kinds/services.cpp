// Services: what the API server gives them, and keeps.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

Json service(std::string_view name, Json spec) {
    return {{"metadata", {{"name", name}}}, {"spec", std::move(spec)}};
}

Json one_port() {
    return Json::array({{{"port", 80}}});
}

}  // namespace

std::vector<Check> kube_kinds_services() {
    return {
        {.name = "defaults",
         .requirement = "A Service gets an address, a type and the rest of its ports; nobody owns "
                        "the address.",
         .rows = {216},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto all = core_path(co_await probe.kube_namespace(), "services");
             const auto made =
                 co_await probe.kube("POST", all, service("a", Json{{"ports", one_port()}}));
             probe.expect_status(made, 201);
             const auto& spec = at(made.json, "/spec");
             const auto address = text_at(made.json, "/spec/clusterIP");
             probe.expect(!address.empty(), "there is no clusterIP");
             probe.expect_equal(at(spec, "/clusterIPs"), Json::array({address}), "clusterIPs");
             probe.expect_equal(at(spec, "/type"), "ClusterIP", "type");
             probe.expect_equal(at(spec, "/ports/0/targetPort"), 80, "targetPort");
             probe.expect_equal(at(spec, "/ports/0/protocol"), "TCP", "protocol");
             probe.expect_equal(at(spec, "/sessionAffinity"), "None", "sessionAffinity");
             probe.expect_equal(at(spec, "/internalTrafficPolicy"), "Cluster",
                                "internalTrafficPolicy");
             probe.expect_equal(at(made.json, "/status"), Json{{"loadBalancer", Json::object()}},
                                "status");
             const auto owned = at(made.json, "/metadata/managedFields/0/fieldsV1/f:spec");
             probe.expect(!owned.contains("f:clusterIP"), "a manager owns the clusterIP");
         }},

        {.name = "addresses-stay",
         .requirement = "An update that names no clusterIP keeps it; another one is 422, and so is "
                        "one that is taken.",
         .rows = {216},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto all = core_path(co_await probe.kube_namespace(), "services");
             const auto made =
                 co_await probe.set_up_kube("POST", all, service("a", Json{{"ports", one_port()}}));
             const auto address = text_at(made.json, "/spec/clusterIP");
             const auto kept = co_await probe.kube(
                 "PUT", all + "/a", service("a", Json{{"ports", Json::array({{{"port", 81}}})}}));
             probe.expect_status(kept, 200);
             probe.expect_equal(at(kept.json, "/spec/clusterIP"), address, "clusterIP");
             const auto moved = co_await probe.kube(
                 "PUT", all + "/a",
                 service("a", Json{{"clusterIP", "192.0.2.1"}, {"ports", one_port()}}));
             expect_refusal(probe, moved, 422, "Invalid", "may not change once set");
             const auto taken = co_await probe.kube(
                 "POST", all, service("b", Json{{"clusterIP", address}, {"ports", one_port()}}));
             expect_refusal(probe, taken, 422, "Invalid", "provided IP is already allocated");
         }},

        {.name = "ports",
         .requirement = "A Service without ports is 422, unless it has no address either; several "
                        "ports have names.",
         .rows = {216},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto all = core_path(co_await probe.kube_namespace(), "services");
             const auto none = co_await probe.kube("POST", all, service("a", Json::object()));
             expect_refusal(probe, none, 422, "Invalid", "spec.ports: Required value");
             const auto headless =
                 co_await probe.kube("POST", all, service("b", Json{{"clusterIP", "None"}}));
             probe.expect_status(headless, 201);
             const auto two = co_await probe.kube(
                 "POST", all,
                 service("c", Json{{"ports", Json::array({{{"port", 80}}, {{"port", 81}}})}}));
             expect_refusal(probe, two, 422, "Invalid",
                            "[spec.ports[0].name: Required value, spec.ports[1].name: Required "
                            "value]");
             const auto misnamed =
                 co_await probe.kube("POST", all, service("1a", Json{{"ports", one_port()}}));
             expect_refusal(probe, misnamed, 422, "Invalid", "a DNS-1035 label must consist of");
         }},
    };
}

}  // namespace meshproof::conformance
