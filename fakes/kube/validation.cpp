#include "fakes/kube/validation.hpp"

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/custom_resources.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/kinds.hpp"
#include "fakes/kube/name_rules.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view rbac_group = "rbac.authorization.k8s.io";

void require(std::vector<Cause>& faults, std::string field) {
    faults.push_back({std::move(field), "FieldValueRequired", "Required value"});
}

void check_data_keys(const Json& object, std::vector<Cause>& faults,
                     const std::string& field = "data") {
    static const Json none = Json::object();
    // Not copied: they may be large.
    const auto part = [&object](const std::string& name) -> const Json& {
        const auto found = object.find(name);
        return found == object.end() ? none : *found;
    };
    const Json& data = part(field);
    const Json& binary = field == "data" ? part("binaryData") : none;
    for (const auto& [key, value] : data.items()) {
        if (enough(faults)) {
            return;
        }
        if (binary.contains(key)) {
            faults.push_back({fmt::format("data[{}]", key), "FieldValueInvalid",
                              fmt::format("Invalid value: {}: duplicate of key present in "
                                          "binaryData",
                                          go_quoted(key))});
        }
        if (!is_config_key(key)) {
            faults.push_back(
                {fmt::format("{}[{}]", field, key), "FieldValueInvalid",
                 fmt::format("Invalid value: {}: a valid config key must consist of "
                             "alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
                             "'KEY_NAME',  or 'key-name', regex used for validation is "
                             "'[-._a-zA-Z0-9]+')",
                             go_quoted(key))});
        }
    }
}

/// All values together, as long as they are without their base64.
std::size_t size_of_data(const Json& object, const char* field, bool encoded) {
    std::size_t size = 0;
    const auto data = object.find(field);
    if (data == object.end() || !data->is_object()) {
        return 0;
    }
    for (const auto& value : *data) {
        const std::string_view text =
            value.is_string() ? value.get_ref<const std::string&>() : std::string_view();
        const auto padding = text.size() - (text.find_last_not_of('=') + 1);
        size += encoded ? text.size() / 4 * 3 - padding : text.size();
    }
    return size;
}

/// core.MaxSecretSize, for both kinds.
void check_size(std::size_t size, const char* field, std::vector<Cause>& faults) {
    constexpr std::size_t largest = 1U << 20;
    if (size > largest) {
        faults.push_back({field, "FieldValueTooLong",
                          fmt::format("Too long: may not be more than {} bytes", largest)});
    }
}

// What encoding/json says of a text that is no object, "" = it is one, or null.
std::string object_fault(const std::string& text) {
    if (too_deep(text)) {
        return "exceeded max depth";
    }
    const auto valid = valid_utf8(text);
    const auto value = Json::parse(valid, nullptr, false);
    if (value.is_discarded()) {
        return json_fault(valid);
    }
    return value.is_object() || value.is_null()
               ? ""
               : fmt::format(
                     "json: cannot unmarshal {} into Go value of type "
                     "map[string]interface {{}}",
                     json_kind(value));
}

// What a Secret has to hold to be of its type.
void check_secret_type(const Json& secret, std::vector<Cause>& faults) {
    const auto type = text_at(secret, "/type");
    const Json data = secret.value("data", Json::object());
    const auto place = [](const char* key) { return fmt::format("data[{}]", key); };
    const auto require_data = [&](const char* key) {
        if (!data.contains(key)) {
            require(faults, place(key));
        }
    };
    const auto content = [&](const char* key) {
        const auto held = data.find(key);
        return held != data.end() && held->is_string()
                   ? from_base64(held->get_ref<const std::string&>()).value_or("")
                   : "";
    };
    const auto require_object = [&](const char* key) {
        require_data(key);
        if (const auto why = object_fault(content(key)); data.contains(key) && !why.empty()) {
            faults.push_back({place(key), "FieldValueInvalid",
                              "Invalid value: \"<secret contents redacted>\": " + why});
        }
    };
    if (type == "kubernetes.io/service-account-token" &&
        text_at(secret, "/metadata/annotations/kubernetes.io~1service-account.name").empty()) {
        require(faults, "metadata.annotations[kubernetes.io/service-account.name]");
    } else if (type == "kubernetes.io/tls") {
        require_data("tls.crt");
        require_data("tls.key");
    } else if (type == "kubernetes.io/dockerconfigjson") {
        require_object(".dockerconfigjson");
    } else if (type == "kubernetes.io/dockercfg") {
        require_object(".dockercfg");
    } else if (type == "kubernetes.io/basic-auth" && !data.contains("username") &&
               !data.contains("password")) {  // one of them is enough
        require(faults, place("username"));
        require(faults, place("password"));
    } else if (type == "kubernetes.io/ssh-auth" && content("ssh-privatekey").empty()) {
        require(faults, place("ssh-privatekey"));
    }
}

