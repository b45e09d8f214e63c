#include <regex>

#include "core/base/text.hpp"
#include "fakes/kube/cluster.hpp"
#include "fakes/kube/protobuf.hpp"
#include "fakes/kube/selectors.hpp"
#include "fakes/kube/tables.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view rbac_group = "rbac.authorization.k8s.io";
constexpr std::string_view subdomain_rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation "
    "is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

[[noreturn]] void refuse_field(const ResourceType& type, const std::string& name, std::string field,
                               std::string cause, std::string message) {
    throw Refused{invalid({std::string(type.group), std::string(type.kind), name, std::move(field),
                           std::move(cause), std::move(message)})};
}

bool valid_name(const ResourceType& type, const std::string& name) {
    static const std::regex subdomain(
        "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    if (type.group == rbac_group) {  // RBAC names are free, but for what breaks a path
        return name != "." && name != ".." && name.find('/') == std::string::npos &&
               name.find('%') == std::string::npos;
    }
    return name.size() <= 253 && std::regex_match(name, subdomain);
}

void check_string_map(const Json& metadata, const char* key) {
    const auto found = metadata.find(key);
    if (found == metadata.end() || found->is_null()) {
        return;
    }
    if (!found->is_object() ||
        !std::ranges::all_of(*found, [](const Json& value) { return value.is_string(); })) {
        throw Refused{bad_request(fmt::format(
            "json: cannot unmarshal into Go struct field ObjectMeta.metadata.{} of type string",
            key))};
    }
}

bool has_status(const ResourceType& type) {
    return &type == &type::pods || &type == &type::namespaces || &type == &type::nodes;
}

void complete_secret(Json& secret) {
    const auto name = meta(secret, "name");
    if (text_at(secret, "/type").empty()) {
        secret["type"] = "Opaque";
    }
    if (const auto plain = secret.find("stringData"); plain != secret.end()) {
        for (const auto& [key, value] : plain->items()) {
            secret["data"][key] = to_base64(value.get<std::string>());
        }
        secret.erase("stringData");
    }
    const Json data = secret.value("data", Json::object());
    for (const auto& value : data) {
        if (!value.is_string() || !from_base64(value.get<std::string>())) {
            throw Refused{bad_request(
                "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data")};
        }
    }
    constexpr auto account = "/metadata/annotations/kubernetes.io~1service-account.name";
    if (secret["type"] == "kubernetes.io/service-account-token" &&
        text_at(secret, account).empty()) {
        refuse_field(type::secrets, name,
                     "metadata.annotations[kubernetes.io/service-account.name]",
                     "FieldValueRequired", "Required value");
    }
}

void complete_binding(const ResourceType& type, Json& binding) {
    const auto name = meta(binding, "name");
    if (text_at(binding, "/roleRef/name").empty()) {
        refuse_field(type, name, "roleRef.name", "FieldValueRequired", "Required value");
    }
    const auto kind = text_at(binding, "/roleRef/kind");
    if (kind != "ClusterRole" && (kind != "Role" || &type == &type::cluster_role_bindings)) {
        refuse_field(
            type, name, "roleRef.kind", "FieldValueNotSupported",
            fmt::format("Unsupported value: \"{}\": supported values: \"ClusterRole\"", kind));
    }
    binding["roleRef"]["apiGroup"] = rbac_group;
    if (const auto subjects = binding.find("subjects"); subjects != binding.end()) {
        for (auto& subject : *subjects) {
            if (text_at(subject, "/kind") != "ServiceAccount") {
                subject["apiGroup"] = rbac_group;
            } else if (text_at(subject, "/namespace").empty() && !type.namespaced) {
                refuse_field(type, name, "subjects[0].namespace", "FieldValueRequired",
                             "Required value");
            }
        }
    }
}

// Defaults and validation of what is about to be stored.
void complete(const ResourceType& type, Json& object) {
    if (&type == &type::secrets) {
        complete_secret(object);
    } else if (&type == &type::pods) {
        complete_pod(object);
    } else if (&type == &type::cluster_role_bindings || &type == &type::role_bindings) {
        complete_binding(type, object);
    }
}

std::string fresh_name(Store& store, const std::string& base) {
    // The alphabet of apimachinery's rand package: no vowels, so no words.
    constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
    std::string name = base;
    for (int i = 0; i < 5; ++i) {
        name += letters[store.prng().below(letters.size())];
    }
    return name;
}

