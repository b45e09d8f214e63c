#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"

namespace meshproof::fakes::kube {
namespace {

bool selects(const Json& selector, const Json& labels) {
    const auto wanted = selector.value("matchLabels", Json::object());
    for (const auto& [key, value] : wanted.items()) {
        if (!labels.contains(key) || labels[key] != value) {
            return false;
        }
    }
    return true;
}

// A bound of a rolling update: a number, or a percentage.
void check_bound(const Json& value, const std::string& field, std::vector<Cause>& faults) {
    const auto fault = [&](std::string_view why) {
        faults.push_back(
            {field, "FieldValueInvalid", fmt::format("Invalid value: {}: {}", value.dump(), why)});
    };
    if (value.is_number()) {
        if (value < 0) {
            fault("must be greater than or equal to 0");
        }
        return;
    }
    const auto text = value.is_string() ? value.get<std::string>() : std::string();
    const bool percent = text.size() > 1 && text.ends_with('%') &&
                         text.find_first_not_of("0123456789") == text.size() - 1;
    if (!percent) {
        fault(
            "a valid percent string must be a numeric string followed by an ending '%' (e.g. "
            "'1%',  or '93%', regex used for validation is '[0-9]+%')");
    } else if (field.ends_with("maxUnavailable") &&
               (text.size() > 4 || (text.size() == 4 && text > "100%"))) {
        fault("must not be greater than 100%");
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

void complete_stateful_set(Json& spec, std::vector<Cause>& faults) {
    const auto fill_in = [&spec](const char* key, Json value) {
        if (!spec.contains(key)) {
            spec[key] = std::move(value);
        }
    };
    fill_in("podManagementPolicy", "OrderedReady");
    fill_in("revisionHistoryLimit", 10);
    fill_in("persistentVolumeClaimRetentionPolicy",
            {{"whenDeleted", "Retain"}, {"whenScaled", "Retain"}});
    auto& update = spec["updateStrategy"];
    if (text_at(spec, "/updateStrategy/type").empty()) {
        update["type"] = "RollingUpdate";
    }
    const auto kind = text_at(update, "/type");
    if (kind == "RollingUpdate" &&
        !update.contains(Json::json_pointer("/rollingUpdate/partition"))) {
        update["rollingUpdate"]["partition"] = 0;
    }
    if (const auto policy = text_at(spec, "/podManagementPolicy");
        policy != "OrderedReady" && policy != "Parallel") {
        faults.push_back(
            {"spec.podManagementPolicy", "FieldValueInvalid",
             fmt::format("Invalid value: \"{}\": must be 'OrderedReady' or 'Parallel'", policy)});
    }
    if (kind != "RollingUpdate" && kind != "OnDelete") {
        faults.push_back({"spec.updateStrategy", "FieldValueInvalid",
                          fmt::format("Invalid value: {{\"Type\":\"{}\",\"RollingUpdate\":null}}: "
                                      "must be 'RollingUpdate' or 'OnDelete'",
                                      kind)});
    }
    if (const auto restart = text_at(spec, "/template/spec/restartPolicy"); restart != "Always") {
        faults.push_back(
            {"spec.template.spec.restartPolicy", "FieldValueNotSupported",
             fmt::format("Unsupported value: \"{}\": supported values: \"Always\"", restart)});
    }
}

}  // namespace

bool changes_fixed_set_fields(const Json& before, const Json& after) {
    auto was = before["spec"];
    auto is = after["spec"];
    for (auto* spec : {&was, &is}) {
        for (const auto* free :
             {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
              "persistentVolumeClaimRetentionPolicy", "minReadySeconds"}) {
            spec->erase(free);
        }
    }
    return was != is;
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
    if (&type == &type::stateful_sets) {
        complete_stateful_set(spec, faults);
    }
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

}  // namespace meshproof::fakes::kube