void complete_secret(Json& secret, std::vector<Cause>& faults) {
    if (text_at(secret, "/type").empty()) {
        secret["type"] = "Opaque";
    }
    if (const auto plain = secret.find("stringData"); plain != secret.end()) {
        for (const auto& [key, value] : plain->items()) {
            secret["data"][key] = to_base64(value.get<std::string>());
        }
        secret.erase("stringData");
    }
    check_data_keys(secret, faults);
    check_size(size_of_data(secret, "data", true), "data", faults);
    check_secret_type(secret, faults);
}

Cause unsupported(std::string field, const std::string& value, std::string_view supported) {
    return {
        std::move(field), "FieldValueNotSupported",
        fmt::format("Unsupported value: {}: supported values: {}", go_quoted(value), supported)};
}

// Who a binding is for: kind and name, and the group that goes with the kind.
void complete_subject(const ResourceType& type, Json& subject, const std::string& field,
                      std::vector<Cause>& faults) {
    const auto kind = text_at(subject, "/kind");
    const bool account = kind == "ServiceAccount";
    const auto name = text_at(subject, "/name");
    if (!account && text_at(subject, "/apiGroup").empty() && (kind == "User" || kind == "Group")) {
        subject["apiGroup"] = rbac_group;
    }
    if (name.empty()) {
        require(faults, field + ".name");
    }
    const auto group = text_at(subject, "/apiGroup");
    if (account) {
        if (!group.empty()) {
            faults.push_back(unsupported(field + ".apiGroup", group, "\"\""));
        }
        if (!type.namespaced && text_at(subject, "/namespace").empty()) {
            require(faults, field + ".namespace");
        }
    } else if (kind == "User" || kind == "Group") {
        if (group != rbac_group) {
            faults.push_back(
                unsupported(field + ".apiGroup", group, fmt::format("\"{}\"", rbac_group)));
        }
    } else {
        faults.push_back(
            unsupported(field + ".kind", kind, "\"ServiceAccount\", \"User\", \"Group\""));
    }
}

void complete_binding(const ResourceType& type, Json& binding, std::vector<Cause>& faults) {
    auto& reference = binding["roleRef"];
    if (text_at(binding, "/roleRef/apiGroup").empty()) {
        reference["apiGroup"] = rbac_group;
    }
    if (const auto group = text_at(binding, "/roleRef/apiGroup"); group != rbac_group) {
        faults.push_back(unsupported("roleRef.apiGroup", group, fmt::format("\"{}\"", rbac_group)));
    }
    const auto kind = text_at(binding, "/roleRef/kind");
    if (kind != "ClusterRole" && (kind != "Role" || &type == &type::cluster_role_bindings)) {
        faults.push_back(unsupported("roleRef.kind", kind,
                                     &type == &type::cluster_role_bindings
                                         ? "\"ClusterRole\""
                                         : "\"Role\", \"ClusterRole\""));
    }
    if (text_at(binding, "/roleRef/name").empty()) {
        require(faults, "roleRef.name");
    }
    std::size_t index = 0;
    if (const auto subjects = binding.find("subjects"); subjects != binding.end()) {
        for (auto& subject : *subjects) {
            if (enough(faults)) {
                break;
            }
            complete_subject(type, subject, fmt::format("subjects[{}]", index++), faults);
        }
        if (subjects->empty()) {
            binding.erase(subjects);
        }
    }
}