void name_object(Cluster& cluster, const Call& call, Json& object) {
    auto& metadata = object["metadata"];
    if (metadata.is_null()) {
        metadata = Json::object();
    }
    check_string_map(metadata, "labels");
    check_string_map(metadata, "annotations");
    auto name = meta(object, "name");
    if (const auto base = meta(object, "generateName"); name.empty() && !base.empty()) {
        name = fresh_name(*cluster.store, base);
        metadata["name"] = name;
    }
    if (name.empty()) {
        refuse_field(*call.type, "", "metadata.name", "FieldValueRequired",
                     "Required value: name or generateName is required");
    }
    if (!valid_name(*call.type, name)) {
        refuse_field(*call.type, name, "metadata.name", "FieldValueInvalid",
                     fmt::format("Invalid value: \"{}\": {}", name, subdomain_rule));
    }
    if (call.type->namespaced) {
        const auto space = meta(object, "namespace");
        if (!space.empty() && space != call.info.namespace_name) {
            throw Refused{
                bad_request("the namespace of the provided object does not match the namespace "
                            "sent on the request")};
        }
        metadata["namespace"] = call.info.namespace_name;
    }
    for (const auto* made_by_server :
         {"uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "managedFields"}) {
        metadata.erase(made_by_server);
    }
}

http::Response create(Cluster& cluster, const Call& call) {
    const auto& type = *call.type;
    auto object = body_of(call, type.kind, type.api_version());
    name_object(cluster, call, object);
    if (type.namespaced) {
        if (!cluster.store->find(type::namespaces, "", call.info.namespace_name)) {
            return not_found(type::namespaces, call.info.namespace_name);
        }
    }
    object.erase("status");
    complete(type, object);
    const auto name = meta(object, "name");
    if (cluster.store->find(type, call.info.namespace_name, name)) {
        return already_exists(type, name);
    }
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

Object current_of(const Cluster& cluster, const Call& call) {
    auto object = cluster.store->find(*call.type, call.info.namespace_name, call.info.name);
    if (!object) {
        throw Refused{not_found(*call.type, call.info.name)};
    }
    return object;
}

http::Response replace(Cluster& cluster, const Call& call, const Json& current, Json wanted) {
    const auto& type = *call.type;
    const auto& name = call.info.name;
    if (const auto named = meta(wanted, "name"); !named.empty() && named != name) {
        return bad_request(fmt::format(
            "the name of the object ({}) does not match the name on the URL ({})", named, name));
    }
    if (const auto uid = meta(wanted, "uid"); !uid.empty() && uid != meta(current, "uid")) {
        return conflict(type.resource(), name,
                        fmt::format("Precondition failed: UID in precondition: {}, UID in object "
                                    "meta: {}",
                                    uid, meta(current, "uid")));
    }
    const auto version = meta(wanted, "resourceVersion");
    if (!version.empty() && version != meta(current, "resourceVersion")) {
        return conflict(type.resource(), name,
                        "the object has been modified; please apply your changes to the latest "
                        "version and try again");
    }
    Json next;
    if (call.info.subresource == "status") {
        next = current;
        next["status"] = wanted.value("status", Json::object());
    } else {
        next = std::move(wanted);
        check_string_map(next["metadata"], "labels");
        check_string_map(next["metadata"], "annotations");
        for (const auto* fixed : {"name", "namespace", "uid", "creationTimestamp",
                                  "deletionTimestamp", "deletionGracePeriodSeconds"}) {
            if (current["metadata"].contains(fixed)) {
                next["metadata"][fixed] = current["metadata"][fixed];
            } else {
                next["metadata"].erase(fixed);
            }
        }
        next["kind"] = type.kind;
        next["apiVersion"] = type.api_version();
        if (has_status(type)) {
            next["status"] = current.value("status", Json::object());
        }
        complete(type, next);
    }
    if (&type == &type::secrets && next["type"] != current["type"]) {
        refuse_field(type, name, "type", "FieldValueInvalid",
                     fmt::format("Invalid value: {}: field is immutable", next["type"].dump()));
    }
    if (next.contains("roleRef") && next["roleRef"] != current["roleRef"]) {
        refuse_field(type, name, "roleRef", "FieldValueInvalid",
                     "Invalid value: cannot change roleRef");
    }
    if (call.dry_run()) {
        return json_response(200, next);
    }
    return json_response(200, *cluster.store->replace(type, std::move(next)));
}

http::Response remove(Cluster& cluster, const Call& call) {
    const auto& type = *call.type;
    const auto object = current_of(cluster, call);
    Json options = call.request.body.empty() ? Json::object() : body_of(call, "DeleteOptions");
    const auto uid = text_at(options, "/preconditions/uid");
    if (!uid.empty() && uid != meta(*object, "uid")) {
        return conflict(type.resource(), call.info.name,
                        fmt::format("Precondition failed: UID in precondition: {}, UID in object "
                                    "meta: {}",
                                    uid, meta(*object, "uid")));
    }
    const bool dry = call.dry_run() || options.contains("dryRun");
    if (&type == &type::pods) {
        std::optional<std::int64_t> grace;
        if (const auto given = options.find("gracePeriodSeconds");
            given != options.end() && given->is_number_integer()) {
            grace = given->get<std::int64_t>();
        } else if (const auto query = call.info.param("gracePeriodSeconds"); !query.empty()) {
            grace = query == "0" ? 0 : 30;
        }
        if (!dry && !pod_goes_at_once(*object, grace)) {
            Json leaving = *object;
            if (!leaving["metadata"].contains("deletionTimestamp")) {
                const auto seconds = grace.value_or(30);
                leaving["metadata"]["deletionTimestamp"] =
                    rfc3339(cluster.clock.now() + std::chrono::seconds(seconds));
                leaving["metadata"]["deletionGracePeriodSeconds"] = seconds;
            }
            return json_response(200, *cluster.store->replace(type, std::move(leaving)));
        }
    }
    auto last = object;
    if (!dry) {
        last = cluster.store->remove(type, call.info.namespace_name, call.info.name);
        after_deletion(cluster, type, last);
    }
    if (&type == &type::namespaces) {
        Json ending = *last;
        ending["status"]["phase"] = "Terminating";
        ending["metadata"]["deletionTimestamp"] = rfc3339(cluster.clock.now());
        return json_response(200, ending);
    }
    if (&type == &type::pods || &type == &type::service_accounts) {
        return json_response(200, *last);
    }
    return deleted(type, call.info.name, meta(*last, "uid"));
}

Json list_of(const ResourceType& type, Json metadata, Json items) {
    return {{"kind", fmt::format("{}List", type.kind)},
            {"apiVersion", type.api_version()},
            {"metadata", std::move(metadata)},
            {"items", std::move(items)}};
}

Json as_item(const Json& object) {
    Json item = object;  // items of a list carry no kind of their own (wire contract 189)
    item.erase("kind");
    item.erase("apiVersion");
    return item;
}

std::vector<Object> chosen(const Cluster& cluster, const Call& call) {
    const auto labels = Selector::labels(call.info.param("labelSelector"));
    const auto fields = Selector::fields(call.info.param("fieldSelector"));
    if (!labels || !fields) {
        throw Refused{bad_request((labels ? fields : labels).error().message)};
    }
    auto objects = cluster.store->list(*call.type, call.info.namespace_name);
    std::erase_if(objects, [&](const Object& object) {
        return !labels->matches(*object) || !fields->matches(*object);
    });
    return objects;
}

http::Response list(const Cluster& cluster, const Call& call) {
    const auto& type = *call.type;
    auto objects = chosen(cluster, call);
    std::string start;
    if (const auto given = call.info.param("continue"); !given.empty()) {
        const auto text = from_base64url(given).value_or("");
        if (!text.starts_with("after:")) {
            return bad_request("continue key is not valid: illegal base64 data");
        }
        start = text.substr(6);
    }
    std::size_t limit = objects.size();
    if (const auto given = call.info.param("limit"); !given.empty() && given != "0") {
        limit = 0;
        for (const char digit : given) {
            if (digit < '0' || digit > '9' || limit > 1'000'000) {
                return bad_request(
                    fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", given));
            }
            limit = limit * 10 + static_cast<std::size_t>(digit - '0');
        }
    }
    std::vector<Object> page;
    std::size_t left = 0;
    std::string last;
    for (const auto& object : objects) {
        auto key = meta(*object, "namespace") + "/" + meta(*object, "name");
        if (!start.empty() && key <= start) {
            continue;
        }
        if (page.size() == limit) {
            ++left;
            continue;
        }
        page.push_back(object);
        last = std::move(key);
    }
    Json metadata = {{"resourceVersion", std::to_string(cluster.store->version())}};
    if (left > 0) {
        metadata["continue"] = to_base64url("after:" + last);
        metadata["remainingItemCount"] = left;
    }
    if (wants_table(call.request)) {
        return json_response(200, table_of(table_asked(type, call.info), page, std::move(metadata),
                                           cluster.clock.now()));
    }
    Json items = Json::array();
    for (const auto& object : page) {
        items.push_back(as_item(*object));
    }
    return json_response(200, list_of(type, std::move(metadata), std::move(items)));
}

http::Response remove_collection(Cluster& cluster, const Call& call) {
    Json items = Json::array();
    for (const auto& object : chosen(cluster, call)) {
        items.push_back(as_item(*object));
        if (!call.dry_run()) {
            const auto last = cluster.store->remove(*call.type, meta(*object, "namespace"),
                                                    meta(*object, "name"));
            after_deletion(cluster, *call.type, last);
        }
    }
    Json metadata = {{"resourceVersion", std::to_string(cluster.store->version())}};
    return json_response(200, list_of(*call.type, std::move(metadata), std::move(items)));
}

}  // namespace

Json body_of(const Call& call, std::string_view kind) {
    const auto type = lower(call.request.headers.find("Content-Type").value_or("application/json"));
    if (type.starts_with(protobuf_media_type)) {
        return json_of_protobuf(call.request.body, kind);
    }
    if (type.find("json") == std::string::npos) {
        throw Refused{refusal(
            415, "UnsupportedMediaType",
            fmt::format("the body of the request was in an unknown format - accepted media types "
                        "include: application/json, {}",
                        protobuf_media_type))};
    }
    auto body = Json::parse(call.request.body, nullptr, false);
    if (!body.is_object()) {
        throw Refused{
            bad_request("couldn't get version/kind; json parse error: the body is not a "
                        "JSON object")};
    }
    return body;
}

Json body_of(const Call& call, std::string_view kind, const std::string& api_version) {
    auto body = body_of(call, kind);
    const auto given = text_at(body, "/kind");
    if (!given.empty() && given != kind) {
        throw Refused{bad_request(fmt::format("{} in version \"{}\" cannot be handled as a {}",
                                              given, text_at(body, "/apiVersion"), kind))};
    }
    const auto version = text_at(body, "/apiVersion");
    if (!version.empty() && version != api_version) {
        throw Refused{
            bad_request(fmt::format("the API version in the data ({}) does not match the "
                                    "expected API version ({})",
                                    version, api_version))};
    }
    return body;
}

http::Response answer_objects(Cluster& cluster, const Call& call) {
    const auto& verb = call.info.verb;
    const auto& sub = call.info.subresource;
    if (!sub.empty() && !(sub == "status" && has_status(*call.type))) {
        return page_not_found();
    }
    if (verb == "list") {
        return list(cluster, call);
    }
    if (verb == "watch") {
        return answer_watch(cluster, call);
    }
    if (verb == "get") {
        const auto object = current_of(cluster, call);
        if (wants_table(call.request)) {
            return json_response(200,
                                 table_of(table_asked(*call.type, call.info), std::span(&object, 1),
                                          {{"resourceVersion", meta(*object, "resourceVersion")}},
                                          cluster.clock.now()));
        }
        return json_response(200, *object);
    }
    const bool somewhere = !call.type->namespaced || !call.info.namespace_name.empty();
    if (verb == "create" && call.info.name.empty() && somewhere) {
        return create(cluster, call);
    }
    if (verb == "update" && !call.info.name.empty()) {
        auto wanted = body_of(call, call.type->kind, call.type->api_version());
        return replace(cluster, call, *current_of(cluster, call), std::move(wanted));
    }
    if (verb == "patch" && !call.info.name.empty()) {
        const auto current = current_of(cluster, call);
        return replace(cluster, call, *current, patched(call, *current));
    }
    if (verb == "delete" && sub.empty()) {
        return remove(cluster, call);
    }
    if (verb == "deletecollection" && somewhere && call.type != &type::namespaces) {
        return remove_collection(cluster, call);
    }
    return method_not_allowed();
}

}  // namespace meshproof::fakes::kube
