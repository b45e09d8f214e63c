// Events, which are in two groups and are the same.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

std::string newer_events(const std::string& ns) {
    return fmt::format("/apis/events.k8s.io/v1/namespaces/{}/events", ns);
}

Json newer_event(const std::string& ns) {
    return {{"metadata", {{"name", "e"}}},
            {"eventTime", "2026-01-01T00:00:00.123456Z"},
            {"regarding", {{"kind", "Pod"}, {"name", "p"}, {"namespace", ns}}},
            {"reason", "Seen"},
            {"note", "text"},
            {"type", "Normal"},
            {"action", "Look"},
            {"reportingController", "example.com/agent"},
            {"reportingInstance", "agent-1"}};
}

}  // namespace

std::vector<Check> kube_kinds_events() {
    return {
        {.name = "two-groups",
         .requirement = "An event made in events.k8s.io is the core group's too, with that group's "
                        "names of its fields.",
         .rows = {219},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto made = co_await probe.kube("POST", newer_events(ns), newer_event(ns));
             probe.expect_status(made, 201);
             const auto core = co_await probe.kube("GET", core_path(ns, "events", "e"));
             probe.expect_status(core, 200);
             probe.expect_equal(at(core.json, "/message"), "text", "message");
             probe.expect_equal(at(core.json, "/involvedObject/name"), "p", "involvedObject.name");
             probe.expect_equal(at(core.json, "/reportingComponent"), "example.com/agent",
                                "reportingComponent");
             probe.expect_equal(at(core.json, "/source"), Json::object(), "source");
             probe.expect_equal(at(core.json, "/metadata/uid"), at(made.json, "/metadata/uid"),
                                "uid");
             const auto chosen =
                 co_await probe.kube("GET", newer_events(ns) + "?fieldSelector=regarding.name%3Dp");
             probe.expect_equal(at(chosen.json, "/items/0/note"), "text", "note");
         }},

        {.name = "new-ones-are-whole",
         .requirement = "An event of events.k8s.io without eventTime is 422, and its text never "
                        "changes.",
         .rows = {219},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto all = newer_events(ns);
             auto timeless = newer_event(ns);
             timeless.erase("eventTime");
             const auto refused = co_await probe.kube("POST", all, std::move(timeless));
             expect_refusal(probe, refused, 422, "Invalid", "eventTime: Required value");
             (void)co_await make(probe, all, newer_event(ns));
             const auto changed =
                 co_await probe.kube("PATCH", all + "/e", Json{{"note", "other"}}, As::admin(),
                                     {{"Content-Type", "application/merge-patch+json"}});
             expect_refusal(probe, changed, 422, "Invalid",
                            "message: Invalid value: \"other\": field is immutable");
         }},

        {.name = "beside-their-object",
         .requirement = "An event is in the namespace of the object that it is about, else 422.",
         .rows = {219},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const Json about = {{"kind", "Pod"}, {"name", "p"}, {"namespace", "default"}};
             const auto refused = co_await probe.kube(
                 "POST", core_path(ns, "events"),
                 Json{{"metadata", {{"name", "e"}}}, {"involvedObject", about}});
             expect_refusal(probe, refused, 422, "Invalid",
                            "involvedObject.namespace: Invalid value: \"default\": does not match "
                            "event.namespace");
         }},
    };
}

}  // namespace meshproof::conformance
