#include <charconv>

#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/custom_resources.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/kinds.hpp"
#include "fakes/kube/managed_fields.hpp"
#include "fakes/kube/protobuf.hpp"
#include "fakes/kube/rbac.hpp"
#include "fakes/kube/selectors.hpp"
#include "fakes/kube/tables.hpp"
#include "fakes/kube/validation.hpp"

namespace meshproof::fakes::kube {
namespace {

bool has_generation(const ResourceType& type) {
    return &type == &type::pods || is_workload(type) || &type == &type::definitions ||
           type.custom != nullptr;
}

// Whether an update is of what the object's generation counts.
bool next_generation(const ResourceType& type, const Json& before, const Json& after) {
    const auto counts = [&type](const std::string& key) {
        return type.custom == nullptr ? key == "spec"
                                      : key != "metadata" && !(key == "status" && has_status(type));
    };
    const auto differs = [&counts](const Json& one, const Json& other) {
        for (const auto& [key, value] : one.items()) {
            const auto found = other.find(key);
            if (counts(key) && (found == other.end() || *found != value)) {
                return true;
            }
        }
        return false;
    };
    return differs(before, after) || differs(after, before);
}

// A pod's spec as it is before anything is added to it or dropped. Its containers only where they
// say what is dropped: copying thousands takes long. Of other kinds nobody asks.
Json spec_as_sent(const ResourceType& type, const Json& object) {
    Json sent = Json::object();
    const auto spec = object.find("spec");
    if (&type != &type::pods || spec == object.end() || !spec->is_object()) {
        return sent;
    }
    for (const auto& [key, value] : spec->items()) {
        const bool containers = key == "containers" || key == "initContainers";
        if (!containers || std::ranges::any_of(value, [](const Json& container) {
                return container.contains("restartPolicyRules");
            })) {
            sent[key] = value;
        }
    }
    return sent;
}

// Whether restore_disabled_fields finds something in it.
bool has_disabled_fields(const Json& sent) {
    return sent.contains("hostnameOverride") || sent.contains("containers") ||
           sent.contains("initContainers");
}

/// No less than what protobuf makes of it.
std::size_t rough_size(const Json& value) {
    constexpr std::size_t head = 6, plain = 24;
    if (value.is_string()) {
        return value.get_ref<const std::string&>().size() + head;
    }
    if (!value.is_structured()) {
        return plain;
    }
    std::size_t size = head;
    if (value.is_array()) {
        for (const auto& item : value) {
            size += rough_size(item);
        }
        return size;
    }
    for (const auto& [key, item] : value.items()) {
        size += key.size() + head + (key == "managedFields" ? 0 : rough_size(item));
    }
    return size;
}

/// What etcd is asked to keep: the object in protobuf, a custom one as JSON, and its key three
/// times. Its managed fields are not counted, since the fake looks before it makes them.
std::size_t kept_size(const ResourceType& type, Json object) {
    object["metadata"].erase("managedFields");
    object["kind"] = type.kind;
    object["apiVersion"] = type.api_version();
    const auto key = fmt::format("/registry/{}/{}/{}", type.plural, meta(object, "namespace"),
                                 meta(object, "name"));
    const auto bytes = protobuf_of(object);
    constexpr std::size_t keys = 3, frame = 30;
    return (bytes ? bytes->size() : object.dump().size()) + keys * key.size() + frame;
}

// What is too large for etcd (--max-request-bytes), in its words, or for its client (row 251).
Checked<> check_kept_size(const ResourceType& type, const Json& object) {
    constexpr std::size_t most = 3U << 19, most_of_client = 2U << 20;
    if (rough_size(object) <= most) {
        return {};
    }
    const auto size = kept_size(type, object);
    if (size <= most) {
        return {};
    }
    return refuse(refusal(
        500, "",
        size <= most_of_client
            ? "etcdserver: request is too large"
            : fmt::format("rpc error: code = ResourceExhausted desc = trying to send message "
                          "larger than max ({} vs. {})",
                          size, most_of_client)));
}

// What the storage takes as new; a trial never gets there. `version` is the one it was sent with.
Checked<> check_new_to_storage(const ResourceType& type, const Json& object,
                               const std::string& version) {
    const bool numbered = version.find_first_not_of("0123456789") == std::string::npos &&
                          version.find_first_not_of('0') != std::string::npos;
    if (numbered) {
        return refuse(
            refusal(500, "", "resourceVersion should not be set on objects to be created"));
    }
    return check_kept_size(type, object);
}

// An update of these without the version that it is made of would overwrite another's: leases are
// locks.
Checked<> check_not_blind(const ApiCall& call, const Json& wanted) {
    const auto& type = *call.type;
    if (call.info.verb != "update" || updates_blindly(type) ||
        !meta(wanted, "resourceVersion").empty()) {
        return {};
    }
    std::string kind(type.plural);
    return refuse(refusal(
        422, "Invalid",
        fmt::format("{} \"{}\" is invalid: metadata.resourceVersion: Invalid value: 0: must be "
                    "specified for an update",
                    type.resource(), call.info.name),
        {{"name", call.info.name},
         {"group", type.group},
         {"kind", kind},
         {"causes", Json::array({{{"reason", "FieldValueInvalid"},
                                  {"message", "Invalid value: 0: must be specified for an update"},
                                  {"field", "metadata.resourceVersion"}}})}}));
}

// The preconditions that an update's own metadata states.
Checked<> check_version(const ResourceType& type, const std::string& name, const Json& current,
                        const Json& wanted) {
    const auto uid = meta(wanted, "uid");
    if (!uid.empty() && uid != meta(current, "uid")) {
        return refuse(conflict(
            type.resource(), name,
            fmt::format("StorageError: invalid object, Code: 4, Key: /registry/{}/{}{}, "
                        "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
                        "precondition: {}, UID in object meta: {}",
                        type.plural,
                        type.namespaced ? meta(current, "namespace") + "/" : std::string(), name,
                        uid, meta(current, "uid"))));
    }
    const auto version = meta(wanted, "resourceVersion");
    if (version.empty() || version == meta(current, "resourceVersion")) {
        return {};
    }
    std::uint64_t number = 0;
    const auto* end = version.data() + version.size();
    const auto [stopped, fault] = std::from_chars(version.data(), end, number);
    if (stopped != end || fault != std::errc()) {
        const bool large = stopped == end && fault == std::errc::result_out_of_range;
        return refuse(refusal(500, "",
                              fmt::format("strconv.ParseUint: parsing {}: {}", go_quoted(version),
                                          large ? "value out of range" : "invalid syntax")));
    }
    if (number == 0) {
        return {};  // none
    }
    return refuse(
        conflict(type.resource(), name,
                 "the object has been modified; please apply your changes to the latest version "
                 "and try again"));
}

// When an object goes: an update that leaves it out does not change it, and nobody owns it any
// more.
Json unsaid_end(const Json& current, const Json& wanted) {
    Json unsaid = Json::object();
    for (const auto* field : {"deletionTimestamp", "deletionGracePeriodSeconds"}) {
        const auto& metadata = current.at("metadata");
        if (metadata.contains(field) && !wanted.at("metadata").contains(field)) {
            unsaid[field] = metadata[field];
        }
    }
    return unsaid;
}

// A namespace goes on for its own finalizers, which are in its spec.
bool goes_when_updated(const ResourceType& type, const Json& current, const Json& next) {
    return may_go(next) && (has_finalizers(current) || &type != &type::namespaces);
}

http::Response answer_get(const ApiState& api, const ApiCall& call) {
    if (const auto version = check_version_of_get(api, call); !version) {
        return version.error();
    }
    const auto object = current_of(api, call);
    return object ? json_response(200, **object) : object.error();
}

http::Response answer_create(ApiState& api, const ApiCall& call) {
    if (const auto options = check_options(call); !options) {
        return options.error();
    }
    auto object = body_of(call, call.type->kind, call.type->api_version());
    if (!object) {
        return object.error();
    }
    return create_object(api, call, std::move(*object));
}

// What an update of nothing makes (AllowCreateOnUpdate of Kubernetes' registries).
bool creates_by_update(const ApiCall& call) {
    const auto* type = call.type;
    return call.info.subresource.empty() &&
           (type == &type::roles || type == &type::role_bindings || type == &type::cluster_roles ||
            type == &type::cluster_role_bindings || type == &type::leases ||
            type == &type::services || type == &type::events || type == &type::new_events);
}

http::Response create_by_update(ApiState& api, const ApiCall& call, Json wanted) {
    auto asked = Attributes::of(call.info);
    asked.verb = "create";
    if (!authorize(call.user, asked, *api.store).allowed) {
        return forbidden(call.user, asked);
    }
    // No version is that of what is absent: none counts, as long as it is one.
    const Json nothing{{"metadata", {{"namespace", call.info.namespace_name}}}};
    if (const auto met = check_version(*call.type, call.info.name, nothing, wanted);
        !met && (met.error().status != 409 || !meta(wanted, "uid").empty())) {
        return met.error();
    }
    if (!call.dry_run()) {  // a trial shows it as it was sent
        wanted["metadata"].erase("resourceVersion");
    }
    return create_object(api, call, std::move(wanted));
}

http::Response answer_update(ApiState& api, const ApiCall& call) {
    if (const auto options = check_options(call); !options) {
        return options.error();
    }
    auto wanted = body_of(call, call.type->kind, call.type->api_version());
    if (!wanted) {
        return wanted.error();
    }
    if (!wanted->contains("metadata")) {
        (*wanted)["metadata"] = Json::object();
    }
    if (const auto right = check_place(call, *wanted); !right) {
        return right.error();
    }
    const auto current = current_of(api, call);
    if (!current) {
        return creates_by_update(call) ? create_by_update(api, call, std::move(*wanted))
                                       : current.error();
    }
    return replace_object(api, call, **current, std::move(*wanted));
}

http::Response answer_patch(ApiState& api, const ApiCall& call) {
    if (const auto known = check_patch_type(call.request); !known) {
        return known.error();
    }
    if (const auto options = check_options(call); !options) {
        return options.error();
    }
    const auto header = lower(call.request.headers.find("Content-Type").value_or(""));
    if (header.starts_with("application/apply-patch+yaml")) {
        return answer_apply(api, call);
    }
    const auto current = current_of(api, call);
    if (!current) {
        return current.error();
    }
    auto next = patched(call, **current);
    if (!next) {
        return next.error();
    }
    return replace_object(api, call, **current, std::move(*next));
}

// A caller may rewrite them, and [] and [{}] forget them; what says nothing of them, or nothing
// that can be read, keeps them.
void keep_managers(const Json& current, Json& next) {
    auto& metadata = next["metadata"];
    if (const auto given = metadata.find("managedFields"); given != metadata.end()) {
        const bool forget = given->empty() || *given == Json::array({Json::object()});
        if (!forget && *given == current["metadata"].value("managedFields", Json())) {
            return;
        }
        if (auto read = forget ? std::nullopt : read_managers(*given)) {
            *given = std::move(*read);
            return;
        }
        metadata.erase(given);
        if (forget) {
            return;
        }
    }
    if (current["metadata"].contains("managedFields")) {
        metadata["managedFields"] = current["metadata"]["managedFields"];
    }
}

void note_managers(const ApiState& api, const ApiCall& call, const Json& before, Json& after,
                   const Json& managers) {
    if (managers.is_null()) {
        note_update(api, call, before, after);
    } else if (managers.empty()) {
        after["metadata"].erase("managedFields");
    } else {
        after["metadata"]["managedFields"] = managers;
    }
    if (const auto rules = after.find("rules");
        call.type->custom == nullptr && rules != after.end() && rules->empty()) {
        *rules = nullptr;  // an empty list is owned, and no list is written
    }
}

// A creation's fields are counted before admission adds its own: `given` is the spec as it was
// sent.
void note_creator(const ApiState& api, const ApiCall& call, const Json& given, Json& object,
                  const Json& managers) {
    if (call.type != &type::pods || !managers.is_null()) {
        note_managers(api, call, Json::object(), object, managers);
        return;
    }
    if (has_disabled_fields(given)) {
        Json counted = before_admission(object, given);
        counted.erase("status");
        note_update(api, call, Json::object(), counted);
        if (const auto& metadata = counted["metadata"]; metadata.contains("managedFields")) {
            object["metadata"]["managedFields"] = metadata["managedFields"];
        }
        return;
    }
    // Without a copy, which takes long of many containers: what is nobody's is put back.
    const Json status = object.value("status", Json());
    Json added = Json::object();
    for (const auto* name :
         {"priority", "preemptionPolicy", "tolerations", "serviceAccountName", "serviceAccount"}) {
        if (const auto found = object["spec"].find(name); found != object["spec"].end()) {
            added[name] = *found;
        }
    }
    object = before_admission(std::move(object), given);
    object.erase("status");
    note_update(api, call, Json::object(), object);
    object["spec"].update(added);
    if (!status.is_null()) {
        object["status"] = status;
    }
}

/// What an update is of, and the spec that it was sent with.
struct Replaced {
    const Json &before, &given;
};

// As note_creator does of a creation.
void note_updater(const ApiState& api, const ApiCall& call, const Replaced& replaced, Json& object,
                  const Json& managers) {
    if (call.type != &type::pods || !call.info.subresource.empty() ||
        !has_disabled_fields(replaced.given)) {
        note_managers(api, call, replaced.before, object, managers);
        return;
    }
    Json counted = object;
    restore_disabled_fields(replaced.given, counted["spec"]);
    note_managers(api, call, replaced.before, counted, managers);
    object["metadata"] = std::move(counted["metadata"]);
}

// What an update of the status makes of the object.
Json with_status(const ResourceType& type, const Json& current, const Json& wanted) {
    Json next = current;
    next["status"] = wanted.value("status", Json::object());
    if (type.custom != nullptr) {
        return next;
    }
    for (const auto* map : {"labels", "annotations"}) {  // these it changes as well
        if (wanted["metadata"].contains(map)) {
            next["metadata"][map] = wanted["metadata"][map];
        }
    }
    return next;
}

Checked<Json> status_updated(const ResourceType& type, const Json& current, const Json& wanted) {
    auto next = with_status(type, current, wanted);
    if (type.custom != nullptr) {
        if (const auto proper = complete(type, next); !proper) {
            return tl::unexpected(proper.error());
        }
        return next;
    }
    Json sent = wanted;
    sent["metadata"].erase("generation");  // it is the server's
    const auto metadata = metadata_faults_of_update(type, current, sent);
    if (!metadata.of_all.empty()) {
        auto faults = metadata.of_all;
        faults.insert(faults.end(), metadata.of_change.begin(), metadata.of_change.end());
        return refuse(invalid(kept_type(type).group, type.kind, meta(current, "name"), faults));
    }
    return next;
}

// What an update of anything else makes of it.
Checked<Json> updated(const ResourceType& type, const Json& current, Json next) {
    next["metadata"].erase("generation");  // it is the server's
    const auto metadata = metadata_faults_of_update(type, current, next);
    for (const auto* fixed : {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp",
                              "deletionGracePeriodSeconds", "generation"}) {
        if (current["metadata"].contains(fixed)) {
            next["metadata"][fixed] = current["metadata"][fixed];
        } else {
            next["metadata"].erase(fixed);
        }
    }
    for (const auto* text : {"selfLink", "generateName"}) {
        if (meta(next, text).empty()) {
            next["metadata"].erase(text);
        }
    }
    keep_managers(current, next);
    next["kind"] = type.kind;
    next["apiVersion"] = type.api_version();
    if (has_status(type)) {
        next.erase("status");
        if (current.contains("status") || type.custom == nullptr) {
            next["status"] = current.value("status", Json::object());
        }
    }
    keep_allocated(type, current, next);
    if (const auto proper = complete_update(type, current, next, metadata); !proper) {
        return tl::unexpected(proper.error());
    }
    if (has_generation(type) && next_generation(type, current, next)) {
        next["metadata"]["generation"] =
            current["metadata"].value("generation", std::int64_t{0}) + 1;
    }
    return next;
}

}  // namespace

bool has_status(const ResourceType& type) {
    if (type.custom != nullptr) {
        return type.custom->has_status;
    }
    return &type == &type::pods || &type == &type::namespaces || &type == &type::nodes ||
           &type == &type::services || &type == &type::definitions || is_workload(type);
}

Checked<> check_place(const ApiCall& call, const Json& wanted) {
    if (const auto space = meta(wanted, "namespace");
        call.type->namespaced && !space.empty() && space != call.info.namespace_name) {
        return refuse(
            bad_request("the namespace of the provided object does not match the namespace sent "
                        "on the request"));
    }
    const auto named = meta(wanted, "name");
    if (named.empty()) {
        return refuse(bad_request(fmt::format(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            call.info.name)));
    }
    if (named != call.info.name) {
        return refuse(bad_request(
            fmt::format("the name of the object ({}) does not match the name on the URL ({})",
                        named, call.info.name)));
    }
    return {};
}

Checked<Object> current_of(const ApiState& api, const ApiCall& call) {
    auto object = api.store->find(*call.type, call.info.namespace_name, call.info.name);
    if (!object) {
        return refuse(not_found(*call.type, call.info.name));
    }
    return object;
}

http::Response create_object(ApiState& api, const ApiCall& call, Json object,
                             const Json& managers) {
    const auto& type = *call.type;
    const auto version = meta(object, "resourceVersion");
    const bool generated = !meta(object, "generateName").empty();
    const auto admitted = &type == &type::pods ? admit_classes(object) : Checked<>();
    if (const auto named = name_object(api, call, object); !named) {
        return named.error();
    }
    if (type.namespaced && !api.store->find(type::namespaces, "", call.info.namespace_name)) {
        return not_found(type::namespaces, call.info.namespace_name);
    }
    if (!admitted) {
        return admitted.error();
    }
    // A kubelet brings its node's status along, and what has no such subresource is all one.
    if (&type != &type::nodes && (type.custom == nullptr || has_status(type))) {
        // A pod's class of service is taken as it is told (GetPodQOS).
        const auto told = text_at(object, "/status/qosClass");
        object.erase("status");
        if (&type == &type::pods && !told.empty()) {
            object["status"] = {{"qosClass", told}};
        }
    }
    const Json given = spec_as_sent(type, object);
    admit_new(type, object);
    if (has_generation(type)) {
        object["metadata"]["generation"] = 1;
    }
    if (const auto proper = complete(type, object); !proper) {
        return proper.error();
    }
    if (const auto light = &type == &type::pods ? admit_overhead(object, given) : Checked<>();
        !light) {
        return light.error();
    }
    const auto name = meta(object, "name");
    if (const auto kept =
            call.dry_run() ? Checked<>() : check_new_to_storage(type, object, version);
        !kept) {
        return kept.error();
    }
    if (api.store->find(type, call.info.namespace_name, name)) {
        return generated ? not_generated(type, name) : already_exists(type, name);
    }
    if (&type == &type::namespaces) {
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
    }
    note_creator(api, call, given, object, managers);
    if (const auto settled = settle_fields(api, type, object); !settled) {
        return settled.error();
    }
    if (call.dry_run()) {
        if (!version.empty()) {
            object["metadata"]["resourceVersion"] = version;
        }
        return json_response(201, api.store->complete(type, std::move(object)));
    }
    if (&type == &type::namespaces) {
        add_namespace(api, std::move(object));
        return json_response(201, *api.store->find(type, "", name));
    }
    const auto kept = api.store->add(type, std::move(object));
    after_creation(api, type, kept);
    return json_response(201, *kept);
}

http::Response replace_object(ApiState& api, const ApiCall& call, const Json& current, Json wanted,
                              const Json& managers) {
    const auto& type = *call.type;
    const auto& name = call.info.name;
    if (const auto right = check_place(call, wanted); !right) {
        return right.error();
    }
    if (const auto based = check_not_blind(call, wanted); !based) {
        return based.error();
    }
    // A patch states no uid as a precondition, but may not change it.
    Json stated{{"metadata", {{"resourceVersion", meta(wanted, "resourceVersion")}}}};
    if (call.info.verb != "patch") {
        stated["metadata"]["uid"] = meta(wanted, "uid");
    }
    if (const auto met = check_version(type, name, current, stated); !met) {
        return met.error();
    }
    const Json given = spec_as_sent(type, wanted);
    const Json unsaid = unsaid_end(current, wanted);
    auto changed = call.info.subresource == "status" ? status_updated(type, current, wanted)
                                                     : updated(type, current, std::move(wanted));
    if (!changed) {
        return changed.error();
    }
    Json next = std::move(*changed);
    if (const auto fits = call.dry_run() ? Checked<>() : check_kept_size(type, next); !fits) {
        return fits.error();
    }
    for (const auto& [field, value] : unsaid.items()) {
        next["metadata"].erase(field);
    }
    note_updater(api, call, {current, given}, next, managers);
    next["metadata"].update(unsaid);
    if (const auto settled = settle_fields(api, type, next); !settled) {
        return settled.error();
    }
    if (call.dry_run()) {
        next["metadata"]["resourceVersion"] = meta(current, "resourceVersion");
        return json_response(200, next);
    }
    next["metadata"].erase("selfLink");  // what is kept has none
    if (goes_when_updated(type, current, next)) {
        // It goes as it was kept: only the caller sees it as it would have become.
        next["metadata"]["resourceVersion"] = meta(current, "resourceVersion");
        after_deletion(api, type, api.store->remove(type, call.info.namespace_name, name));
        return json_response(200, next);
    }
    const auto kept = api.store->replace(type, std::move(next));
    reconcile(api, type, *kept);
    return json_response(200, *kept);
}

http::Response answer_objects(ApiState& api, const ApiCall& call) {
    const auto& verb = call.info.verb;
    const auto& sub = call.info.subresource;
    if (!sub.empty() && !(sub == "status" && has_status(*call.type))) {
        return call.type->custom == nullptr ? no_such_resource()
                                            : not_found(*call.type, call.info.name);
    }
    if (verb == "list") {
        return answer_list(api, call);
    }
    if (verb == "watch") {
        return answer_watch(api, call);
    }
    if (verb == "get") {
        return answer_get(api, call);
    }
    const bool somewhere = !call.type->namespaced || !call.info.namespace_name.empty();
    if (verb == "create" && call.info.name.empty() && somewhere) {
        return answer_create(api, call);
    }
    if (verb == "update" && !call.info.name.empty()) {
        return answer_update(api, call);
    }
    if (verb == "patch" && !call.info.name.empty()) {
        return answer_patch(api, call);
    }
    if (verb == "delete" && sub.empty()) {
        return answer_delete(api, call);
    }
    if (verb == "deletecollection" && somewhere && call.type != &type::namespaces) {
        return remove_collection(api, call);
    }
    return method_not_allowed();
}

}  // namespace meshproof::fakes::kube
