#include "fakes/kube/kinds.hpp"

#include "core/base/text.hpp"
#include "fakes/kube/name_rules.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr const char* not_ready_taint = "node.kubernetes.io/not-ready";

Cause missing(std::string field) {
    return {std::move(field), "FieldValueRequired", "Required value"};
}

void check_new_event(const Json& event, std::vector<Cause>& faults) {
    if (text_at(event, "/eventTime").empty()) {
        faults.push_back(missing("eventTime"));
        return;
    }
    const auto controller = event.value("reportingController", "");
    if (controller.empty()) {
        faults.push_back(missing("reportingController"));
    } else if (const auto slash = controller.find('/'); !is_label_word(
                   slash == std::string::npos ? controller : controller.substr(slash + 1))) {
        faults.push_back({"reportingController", "FieldValueInvalid",
                          fmt::format("Invalid value: \"{}\": name part must consist of "
                                      "alphanumeric characters, '-', '_' or '.', and must start "
                                      "and end with an alphanumeric character (e.g. 'MyName',  or "
                                      "'my.name',  or '123-abc', regex used for validation is "
                                      "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
                                      controller)});
    }
    for (const auto* field : {"reportingInstance", "action", "reason"}) {
        if (event.value(field, "").empty()) {
            faults.push_back(missing(field));
        }
    }
    if (const auto kind = event.value("type", ""); kind != "Normal" && kind != "Warning") {
        faults.push_back({"type", "FieldValueInvalid",
                          fmt::format("Invalid value: \"{0}\": has invalid value: {0}", kind)});
    }
}

}  // namespace

void complete_lease(Json& lease, std::vector<Cause>& faults) {
    auto& spec = lease["spec"];
    if (!spec.is_object()) {
        spec = Json::object();
    }
    if (const auto seconds = spec.value("leaseDurationSeconds", std::int64_t{1}); seconds <= 0) {
        faults.push_back({"spec.leaseDurationSeconds", "FieldValueInvalid",
                          fmt::format("Invalid value: {}: must be greater than 0", seconds)});
    }
    if (const auto changes = spec.value("leaseTransitions", std::int64_t{0}); changes < 0) {
        faults.push_back(
            {"spec.leaseTransitions", "FieldValueInvalid",
             fmt::format("Invalid value: {}: must be greater than or equal to 0", changes)});
    }
}

void complete_event(const ResourceType& type, const Json& event, std::vector<Cause>& faults) {
    const bool newer = &type == &type::new_events;
    if (newer) {
        check_new_event(event, faults);
    }
    const auto space = meta(event, "namespace");
    const auto its = text_at(event, newer ? "/regarding/namespace" : "/involvedObject/namespace");
    // What is in no namespace has its events in the namespace default. The newer group looks no
    // further.
    const bool fits =
        its.empty() ? space == "default" || space == "kube-system" : newer || its == space;
    if (!fits && faults.empty()) {
        faults.push_back(
            {"involvedObject.namespace", "FieldValueInvalid",
             fmt::format("Invalid value: \"{}\": does not match event.namespace", its)});
    }
}

std::vector<Cause> event_changes(const Json& before, const Json& after) {
    std::vector<Cause> faults;
    const std::pair<const char*, const char*> fixed[] = {
        {"regarding", "involvedObject"},
        {"reason", "reason"},
        {"note", "message"},
        {"deprecatedSource", "source"},
        {"deprecatedCount", "count"},
        {"reportingController", "reportingController"},
        {"reportingInstance", "reportingInstance"},
        {"action", "action"},
        {"related", "related"},
        {"type", "type"},
        {"eventTime", "eventTime"}};
    for (const auto& [field, told_as] : fixed) {
        const auto was = before.value(field, Json());
        const auto is = after.value(field, Json());
        if (was != is && !(was.empty() && is.empty())) {
            faults.push_back({told_as, "FieldValueInvalid",
                              fmt::format("Invalid value: {}: field is immutable", is.dump())});
        }
    }
    return faults;
}

void complete_node(Json& node, std::vector<Cause>& faults) {
    auto& spec = node["spec"];
    if (!spec.is_object()) {
        spec = Json::object();
    }
    std::size_t index = 0;
    const Json taints = spec.value("taints", Json::array());
    for (const auto& taint : taints) {
        const auto field = fmt::format("metadata.taints[{}]", index++);
        const auto effect = text_at(taint, "/effect");
        if (effect.empty()) {
            faults.push_back(missing(field + ".effect"));
        } else if (effect != "NoSchedule" && effect != "PreferNoSchedule" &&
                   effect != "NoExecute") {
            faults.push_back({field + ".effect", "FieldValueNotSupported",
                              fmt::format("Unsupported value: \"{}\": supported values: "
                                          "\"NoExecute\", \"NoSchedule\", \"PreferNoSchedule\"",
                                          effect)});
        }
    }
}

void admit_new(const ResourceType& type, Json& object) {
    if (&type != &type::nodes) {
        return;
    }
    // The admission plugin TaintNodesByCondition: nobody has said yet that the node is ready.
    auto& spec = object["spec"];
    auto& taints = spec["taints"];
    if (!taints.is_array()) {
        taints = Json::array();
    }
    const bool there = std::ranges::any_of(
        taints, [](const Json& taint) { return text_at(taint, "/key") == not_ready_taint; });
    if (!there) {
        taints.push_back({{"key", not_ready_taint}, {"effect", "NoSchedule"}});
    }
}

}  // namespace meshproof::fakes::kube