bool lists_some(const Json& rule, const char* field) {
    const auto found = rule.find(field);
    return found != rule.end() && found->is_array() && !found->empty();
}

void check_rules(const ResourceType& type, const Json& role, std::vector<Cause>& faults) {
    std::size_t index = 0;
    const auto rules = role.value("rules", Json());
    for (const auto& rule : rules.is_array() ? rules : Json::array()) {
        if (enough(faults)) {
            return;
        }
        const auto field = fmt::format("rules[{}]", index++);
        const auto need = [&](const char* part, std::string_view why) {
            faults.push_back({fmt::format("{}.{}", field, part), "FieldValueRequired",
                              fmt::format("Required value: {}", why)});
        };
        if (!lists_some(rule, "verbs")) {
            need("verbs", "verbs must contain at least one value");
        }
        if (lists_some(rule, "nonResourceURLs")) {
            const auto shown = rule["nonResourceURLs"].dump();
            if (type.namespaced) {
                faults.push_back({field + ".nonResourceURLs", "FieldValueInvalid",
                                  fmt::format("Invalid value: {}: namespaced rules cannot apply "
                                              "to non-resource URLs",
                                              shown)});
            } else if (lists_some(rule, "apiGroups") || lists_some(rule, "resources")) {
                faults.push_back({field + ".nonResourceURLs", "FieldValueInvalid",
                                  fmt::format("Invalid value: {}: rules cannot apply to both "
                                              "regular resources and non-resource URLs",
                                              shown)});
            }
            continue;
        }
        if (!lists_some(rule, "apiGroups")) {
            need("apiGroups", "resource rules must supply at least one api group");
        }
        if (!lists_some(rule, "resources")) {
            need("resources", "resource rules must supply at least one resource");
        }
    }
}

// What stays as it was made while `immutable` is set, and the setting itself.
std::vector<Cause> changed_though_immutable(const Json& before, const Json& after) {
    std::vector<Cause> faults;
    const auto forbid = [&faults](std::string field) {
        faults.push_back({std::move(field), "FieldValueForbidden",
                          "Forbidden: field is immutable when `immutable` is set"});
    };
    if (!after.value("immutable", false)) {
        forbid("immutable");
    }
    for (const auto* field : {"data", "binaryData"}) {
        if (before.value(field, Json::object()) != after.value(field, Json::object())) {
            forbid(field);
        }
    }
    return faults;
}

}  // namespace

