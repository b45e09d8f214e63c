#include <charconv>
#include <regex>

#include "core/base/text.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/cluster.hpp"
#include "fakes/kube/managed_fields.hpp"
#include "fakes/kube/selectors.hpp"
#include "fakes/kube/tables.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view rbac_group = "rbac.authorization.k8s.io";

bool is_workload(const ResourceType& type) {
    return &type == &type::deployments || &type == &type::replica_sets;
}

bool has_status(const ResourceType& type) {
    return &type == &type::pods || &type == &type::namespaces || &type == &type::nodes ||
           is_workload(type);
}

bool has_generation(const ResourceType& type) {
    return &type == &type::pods || is_workload(type);
}

void require(std::vector<Cause>& faults, std::string field) {
    faults.push_back({std::move(field), "FieldValueRequired", "Required value"});
}

void check_data_keys(const Json& object, std::vector<Cause>& faults,
                     const std::string& field = "data") {
    static const std::regex config_key("[-._a-zA-Z0-9]+");
    const Json data = object.value(field, Json::object());
    const Json binary =
        field == "data" ? object.value("binaryData", Json::object()) : Json::object();
    for (const auto& [key, value] : data.items()) {
        if (binary.contains(key)) {
            faults.push_back({fmt::format("data[{}]", key), "FieldValueInvalid",
                              fmt::format("Invalid value: \"{}\": duplicate of key present in "
                                          "binaryData",
                                          key)});
        }
        if (!std::regex_match(key, config_key)) {
            faults.push_back(
                {fmt::format("{}[{}]", field, key), "FieldValueInvalid",
                 fmt::format("Invalid value: \"{}\": a valid config key must consist of "
                             "alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
                             "'KEY_NAME',  or 'key-name', regex used for validation is "
                             "'[-._a-zA-Z0-9]+')",
                             key)});
        }
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
    constexpr auto account = "/metadata/annotations/kubernetes.io~1service-account.name";
    const auto type = text_at(secret, "/type");
    if (type == "kubernetes.io/service-account-token" && text_at(secret, account).empty()) {
        require(faults, "metadata.annotations[kubernetes.io/service-account.name]");
    }
    const Json data = secret.value("data", Json::object());
    const auto require_data = [&](const char* key) {
        if (!data.contains(key)) {
            require(faults, fmt::format("data[{}]", key));
        }
    };
    if (type == "kubernetes.io/tls") {
        require_data("tls.crt");
        require_data("tls.key");
    } else if (type == "kubernetes.io/dockerconfigjson") {
        require_data(".dockerconfigjson");
    }
}

Cause unsupported(std::string field, const std::string& value, std::string_view supported) {
    return {std::move(field), "FieldValueNotSupported",
            fmt::format("Unsupported value: \"{}\": supported values: {}", value, supported)};
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

// Defaults of what is about to be stored, and all that is wrong with it.
void complete(const Call& call, Json& object) {
    const auto& type = *call.type;
    auto faults = metadata_faults(type, object);
    if (&type == &type::secrets) {
        complete_secret(object, faults);
    } else if (&type == &type::config_maps) {
        check_data_keys(object, faults);
        check_data_keys(object, faults, "binaryData");
    } else if (&type == &type::pods) {
        complete_pod(object, faults);
    } else if (is_workload(type)) {
        complete_workload(type, object, faults);
    } else if (&type == &type::cluster_role_bindings || &type == &type::role_bindings) {
        complete_binding(type, object, faults);
    } else if (&type == &type::cluster_roles || &type == &type::roles) {
        if (!object.contains("rules")) {
            object["rules"] = nullptr;
        }
        check_rules(type, object, faults);
    }
    if (!faults.empty()) {
        throw Refused{invalid(type.group, type.kind, meta(object, "name"), faults)};
    }
}

[[noreturn]] void refuse_field(const ResourceType& type, const std::string& name, std::string field,
                               std::string cause, std::string message) {
    throw Refused{invalid(type.group, type.kind, name,
                          {{std::move(field), std::move(cause), std::move(message)}})};
}

// What stays as it was made, whatever an update says.
void check_immutable(const ResourceType& type, const std::string& name, const Json& before,
                     const Json& after) {
    if ((&type == &type::secrets || &type == &type::config_maps) &&
        before.value("immutable", false)) {
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
        if (!faults.empty()) {
            throw Refused{invalid(type.group, type.kind, name, faults)};
        }
    }
    if (&type == &type::secrets && after["type"] != before["type"]) {
        refuse_field(type, name, "type", "FieldValueInvalid",
                     fmt::format("Invalid value: {}: field is immutable", after["type"].dump()));
    }
    if (after.contains("roleRef") && after["roleRef"] != before["roleRef"]) {
        refuse_field(type, name, "roleRef", "FieldValueInvalid",
                     "Invalid value: cannot change roleRef");
    }
    if (is_workload(type) && after["spec"]["selector"] != before["spec"]["selector"]) {
        refuse_field(
            type, name, "spec.selector", "FieldValueInvalid",
            fmt::format("Invalid value: {}: field is immutable", after["spec"]["selector"].dump()));
    }
    if (&type == &type::pods && changes_fixed_fields(before, after)) {
        refuse_field(
            type, name, "spec", "FieldValueForbidden",
            "Forbidden: pod updates may not change fields other than "
            "`spec.containers[*].image`,`spec.initContainers[*].image`,"
            "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
            "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
            "previously negative)");
    }
}

http::Response changed_meanwhile(const ResourceType& type, const std::string& name) {
    return conflict(type.resource(), name,
                    "the object has been modified; please apply your changes to the latest "
                    "version and try again");
}

// The preconditions that an update's own metadata states.
std::optional<http::Response> unmet(const ResourceType& type, const std::string& name,
                                    const Json& current, const Json& wanted) {
    const auto uid = meta(wanted, "uid");
    if (!uid.empty() && uid != meta(current, "uid")) {
        return conflict(
            type.resource(), name,
            fmt::format("StorageError: invalid object, Code: 4, Key: /registry/{}/{}{}, "
                        "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
                        "precondition: {}, UID in object meta: {}",
                        type.plural,
                        type.namespaced ? meta(current, "namespace") + "/" : std::string(), name,
                        uid, meta(current, "uid")));
    }
    const auto version = meta(wanted, "resourceVersion");
    if (version.empty() || version == meta(current, "resourceVersion")) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    const auto* end = version.data() + version.size();
    if (std::from_chars(version.data(), end, number).ptr != end) {
        return refusal(500, "",
                       fmt::format("strconv.ParseUint: parsing \"{}\": invalid syntax", version));
    }
    return changed_meanwhile(type, name);
}

// A deletion's preconditions speak of the kind, not of the resource.
void check_preconditions(const ResourceType& type, const Json& object, const Json& options) {
    const auto name = meta(object, "name");
    const auto refuse = [&](const std::string& why) {
        throw Refused{conflict(type.kind, name, why)};
    };
    const auto uid = text_at(options, "/preconditions/uid");
    if (!uid.empty() && uid != meta(object, "uid")) {
        refuse(
            fmt::format("the UID in the precondition ({}) does not match the UID in record "
                        "({}). The object might have been deleted and then recreated",
                        uid, meta(object, "uid")));
    }
    const auto version = text_at(options, "/preconditions/resourceVersion");
    if (!version.empty() && version != meta(object, "resourceVersion")) {
        refuse(
            fmt::format("the ResourceVersion in the precondition ({}) does not match the "
                        "ResourceVersion in record ({}). The object might have been modified",
                        version, meta(object, "resourceVersion")));
    }
}

bool has_finalizers(const Json& object) {
    const auto& metadata = object.at("metadata");
    return metadata.contains("finalizers") && !metadata["finalizers"].empty();
}

http::Response answer_delete(Cluster& cluster, const Call& call) {
    const auto& type = *call.type;
    const auto object = current_of(cluster, call);
    const auto options = delete_options(call);
    check_preconditions(type, *object, options);
    if (&type == &type::namespaces &&
        (call.info.name == "default" || call.info.name == "kube-system" ||
         call.info.name == "kube-public")) {
        return refusal(403, "Forbidden",
                       fmt::format("namespaces \"{}\" is forbidden: this namespace may not be "
                                   "deleted",
                                   call.info.name),
                       {{"name", call.info.name}, {"kind", "namespaces"}});
    }
    const bool dry = call.dry_run() || options.contains("dryRun");
    const auto last = dry ? object : delete_object(cluster, type, object, options);
    if (&type == &type::namespaces) {
        Json ending = *last;
        ending["status"]["phase"] = "Terminating";
        ending["metadata"]["deletionTimestamp"] = rfc3339(cluster.clock.now());
        return json_response(200, ending);
    }
    const bool stays = cluster.store->find(type, meta(*last, "namespace"), call.info.name) && !dry;
    if (stays || &type == &type::pods || &type == &type::service_accounts) {
        return json_response(200, *last);
    }
    return deleted(type, call.info.name, meta(*last, "uid"));
}

http::Response answer_get(const Cluster& cluster, const Call& call) {
    const auto object = current_of(cluster, call);
    return json_response(200, *object);
}

http::Response answer_patch(Cluster& cluster, const Call& call) {
    const auto header = lower(call.request.headers.find("Content-Type").value_or(""));
    if (header.starts_with("application/apply-patch+yaml")) {
        return answer_apply(cluster, call);
    }
    const auto current = current_of(cluster, call);
    return replace_object(cluster, call, *current, patched(call, *current));
}

// A caller may rewrite them, and [{}] forgets them; what says nothing of them keeps them.
void keep_managers(const Json& current, Json& next) {
    auto& metadata = next["metadata"];
    if (metadata.contains("managedFields") && !metadata["managedFields"].empty()) {
        if (metadata["managedFields"] == Json::array({Json::object()})) {
            metadata.erase("managedFields");
        }
        return;
    }
    metadata.erase("managedFields");
    if (current["metadata"].contains("managedFields")) {
        metadata["managedFields"] = current["metadata"]["managedFields"];
    }
}

void note_managers(const Cluster& cluster, const Call& call, const Json& before, Json& after,
                   const Json& managers) {
    if (managers.is_null()) {
        note_update(cluster, call, before, after);
    } else if (managers.empty()) {
        after["metadata"].erase("managedFields");
    } else {
        after["metadata"]["managedFields"] = managers;
    }
}

}  // namespace

Object current_of(const Cluster& cluster, const Call& call) {
    auto object = cluster.store->find(*call.type, call.info.namespace_name, call.info.name);
    if (!object) {
        throw Refused{not_found(*call.type, call.info.name)};
    }
    return object;
}

// That an update's object is what its URL names.
void check_place(const Call& call, const Json& wanted) {
    const auto named = meta(wanted, "name");
    if (named.empty()) {
        throw Refused{bad_request(fmt::format(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            call.info.name))};
    }
    if (named != call.info.name) {
        throw Refused{bad_request(
            fmt::format("the name of the object ({}) does not match the name on the URL ({})",
                        named, call.info.name))};
    }
    if (const auto space = meta(wanted, "namespace");
        call.type->namespaced && !space.empty() && space != call.info.namespace_name) {
        throw Refused{
            bad_request("the namespace of the provided object does not match the namespace sent "
                        "on the request")};
    }
}

http::Response create_object(Cluster& cluster, const Call& call, Json object,
                             const Json& managers) {
    const auto& type = *call.type;
    const auto version = meta(object, "resourceVersion");
    const bool generated = !meta(object, "generateName").empty();
    name_object(cluster, call, object);
    if (type.namespaced && !cluster.store->find(type::namespaces, "", call.info.namespace_name)) {
        return not_found(type::namespaces, call.info.namespace_name);
    }
    object.erase("status");
    complete(call, object);
    const auto name = meta(object, "name");
    const bool numbered = version.find_first_not_of("0123456789") == std::string::npos &&
                          version.find_first_not_of('0') != std::string::npos;
    if (numbered) {
        return refusal(500, "", "resourceVersion should not be set on objects to be created");
    }
    if (cluster.store->find(type, call.info.namespace_name, name)) {
        return generated ? not_generated(type, name) : already_exists(type, name);
    }
    if (has_generation(type)) {
        object["metadata"]["generation"] = 1;
    }
    note_managers(cluster, call, Json::object(), object, managers);
    if (call.dry_run()) {
        return json_response(201, cluster.store->complete(type, std::move(object)));
    }
    if (&type == &type::namespaces) {
        add_namespace(cluster, std::move(object));
        return json_response(201, *cluster.store->find(type, "", name));
    }
    const auto kept = cluster.store->add(type, std::move(object));
    after_creation(cluster, type, kept);
    return json_response(201, *kept);
}

http::Response replace_object(Cluster& cluster, const Call& call, const Json& current, Json wanted,
                              const Json& managers) {
    const auto& type = *call.type;
    const auto& name = call.info.name;
    check_place(call, wanted);
    if (auto refused = unmet(type, name, current, wanted)) {
        return std::move(*refused);
    }
    Json next;
    if (call.info.subresource == "status") {
        next = current;
        next["status"] = wanted.value("status", Json::object());
        for (const auto* map : {"labels", "annotations"}) {  // these it changes as well
            if (wanted["metadata"].contains(map)) {
                next["metadata"][map] = wanted["metadata"][map];
            }
        }
    } else {
        next = std::move(wanted);
        for (const auto* fixed :
             {"name", "generateName", "namespace", "uid", "creationTimestamp", "deletionTimestamp",
              "deletionGracePeriodSeconds", "generation"}) {
            if (current["metadata"].contains(fixed)) {
                next["metadata"][fixed] = current["metadata"][fixed];
            } else {
                next["metadata"].erase(fixed);
            }
        }
        keep_managers(current, next);
        next["kind"] = type.kind;
        next["apiVersion"] = type.api_version();
        if (has_status(type)) {
            next["status"] = current.value("status", Json::object());
        }
        complete(call, next);
        check_immutable(type, name, current, next);
        if (has_generation(type) && next["spec"] != current["spec"]) {
            next["metadata"]["generation"] =
                current["metadata"].value("generation", std::int64_t{0}) + 1;
        }
    }
    note_managers(cluster, call, current, next, managers);
    if (call.dry_run()) {
        return json_response(200, next);
    }
    const auto kept = cluster.store->replace(type, std::move(next));
    if (!meta(*kept, "deletionTimestamp").empty() && !has_finalizers(*kept) &&
        has_finalizers(current)) {
        const auto last = cluster.store->remove(type, call.info.namespace_name, name);
        after_deletion(cluster, type, last);
        return json_response(200, *last);
    }
    reconcile(cluster, type, *kept);
    return json_response(200, *kept);
}

Object delete_object(Cluster& cluster, const ResourceType& type, const Object& object,
                     const Json& options) {
    const auto now = cluster.clock.now();
    const auto mark = [&](std::int64_t seconds) {
        Json leaving = *object;
        auto& metadata = leaving["metadata"];
        if (metadata.contains("deletionTimestamp") &&
            metadata.value("deletionGracePeriodSeconds", std::int64_t{0}) <= seconds) {
            return leaving;
        }
        metadata["deletionTimestamp"] = rfc3339(now + std::chrono::seconds(seconds));
        metadata["deletionGracePeriodSeconds"] = seconds;
        if (metadata.contains("generation")) {
            metadata["generation"] = metadata["generation"].get<std::int64_t>() + 1;
        }
        return leaving;
    };
    if (&type == &type::pods) {
        std::optional<std::int64_t> grace;
        if (const auto given = options.find("gracePeriodSeconds"); given != options.end()) {
            grace = given->get<std::int64_t>();
        }
        if (!pod_goes_at_once(*object, grace)) {
            const auto seconds = grace.value_or(
                object->at("spec").value("terminationGracePeriodSeconds", std::int64_t{30}));
            const auto leaving = cluster.store->replace(type, mark(seconds));
            reconcile(cluster, type, *leaving);
            return leaving;
        }
    }
    if (has_finalizers(*object)) {
        return cluster.store->replace(type, mark(0));
    }
    auto last = cluster.store->remove(type, &type == &type::pods ? mark(0) : *object);
    after_deletion(cluster, type, last, text_at(options, "/propagationPolicy") == "Orphan");
    return last;
}

http::Response answer_objects(Cluster& cluster, const Call& call) {
    const auto& verb = call.info.verb;
    const auto& sub = call.info.subresource;
    if (!sub.empty() && !(sub == "status" && has_status(*call.type))) {
        return no_such_resource();
    }
    if (verb == "list") {
        return answer_list(cluster, call);
    }
    if (verb == "watch") {
        return answer_watch(cluster, call);
    }
    if (verb == "get") {
        return answer_get(cluster, call);
    }
    const bool somewhere = !call.type->namespaced || !call.info.namespace_name.empty();
    if (verb == "create" && call.info.name.empty() && somewhere) {
        check_options(call);
        return create_object(cluster, call,
                             body_of(call, call.type->kind, call.type->api_version()));
    }
    if (verb == "update" && !call.info.name.empty()) {
        check_options(call);
        auto wanted = body_of(call, call.type->kind, call.type->api_version());
        if (!wanted.contains("metadata")) {
            wanted["metadata"] = Json::object();
        }
        check_place(call, wanted);
        return replace_object(cluster, call, *current_of(cluster, call), std::move(wanted));
    }
    if (verb == "patch" && !call.info.name.empty()) {
        check_patch_type(call.request);
        check_options(call);
        return answer_patch(cluster, call);
    }
    if (verb == "delete" && sub.empty()) {
        return answer_delete(cluster, call);
    }
    if (verb == "deletecollection" && somewhere && call.type != &type::namespaces) {
        return remove_collection(cluster, call);
    }
    return method_not_allowed();
}

}  // namespace meshproof::fakes::kube
