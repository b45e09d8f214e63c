// What the API server thinks of a pod: its class of service, what admission sets and refuses, and
// what an update may change.
#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/name_rules.hpp"
#include "fakes/kube/quantity.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::int64_t most_seconds = std::numeric_limits<std::int32_t>::max();

Cause invalid_number(std::string field, std::int64_t value, std::int64_t least) {
    return {std::move(field), "FieldValueInvalid",
            fmt::format("Invalid value: {}: must be between {} and {}, inclusive", value, least,
                        most_seconds)};
}

const Json& list_in(const Json& object, const char* key) {
    static const Json nothing = Json::array();
    const auto found = object.find(key);
    return found != object.end() && found->is_array() ? *found : nothing;
}

std::string text_of_quantity(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

/// What some containers ask for together, of the resources that make a class.
struct Totals {
    static constexpr std::array<const char*, 2> resources{"cpu", "memory"};
    std::array<long double, 2> amounts{};

    /// Whether it has some of each.
    bool add(const Json& given) {
        bool all = true;
        for (std::size_t at = 0; at < resources.size(); ++at) {
            const auto found = given.find(resources[at]);
            const auto amount = found == given.end() ? 0 : amount_of(text_of_quantity(*found));
            all = all && amount > 0;
            amounts[at] += std::max(amount, 0.0L);
        }
        return all;
    }
    [[nodiscard]] bool none() const {
        return std::ranges::all_of(amounts, [](long double amount) { return amount == 0; });
    }
};

/// Who names resources in the pod's spec: the pod itself, else all of its containers.
std::vector<const Json*> askers_of(const Json& spec) {
    if (spec.contains("resources")) {
        return {&spec};
    }
    std::vector<const Json*> askers;
    for (const auto* list : {"containers", "initContainers"}) {
        for (const auto& container : list_in(spec, list)) {
            askers.push_back(&container);
        }
    }
    return askers;
}

struct Priority {
    std::int64_t value = 0;
    bool known = true;
};

Priority priority_of(std::string_view class_name) {
    constexpr std::int64_t cluster = 2'000'000'000, node = 2'000'001'000;
    if (class_name == "system-node-critical") {
        return {node};
    }
    return class_name == "system-cluster-critical" ? Priority{cluster}
                                                   : Priority{0, class_name.empty()};
}

std::string priority_fault(const Json& spec) {
    constexpr std::string_view policy = "PreemptLowerPriority";
    const auto name = text_at(spec, "/priorityClassName");
    const auto priority = priority_of(name);
    if (!priority.known) {
        return fmt::format("no PriorityClass with name {} was found", name);
    }
    if (const auto given = spec.find("priority"); given != spec.end() && *given != priority.value) {
        return fmt::format(
            "the integer value of priority ({}) must not be provided in pod spec; priority "
            "admission controller computed {} from the given PriorityClass name",
            given->dump(), priority.value);
    }
    if (const auto given = spec.find("preemptionPolicy"); given != spec.end() && *given != policy) {
        return fmt::format(
            "the string value of PreemptionPolicy ({}) must not be provided in pod spec; priority "
            "admission controller computed {} from the given PriorityClass name",
            given->get<std::string>(), policy);
    }
    return {};
}

std::string runtime_fault(const Json& spec) {
    const auto runtime = text_at(spec, "/runtimeClassName");
    return runtime.empty()
               ? ""
               : fmt::format("pod rejected: RuntimeClass {} not found", go_quoted(runtime));
}

// Nobody's name is known before it is made, where it is.
tl::unexpected<http::Response> forbidden_pod(const Json& pod, std::string_view why) {
    auto name = meta(pod, "name").empty() ? meta(pod, "generateName") : meta(pod, "name");
    if (name.empty()) {
        name = "Unknown";
    }
    return refuse(refusal(403, "Forbidden",
                          fmt::format("pods {} is forbidden: {}", go_quoted(name), why),
                          {{"name", name}, {"kind", "pods"}}));
}

// An update may add tolerations, and change how long one tolerates.
bool keeps_tolerations(const Json& before, const Json& after) {
    const auto lasting = [](Json toleration) {
        toleration.erase("tolerationSeconds");
        return toleration;
    };
    std::set<Json> now;
    for (const auto& toleration : list_in(after, "tolerations")) {
        now.insert(lasting(toleration));
    }
    return std::ranges::all_of(list_in(before, "tolerations"), [&](const Json& toleration) {
        return now.contains(lasting(toleration));
    });
}

// Nothing more is looked at after a deadline that may not be set.
bool check_deadline(const Json& before, const Json& after, std::vector<Cause>& faults) {
    constexpr auto field = "spec.activeDeadlineSeconds";
    const auto old = before.find("activeDeadlineSeconds");
    const auto given = after.find("activeDeadlineSeconds");
    if (given == after.end()) {
        if (old != before.end()) {
            faults.push_back({field, "FieldValueInvalid",
                              "Invalid value: null: must not update from a positive integer to nil "
                              "value"});
        }
        return true;
    }
    const auto seconds = given->get<std::int64_t>();
    if (seconds < 0 || seconds > most_seconds) {
        faults.push_back(invalid_number(field, seconds, 0));
        return false;
    }
    if (old != before.end() && seconds > old->get<std::int64_t>()) {
        faults.push_back({field, "FieldValueInvalid",
                          fmt::format("Invalid value: {}: must be less than or equal to previous "
                                      "value",
                                      seconds)});
        return false;
    }
    return true;
}

// Of a pod's spec, what no update changes.
Json fixed_fields(Json spec) {
    for (const auto* free :
         {"activeDeadlineSeconds", "tolerations", "serviceAccount", "schedulingGates"}) {
        spec.erase(free);
    }
    for (const auto* list : {"containers", "initContainers"}) {
        if (const auto containers = spec.find(list); containers != spec.end()) {
            for (auto& container : *containers) {
                container.erase("image");
            }
        }
    }
    return spec;
}

// A text that is a DNS label where it is there.
void check_label(const Json& spec, const char* key, const std::string& path,
                 std::vector<Cause>& faults) {
    constexpr std::size_t longest = 63;
    const auto label = spec.value(key, std::string());
    const auto fault = [&](std::string_view why) {
        faults.push_back({fmt::format("{}.{}", path, key), "FieldValueInvalid",
                          fmt::format("Invalid value: {}: {}", go_quoted(label), why)});
    };
    if (label.size() > longest) {
        fault("must be no more than 63 characters");
    }
    if (!label.empty() && !is_dns_label(label)) {
        fault(label_rule);
    }
}

// A text that is a DNS subdomain where it is there.
void check_subdomain(const Json& spec, const char* key, const std::string& path,
                     std::vector<Cause>& faults) {
    constexpr std::size_t longest = 253;
    const auto name = spec.find(key);
    if (name == spec.end()) {
        return;
    }
    const auto& text = name->get_ref<const std::string&>();
    const auto fault = [&](std::string_view why) {
        faults.push_back({fmt::format("{}.{}", path, key), "FieldValueInvalid",
                          fmt::format("Invalid value: {}: {}", go_quoted(text), why)});
    };
    if (text.size() > longest) {
        fault("must be no more than 253 characters");
    }
    if (!is_dns_subdomain(text)) {
        fault(subdomain_rule);
    }
}

// A creation's admission looks at these first, and refuses most of what is wrong; an update's does
// not.
void check_classes(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    for (const auto* name : {"priorityClassName", "runtimeClassName"}) {
        check_subdomain(spec, name, path, faults);
    }
    const auto field = path + ".preemptionPolicy";
    const auto policy = spec.value("preemptionPolicy", "Never");
    if (policy.empty()) {
        faults.push_back({field, "FieldValueRequired", "Required value"});
    } else if (policy != "PreemptLowerPriority" && policy != "Never") {
        faults.push_back({field, "FieldValueNotSupported",
                          fmt::format("Unsupported value: {}: supported values: "
                                      "\"PreemptLowerPriority\", \"Never\"",
                                      go_quoted(policy))});
    }
}

void check_system(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    const auto system = spec.find("os");
    if (system == spec.end()) {
        return;
    }
    const auto name = text_at(*system, "/name");
    if (name.empty()) {
        faults.push_back({path + ".os.name", "FieldValueRequired", "Required value"});
    } else if (name != "linux" && name != "windows") {
        faults.push_back({path + ".os", "FieldValueNotSupported",
                          fmt::format("Unsupported value: {}: supported values: \"linux\", "
                                      "\"windows\"",
                                      go_quoted(name))});
    }
}

void check_toleration(const Json& toleration, const std::string& path, std::vector<Cause>& faults) {
    const auto fault = [&](const char* field, const std::string& value, std::string_view why) {
        faults.push_back({path + field, "FieldValueInvalid",
                          fmt::format("Invalid value: {}: {}", go_quoted(value), why)});
    };
    const auto key = text_at(toleration, "/key");
    const auto named = text_at(toleration, "/operator");
    const auto value = text_at(toleration, "/value");
    const auto effect = text_at(toleration, "/effect");
    if (!key.empty()) {
        for (const auto& why : key_faults(key)) {
            fault(".key", key, why);
        }
    } else if (named != "Exists") {
        fault(".operator", named,
              "operator must be Exists when `key` is empty, which means \"match all values and all "
              "keys\"");
    }
    if (toleration.contains("tolerationSeconds") && effect != "NoExecute") {
        fault(".effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if (named.empty() || named == "Equal") {
        if (const auto why = label_value_fault(value); !why.empty()) {
            fault(".operator", value, why);
        }
    } else if (named != "Exists") {
        faults.push_back({path + ".operator", "FieldValueNotSupported",
                          fmt::format("Unsupported value: {}: supported values: \"Equal\", "
                                      "\"Exists\"",
                                      go_quoted(named))});
    } else if (!value.empty()) {
        fault(".operator", value, "value must be empty when `operator` is 'Exists'");
    }
    if (!effect.empty() && effect != "NoSchedule" && effect != "PreferNoSchedule" &&
        effect != "NoExecute") {
        faults.push_back({path + ".effect", "FieldValueNotSupported",
                          fmt::format("Unsupported value: {}: supported values: \"NoSchedule\", "
                                      "\"PreferNoSchedule\", \"NoExecute\"",
                                      go_quoted(effect))});
    }
}

}  // namespace

std::string qos_class(const Json& spec) {
    Totals requests, limits;
    bool guaranteed = true;
    for (const auto* asker : askers_of(spec)) {
        const auto resources = asker->value("resources", Json::object());
        requests.add(resources.value("requests", Json::object()));
        guaranteed = limits.add(resources.value("limits", Json::object())) && guaranteed;
    }
    if (requests.none() && limits.none()) {
        return "BestEffort";
    }
    return guaranteed && requests.amounts == limits.amounts ? "Guaranteed" : "Burstable";
}

void drop_disabled_fields(Json& spec) {
    spec.erase("hostnameOverride");
    for (const auto* list : {"containers", "initContainers"}) {
        if (const auto containers = spec.find(list); containers != spec.end()) {
            for (auto& container : *containers) {
                container.erase("restartPolicyRules");
            }
        }
    }
}

void restore_disabled_fields(const Json& given, Json& spec) {
    if (const auto name = given.find("hostnameOverride"); name != given.end()) {
        spec["hostnameOverride"] = *name;
    }
    for (const auto* list : {"containers", "initContainers"}) {
        std::size_t index = 0;
        for (const auto& container : list_in(given, list)) {
            const auto rules = container.find("restartPolicyRules");
            if (rules != container.end() && index < list_in(spec, list).size()) {
                spec[list][index]["restartPolicyRules"] = *rules;
            }
            ++index;
        }
    }
}

void check_node_selector(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    const auto fault = [&](const std::string& value, std::string_view why) {
        faults.push_back({path + ".nodeSelector", "FieldValueInvalid",
                          fmt::format("Invalid value: {}: {}", go_quoted(value), why)});
    };
    const Json labels = spec.value("nodeSelector", Json::object());
    for (const auto& [key, value] : labels.items()) {
        for (const auto& why : key_faults(key)) {
            fault(key, why);
        }
        const auto text = value.is_string() ? value.get<std::string>() : std::string();
        if (const auto why = label_value_fault(text); !why.empty()) {
            fault(text, why);
        }
    }
}

void check_schedule(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    for (const auto* name : {"serviceAccountName", "nodeName"}) {
        check_subdomain(spec, name, path, faults);
    }
    if (const auto given = spec.find("activeDeadlineSeconds"); given != spec.end()) {
        const auto seconds = given->get<std::int64_t>();
        if (seconds < 1 || seconds > most_seconds) {
            faults.push_back(invalid_number(path + ".activeDeadlineSeconds", seconds, 1));
        }
    }
    for (const auto* label : {"hostname", "subdomain"}) {
        check_label(spec, label, path, faults);
    }
    std::size_t index = 0;
    for (const auto& toleration : list_in(spec, "tolerations")) {
        if (enough(faults)) {
            return;
        }
        check_toleration(toleration, fmt::format("{}.tolerations[{}]", path, index++), faults);
    }
    check_host_aliases(spec, path, faults);
    check_classes(spec, path, faults);
    check_overhead(spec, path, faults);
    check_system(spec, path, faults);
}

Checked<> admit_classes(const Json& pod) {
    static const Json none = Json::object();
    const auto found = pod.find("spec");
    const Json& spec = found == pod.end() ? none : *found;  // not copied: it may be large
    if (const auto why = priority_fault(spec); !why.empty()) {
        return forbidden_pod(pod, why);
    }
    if (spec.value("runtimeClassName", Json()) == "") {
        return refuse(refusal(500, "", "resource name may not be empty"));
    }
    if (const auto why = runtime_fault(spec); !why.empty()) {
        return forbidden_pod(pod, why);
    }
    return {};
}

Checked<> admit_overhead(const Json& pod, const Json& given) {
    if (given.contains("overhead")) {
        return forbidden_pod(pod,
                             "pod rejected: Pod Overhead set without corresponding RuntimeClass "
                             "defined Overhead");
    }
    return {};
}

void admit_spec(Json& spec) {
    spec.emplace("priority", priority_of(text_at(spec, "/priorityClassName")).value);
    spec.emplace("preemptionPolicy", "PreemptLowerPriority");
    for (const auto* taint : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
        const auto& tolerations = list_in(spec, "tolerations");
        const bool tolerated = std::ranges::any_of(tolerations, [&](const Json& one) {
            const auto key = text_at(one, "/key"), effect = text_at(one, "/effect");
            return (key.empty() || key == taint) && (effect.empty() || effect == "NoExecute");
        });
        if (!tolerated) {
            spec["tolerations"].push_back({{"key", taint},
                                           {"operator", "Exists"},
                                           {"effect", "NoExecute"},
                                           {"tolerationSeconds", 300}});
        }
    }
}

std::vector<Cause> pod_changes(const Json& before, const Json& after) {
    const auto &was = before.at("spec"), &is = after.at("spec");
    std::vector<Cause> faults;
    for (const auto* list : {"containers", "initContainers"}) {
        if (list_in(was, list).size() != list_in(is, list).size()) {
            faults.push_back({fmt::format("spec.{}", list), "FieldValueForbidden",
                              "Forbidden: pod updates may not add or remove containers"});
            return faults;
        }
    }
    if (!check_deadline(was, is, faults)) {
        return faults;
    }
    if (!keeps_tolerations(was, is)) {
        faults.push_back({"spec.tolerations", "FieldValueForbidden",
                          "Forbidden: existing toleration can not be modified except its "
                          "tolerationSeconds"});
    }
    const auto gates = new_gates(was, is);
    faults.insert(faults.end(), gates.begin(), gates.end());
    if (fixed_fields(was) != fixed_fields(is)) {
        faults.push_back({"spec", "FieldValueForbidden",
                          "Forbidden: pod updates may not change fields other than "
                          "`spec.containers[*].image`,`spec.initContainers[*].image`,"
                          "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
                          "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to "
                          "be set to 1 if it was previously negative)"});
    }
    return faults;
}

}  // namespace meshproof::fakes::kube