namespace {

// The kinds that have files of their own; false for any other.
bool complete_by_kind(const ResourceType& type, Json& object, std::vector<Cause>& faults) {
    if (type.custom != nullptr) {
        complete_custom(type, object, faults);
    } else if (&type == &type::pods) {
        complete_pod(object, faults);
    } else if (is_workload(type)) {
        complete_workload(type, object, faults);
    } else if (&type == &type::services) {
        complete_service(object, faults);
    } else if (&type == &type::leases) {
        complete_lease(object, faults);
    } else if (&type == &type::events || &type == &type::new_events) {
        complete_event(type, object, faults);
    } else if (&type == &type::nodes) {
        complete_node(object, faults);
    } else if (&type == &type::definitions) {
        complete_definition(object, faults);
    } else {
        return false;
    }
    return true;
}

std::vector<Cause> changed_by_kind(const ResourceType& type, const Json& before,
                                   const Json& after) {
    if (&type == &type::services) {
        return service_changes(before, after);
    }
    if (&type == &type::new_events) {
        return event_changes(before, after);
    }
    return &type == &type::definitions ? definition_changes(before, after) : std::vector<Cause>();
}

// Fields that Go's types hold as plain values with omitempty: false, zero and "" are not written.
bool omitted_when_unset(const ObjectType& type, std::string_view field) {
    constexpr std::string_view fields[] = {"Container.stdin",
                                           "Container.stdinOnce",
                                           "Container.tty",
                                           "Container.workingDir",
                                           "ContainerPort.hostIP",
                                           "ContainerPort.hostPort",
                                           "ContainerPort.name",
                                           "DeploymentSpec.minReadySeconds",
                                           "DeploymentSpec.paused",
                                           "ContainerPort.protocol",
                                           "EnvVar.value",
                                           "HTTPGetAction.host",
                                           "HTTPGetAction.path",
                                           "HTTPGetAction.scheme",
                                           "ObjectFieldSelector.apiVersion",
                                           "PodSpec.hostIPC",
                                           "PodSpec.hostNetwork",
                                           "PodSpec.hostPID",
                                           "PodSpec.hostname",
                                           "PodSpec.priorityClassName",
                                           "PodSpec.serviceAccount",
                                           "PodSpec.serviceAccountName",
                                           "PodSpec.subdomain",
                                           "Probe.failureThreshold",
                                           "Probe.initialDelaySeconds",
                                           "Probe.periodSeconds",
                                           "Probe.successThreshold",
                                           "Probe.timeoutSeconds",
                                           "ReplicaSetSpec.minReadySeconds",
                                           "StatefulSetSpec.minReadySeconds",
                                           "Toleration.effect",
                                           "Toleration.key",
                                           "Toleration.operator",
                                           "Toleration.value",
                                           "VolumeMount.readOnly",
                                           "VolumeMount.subPath",
                                           "VolumeMount.subPathExpr"};
    const auto name = fmt::format("{}.{}", type.name, field);
    return std::ranges::find(fields, name) != std::end(fields);
}

bool unset_value(const Json& value) {
    return value == false || value == "" || (value.is_number() && value == 0);
}

// Lists and maps that hold nothing are not there, as Go's omitempty writes them; but for those
// that are looked at, or written, all the same.
void drop_empty(Json& object, const ObjectType& type) {
    constexpr std::string_view written[] = {"rules", "verbs", "containers"};
    for (auto at = object.begin(); at != object.end();) {
        const auto* field = type.find(at.key());
        const auto kind = field == nullptr ? FieldType::Kind::any : field->kind;
        const bool list = kind == FieldType::Kind::list && at->is_array();
        const bool map = kind == FieldType::Kind::map && at->is_object();
        if ((list || map) && at->empty() &&
            std::ranges::find(written, at.key()) == std::end(written)) {
            at = object.erase(at);
            continue;
        }
        if (unset_value(*at) && omitted_when_unset(type, at.key())) {
            at = object.erase(at);
            continue;
        }
        if (kind == FieldType::Kind::object && at->is_object()) {
            drop_empty(*at, *field->object);
        } else if ((list || map) && field->of->kind == FieldType::Kind::object) {
            for (auto& item : *at) {
                if (item.is_object()) {
                    drop_empty(item, *field->of->object);
                }
            }
        }
        ++at;
    }
}

// All that is wrong with the object but its metadata, once it has its defaults.
std::vector<Cause> own_faults(const ResourceType& type, Json& object) {
    if (type.custom == nullptr && &type != &type::definitions) {
        drop_empty(object, object_type(type));
    }
    std::vector<Cause> faults;
    if (complete_by_kind(type, object, faults)) {
        // nothing else is known of them
    } else if (&type == &type::secrets) {
        complete_secret(object, faults);
    } else if (&type == &type::config_maps) {
        check_data_keys(object, faults);
        check_data_keys(object, faults, "binaryData");
        check_size(size_of_data(object, "data", false) + size_of_data(object, "binaryData", true),
                   "[]", faults);
    } else if (&type == &type::cluster_role_bindings || &type == &type::role_bindings) {
        complete_binding(type, object, faults);
    } else if (&type == &type::cluster_roles || &type == &type::roles) {
        if (!object.contains("rules")) {
            object["rules"] = nullptr;
        }
        check_rules(type, object, faults);
    }
    return faults;
}

void append(std::vector<Cause>& faults, const std::vector<Cause>& more) {
    faults.insert(faults.end(), more.begin(), more.end());
}

// What an update of data, of a role's reference or of a selector may not change.
std::vector<Cause> changed_fixed_parts(const ResourceType& type, const Json& before,
                                       const Json& after) {
    std::vector<Cause> faults;
    if (&type == &type::secrets && after["type"] != before["type"]) {
        faults.push_back(
            {"type", "FieldValueInvalid",
             fmt::format("Invalid value: {}: field is immutable", after["type"].dump())});
    }
    if ((&type == &type::secrets || &type == &type::config_maps) &&
        before.value("immutable", false)) {
        append(faults, changed_though_immutable(before, after));
    }
    if (type.group == rbac_group && after.contains("roleRef") &&
        after["roleRef"] != before["roleRef"]) {
        const auto& given = after["roleRef"];
        // As Go prints the internal form.
        const Json shown{{"APIGroup", text_at(given, "/apiGroup")},
                         {"Kind", text_at(given, "/kind")},
                         {"Name", text_at(given, "/name")}};
        faults.push_back({"roleRef", "FieldValueInvalid",
                          fmt::format("Invalid value: {}: cannot change roleRef", shown.dump())});
    }
    if (is_workload(type)) {
        const auto was = before.at("spec").value("selector", Json());
        const auto is = after.at("spec").value("selector", Json());
        if (is != was) {
            faults.push_back({"spec.selector", "FieldValueInvalid",
                              fmt::format("Invalid value: {}: field is immutable", is.dump())});
        }
    }
    return faults;
}

std::vector<Cause> changed_fields_of(const ResourceType& type, const Json& before,
                                     const Json& after) {
    if (&type == &type::pods) {
        return pod_changes(before, after);
    }
    if (&type == &type::stateful_sets && changes_fixed_set_fields(before, after)) {
        return {{"spec", "FieldValueForbidden",
                 "Forbidden: updates to statefulset spec for fields other than 'replicas', "
                 "'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
                 "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"}};
    }
    auto faults = changed_by_kind(type, before, after);
    append(faults, changed_fixed_parts(type, before, after));
    return faults;
}

/// A part of what an update's validation looks at.
enum class Look {
    object,  ///< ValidateObjectMeta
    change,  ///< ValidateObjectMetaUpdate
    own,     ///< the object's own fields
    fixed    ///< what stays as it was made
};

// In which order a type's own validation of an update looks, and at what more than once.
std::vector<Look> looks_at_update(const ResourceType& type) {
    using enum Look;
    if (&type == &type::config_maps || &type == &type::secrets) {
        return {change, fixed, object, own};
    }
    if (&type == &type::service_accounts) {
        return {change, object};
    }
    if (&type == &type::pods) {
        return {change, object, own, fixed};
    }
    if (type.group == rbac_group) {
        return {object, own, object, own, change, fixed};
    }
    if (&type == &type::services) {
        return {change, fixed, own};
    }
    if (&type == &type::namespaces) {
        return {object, change};
    }
    if (&type == &type::nodes) {
        return {object, own, change, fixed};
    }
    if (&type == &type::events) {
        return {own, fixed};
    }
    if (&type == &type::new_events) {
        return {own, change, fixed};
    }
    return {change, own, fixed};
}

Checked<> checked(const ResourceType& type, const Json& object, const std::vector<Cause>& faults) {
    if (!faults.empty()) {
        return refuse(invalid(kept_type(type).group, type.kind, meta(object, "name"), faults));
    }
    return {};
}

}  // namespace

Checked<> complete(const ResourceType& type, Json& object) {
    const auto own = own_faults(type, object);
    auto faults = metadata_faults(type, object);
    append(faults, own);
    return checked(type, object, faults);
}

Checked<> complete_update(const ResourceType& type, const Json& before, Json& after,
                          const MetadataFaults& metadata) {
    const auto own = own_faults(type, after);
    const auto fixed = changed_fields_of(type, before, after);
    auto faults = metadata.of_all;
    for (const auto look : looks_at_update(type)) {
        append(faults, look == Look::object   ? metadata.of_object
                       : look == Look::change ? metadata.of_change
                       : look == Look::own    ? own
                                              : fixed);
    }
    return checked(type, before, faults);
}

}  // namespace meshproof::fakes::kube
