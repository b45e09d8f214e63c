// Leases: the locks of leader election.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

std::string leases_in(const std::string& ns) {
    return fmt::format("/apis/coordination.k8s.io/v1/namespaces/{}/leases", ns);
}

Json lease(std::string_view holder) {
    return {{"metadata", {{"name", "leader"}}},
            {"spec",
             {{"holderIdentity", holder},
              {"leaseDurationSeconds", 15},
              {"leaseTransitions", 0},
              {"renewTime", "2026-01-01T00:00:00.123456Z"}}}};
}

}  // namespace

std::vector<Check> kube_kinds_leases() {
    return {
        {.name = "one-holder",
         .requirement = "Of two who update a lease from the same version, the second is refused "
                        "with 409; one without a version with 422.",
         .rows = {215},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto leases = leases_in(co_await probe.kube_namespace());
             const auto made = co_await probe.set_up_kube("POST", leases, lease("a"));
             auto first = made.json;
             auto second = made.json;
             first["spec"]["holderIdentity"] = "b";
             second["spec"]["holderIdentity"] = "c";
             const auto won = co_await probe.kube("PUT", leases + "/leader", std::move(first));
             probe.expect_status(won, 200);
             const auto late = co_await probe.kube("PUT", leases + "/leader", second);
             expect_refusal(probe, late, 409, "Conflict",
                            "the object has been modified; please apply your changes to the latest "
                            "version and try again");
             second["metadata"].erase("resourceVersion");
             const auto blind = co_await probe.kube("PUT", leases + "/leader", std::move(second));
             expect_refusal(probe, blind, 422, "Invalid",
                            "metadata.resourceVersion: Invalid value: 0: must be specified for an "
                            "update");
             const auto now = co_await probe.kube("GET", leases + "/leader");
             probe.expect_equal(at(now.json, "/spec/holderIdentity"), "b", "the holder");
         }},

        {.name = "times-have-microseconds",
         .requirement = "A lease's renewTime has six digits behind the second; any other is 400.",
         .rows = {215},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto leases = leases_in(co_await probe.kube_namespace());
             auto body = lease("a");
             body["spec"]["renewTime"] = "2026-01-01T00:00:00Z";
             const auto refused = co_await probe.kube("POST", leases, body);
             expect_refusal(probe, refused, 400, "BadRequest",
                            "parsing time \"2026-01-01T00:00:00Z\" as "
                            "\"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"Z\" as "
                            "\".000000\"");
         }},

        {.name = "durations-are-positive",
         .requirement = "A lease of no duration, or of fewer than no transitions, is 422.",
         .rows = {215},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto leases = leases_in(co_await probe.kube_namespace());
             auto body = lease("a");
             body["spec"]["leaseDurationSeconds"] = 0;
             body["spec"]["leaseTransitions"] = -1;
             const auto refused = co_await probe.kube("POST", leases, std::move(body));
             expect_refusal(probe, refused, 422, "Invalid",
                            "[spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0, "
                            "spec.leaseTransitions: Invalid value: -1: must be greater than or "
                            "equal to 0]");
         }},
    };
}

}  // namespace meshproof::conformance
