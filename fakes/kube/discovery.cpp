#include <fmt/ranges.h>

#include <set>

#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/custom_resources.hpp"
#include "fakes/kube/negotiation.hpp"
#include "fakes/kube/openapi_v2.hpp"
#include "fakes/kube/schema.hpp"

namespace meshproof::fakes::kube {
namespace {

using Types = std::vector<const ResourceType*>;

/// What one API root, and one OpenAPI document, is of.
struct GroupVersion {
    std::string_view group, version;
    bool operator==(const GroupVersion&) const = default;
};

// In the order of the types; a group's versions together, its preferred one first.
std::vector<GroupVersion> group_versions(const Types& types) {
    std::vector<GroupVersion> out;
    for (const auto* type : types) {
        const GroupVersion its{type->group, type->version};
        if (std::ranges::find(out, its) == out.end()) {
            out.push_back(its);
        }
    }
    return out;
}

// `kubectl get all` shows those of the category "all".
Json categories_of(const ResourceType& type) {
    if (type.custom != nullptr) {
        return type.custom->categories;
    }
    if (&type == &type::definitions) {
        return Json::array({"api-extensions"});
    }
    const bool shown = is_workload(type) || &type == &type::pods || &type == &type::services;
    return shown ? Json::array({"all"}) : Json::array();
}

Json resource_entry(const ResourceType& type, const std::string& sub, Json verbs) {
    Json entry = {
        {"name", sub.empty() ? std::string(type.plural) : fmt::format("{}/{}", type.plural, sub)},
        {"singularName", sub.empty() ? std::string(type.singular) : ""},
        {"namespaced", type.namespaced},
        {"kind", type.kind},
        {"verbs", std::move(verbs)}};
    if (auto categories = categories_of(type); sub.empty() && !categories.empty()) {
        entry["categories"] = std::move(categories);
    }
    if (sub.empty() && !type.short_name.empty()) {
        entry["shortNames"] = split(std::string(type.short_name), ' ');
    }
    return entry;
}

Json resource_list(const Types& types, std::string_view group, std::string_view version) {
    Json resources = Json::array();
    std::string api_version;
    for (const auto* one : types) {
        const auto& type = *one;
        if (type.group != group || type.version != version) {
            continue;
        }
        api_version = type.api_version();
        if (!type.stored) {
            resources.push_back(resource_entry(type, "", Json::array({"create"})));
            continue;
        }
        resources.push_back(resource_entry(
            type, "",
            {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}));
        if (is_workload(type)) {
            auto scale = resource_entry(type, "scale", {"get", "patch", "update"});
            scale["kind"] = "Scale";
            scale["group"] = "autoscaling";
            scale["version"] = "v1";
            resources.push_back(std::move(scale));
        }
        if (has_status(type)) {
            resources.push_back(resource_entry(type, "status", {"get", "patch", "update"}));
        }
        if (&type == &type::pods) {
            for (const auto* sub : {"attach", "exec", "portforward"}) {
                auto entry = resource_entry(type, sub, {"create", "get"});
                entry["kind"] = sub[0] == 'a'   ? "PodAttachOptions"
                                : sub[0] == 'e' ? "PodExecOptions"
                                                : "PodPortForwardOptions";
                resources.push_back(std::move(entry));
            }
            auto binding = resource_entry(type, "binding", Json::array({"create"}));
            binding["kind"] = "Binding";
            resources.push_back(std::move(binding));
            auto eviction = resource_entry(type, "eviction", Json::array({"create"}));
            eviction["kind"] = "Eviction";
            eviction["group"] = "policy";
            eviction["version"] = "v1";
            resources.push_back(std::move(eviction));
            resources.push_back(resource_entry(type, "log", Json::array({"get"})));
        }
        if (&type == &type::service_accounts) {
            auto token = resource_entry(type, "token", Json::array({"create"}));
            token["kind"] = "TokenRequest";
            token["group"] = "authentication.k8s.io";
            token["version"] = "v1";
            resources.push_back(std::move(token));
        }
    }
    std::ranges::sort(resources.get_ref<Json::array_t&>(), {},
                      [](const Json& entry) { return text_at(entry, "/name"); });
    return {{"kind", "APIResourceList"},
            {"apiVersion", "v1"},
            {"groupVersion", api_version},
            {"resources", std::move(resources)}};
}

Json group_entry(const Types& types, std::string_view group) {
    Json versions = Json::array();
    for (const auto& [its, version] : group_versions(types)) {
        if (its == group) {
            versions.push_back(
                {{"groupVersion", fmt::format("{}/{}", group, version)}, {"version", version}});
        }
    }
    const auto preferred = versions.at(0);
    return {{"name", group}, {"versions", std::move(versions)}, {"preferredVersion", preferred}};
}

std::vector<std::string_view> groups(const Types& types) {
    std::vector<std::string_view> out;
    for (const auto* type : types) {
        if (!type->group.empty() && std::ranges::find(out, type->group) == out.end()) {
            out.push_back(type->group);
        }
    }
    return out;
}

Json openapi_schemas() {
    Json schemas = Json::object();
    for (const auto& type : object_types()) {
        auto schema = openapi_schema(*type);
        for (const auto& resource : all_types()) {
            if (&object_type(resource) == type.get()) {
                schema["x-kubernetes-group-version-kind"] =
                    Json::array({{{"group", resource.group},
                                  {"kind", resource.kind},
                                  {"version", resource.version}}});
            }
        }
        schemas[openapi_name(*type)] = std::move(schema);
    }
    return schemas;
}

// The paths of one type. What can only be created has none with PATCH, and kubectl then looks into
// the older document.
void add_openapi_paths(Json& paths, const ResourceType& type) {
    const auto collection =
        fmt::format("/{}/{}{}/{}", type.group.empty() ? "api" : "apis", type.api_version(),
                    type.namespaced ? "/namespaces/{namespace}" : "", type.plural);
    const Json parameter = {
        {"name", "fieldValidation"}, {"in", "query"}, {"schema", {{"type", "string"}}}};
    const Json operation = {
        {"responses", Json::object()},
        {"x-kubernetes-group-version-kind",
         {{"group", type.group}, {"kind", type.kind}, {"version", type.version}}}};
    paths[collection]["parameters"] = Json::array({parameter});
    paths[collection]["post"] = operation;
    if (type.stored) {
        auto& of_object = paths[collection + "/{name}"];
        of_object["get"] = operation;
        of_object["patch"] = operation;
        of_object["patch"]["parameters"] = Json::array({parameter});
    }
}

// As much of the OpenAPI document as kubectl reads: that PATCH takes fieldValidation before it
// creates something, and the fields for explain.
Json openapi_of(const Store& store, const GroupVersion& of) {
    Json paths = Json::object();
    for (const auto* type : served_types(store.custom())) {
        if (type->group == of.group && type->version == of.version) {
            add_openapi_paths(paths, *type);
        }
    }
    auto schemas = openapi_schemas();
    schemas.update(custom_schemas(store, of.group, of.version));
    return {
        {"openapi", "3.0.0"},
        {"info", {{"title", "Kubernetes"}, {"version", fmt::format("v{}", played_kube_version)}}},
        {"paths", std::move(paths)},
        {"components", {{"schemas", std::move(schemas)}}}};
}

// The older document, which kubectl asks for as protobuf where the newer one lacks something.
Json openapi_v2() {
    Json paths = Json::object();
    auto definitions = openapi_schemas().dump();
    for (std::size_t at = 0;
         (at = definitions.find("#/components/schemas/", at)) != std::string::npos;) {
        definitions.replace(at, 21, "#/definitions/");
    }
    return {
        {"swagger", "2.0"},
        {"info", {{"title", "Kubernetes"}, {"version", fmt::format("v{}", played_kube_version)}}},
        {"paths", std::move(paths)},
        {"definitions", Json::parse(definitions)}};
}

http::Response answer_openapi_v2(const http::Request& request) {
    constexpr std::string_view json[] = {"application/json"};
    constexpr std::string_view binary[] = {openapi_v2_media, openapi_v2_older_media};
    if (takes_any(request, json)) {
        return json_response(200, openapi_v2());
    }
    http::Response response;
    response.status = takes_any(request, binary) ? 200 : 406;
    if (response.status == 200) {
        response.headers.set("Content-Type", std::string(openapi_v2_media));
        response.body = protobuf_of_openapi(openapi_v2());
    }
    return response;
}

http::Response answer_openapi_v3(const Store& store, const http::Request& request,
                                 const GroupVersion& of) {
    constexpr std::string_view json[] = {"application/json"};
    if (takes_any(request, json)) {
        return json_response(200, openapi_of(store, of));
    }
    http::Response response;
    response.status = 406;
    return response;
}

std::string api_root(const GroupVersion& of) {
    return of.group.empty() ? fmt::format("api/{}", of.version)
                            : fmt::format("apis/{}/{}", of.group, of.version);
}

Json openapi_index(const Types& types) {
    Json paths = Json::object();
    for (const auto& of : group_versions(types)) {
        paths[api_root(of)]["serverRelativeURL"] = "/openapi/v3/" + api_root(of);
    }
    return {{"paths", std::move(paths)}};
}

// A real server names its configured external address; ours is where it was reached.
std::string served_at(const ApiState& api, const http::Request& request) {
    auto host = request.headers.find("Host").value_or(api.options.name);
    if (host.find(':') == std::string::npos) {
        host += ":443";
    }
    return host;
}

Json root_paths(const Types& types) {
    std::set<std::string> paths{"/.well-known/openid-configuration",
                                "/api",
                                "/api/v1",
                                "/apis",
                                "/apis/",
                                "/healthz",
                                "/livez",
                                "/openapi/v2",
                                "/openapi/v3",
                                "/openid/v1/jwks",
                                "/readyz",
                                "/version"};
    for (const auto& [group, version] : group_versions(types)) {
        if (!group.empty()) {
            paths.insert(fmt::format("/apis/{}", group));
            paths.insert(fmt::format("/apis/{}/{}", group, version));
        }
    }
    return paths;
}

http::Response openid_configuration(const ApiState& api, const http::Request& request) {
    const auto accept = request.headers.find("Accept").value_or("*/*");
    if (accept.find("*/*") == std::string::npos &&
        accept.find("application/") == std::string::npos) {
        return refusal(406, "NotAcceptable",
                       "406: Not Acceptable\n\nAvailable representations: application/json",
                       Json::object());
    }
    const auto host = served_at(api, request);
    const Json document = {
        {"issuer", api.options.issuer},
        {"jwks_uri", fmt::format("https://{}/openid/v1/jwks", host)},
        {"response_types_supported", Json::array({"id_token"})},
        {"subject_types_supported", Json::array({"public"})},
        {"id_token_signing_alg_values_supported", Json::array({api.tokens.algorithm()})}};
    auto response = json_response(200, document);
    response.headers.set("Cache-Control", "public, max-age=3600");
    return response;
}

http::Response jwks(const ApiState& api, const http::Request& request) {
    const auto accept = request.headers.find("Accept").value_or("*/*");
    const bool fits = accept.find("*/*") != std::string::npos ||
                      accept.find("application/*") != std::string::npos ||
                      accept.find("application/jwk-set+json") != std::string::npos;
    if (!fits) {
        return refusal(406, "NotAcceptable",
                       "406: Not Acceptable\n\nAvailable representations: "
                       "application/jwk-set+json",
                       Json::object());
    }
    auto response = text_response(200, api.tokens.jwks());
    response.headers.set("Content-Type", "application/jwk-set+json");
    response.headers.set("Cache-Control", "public, max-age=3600");
    return response;
}

// Of /api and /apis; nothing where there is no such group or version.
std::optional<Json> discovery_document(const Types& types, const std::vector<std::string>& parts,
                                       const std::string& host) {
    if (parts == std::vector<std::string>{"api"}) {
        return Json{{"kind", "APIVersions"},
                    {"versions", Json::array({"v1"})},
                    {"serverAddressByClientCIDRs",
                     Json::array({{{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", host}}})}};
    }
    if (parts == std::vector<std::string>{"api", "v1"}) {
        auto list = resource_list(types, "", "v1");
        list.erase("apiVersion");  // older than the field
        return list;
    }
    if (parts.empty() || parts[0] != "apis") {
        return std::nullopt;
    }
    const auto known = groups(types);
    if (parts.size() == 1) {
        Json list = Json::array();
        for (const auto group : known) {
            list.push_back(group_entry(types, group));
        }
        return Json{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}};
    }
    if (std::ranges::find(known, parts[1]) == known.end()) {
        return std::nullopt;
    }
    if (parts.size() == 2) {
        auto entry = group_entry(types, parts[1]);
        entry["kind"] = "APIGroup";
        entry["apiVersion"] = "v1";
        return entry;
    }
    const auto all = group_versions(types);
    if (parts.size() == 3 &&
        std::ranges::find(all, GroupVersion{parts[1], parts[2]}) != all.end()) {
        return resource_list(types, parts[1], parts[2]);
    }
    return std::nullopt;
}

// The server's health and that of its parts; nothing for any other path.
std::optional<http::Response> answer_health(const RequestInfo& info) {
    const auto& path = info.path;
    if (path == "/healthz" || path == "/livez" || path == "/readyz") {
        auto response = text_response(
            200, info.query.contains("verbose")
                     ? fmt::format("[+]ping ok\n[+]log ok\n[+]etcd ok\n{} check passed\n",
                                   path.substr(1))
                     : "ok");
        response.headers.set("X-Content-Type-Options", "nosniff");
        return response;
    }
    for (const auto* probe : {"/healthz/", "/livez/", "/readyz/"}) {
        const auto check =
            path.starts_with(probe) ? path.substr(std::string_view(probe).size()) : std::string();
        if (check == "ping" || check == "log" || check == "etcd") {
            return text_response(200, "ok");
        }
    }
    return std::nullopt;
}

Json version() {
    return {{"major", "1"},
            {"minor", "34"},
            {"emulationMajor", "1"},
            {"emulationMinor", "34"},
            {"minCompatibilityMajor", "1"},
            {"minCompatibilityMinor", "33"},
            {"gitVersion", fmt::format("v{}", played_kube_version)},
            {"gitCommit", "0000000000000000000000000000000000000000"},
            {"gitTreeState", "clean"},
            {"buildDate", "1970-01-01T00:00:00Z"},
            {"goVersion", "go1.24.0"},
            {"compiler", "gc"},
            {"platform", "linux/amd64"}};
}

// Paths that do not look at the method: their answer is always that of a GET.
bool any_method(const std::string& path) {
    return path == "/" || path == "/apis" || path.starts_with("/openapi/") ||
           (path.starts_with("/apis/") && std::count(path.begin(), path.end(), '/') == 2);
}

}  // namespace

http::Response answer_path(const ApiState& api, const http::Request& request,
                           const RequestInfo& info) {
    if (auto health = answer_health(info)) {
        return std::move(*health);
    }
    auto path = info.path;
    const auto types = served_types(api.store->custom());
    if (!any_method(path) && request.method != "GET") {
        auto parts = split(path, '/');
        parts.erase(parts.begin());
        const bool there = path == "/version" || path == "/openid/v1/jwks" ||
                           path == "/.well-known/openid-configuration" ||
                           discovery_document(types, parts, "");
        return there ? method_not_allowed() : page_not_found();
    }
    if (path == "/") {
        return json_response(200, {{"paths", root_paths(types)}});
    }
    if (path.starts_with("/healthz") || path.starts_with("/livez") || path.starts_with("/readyz")) {
        return page_not_found();
    }
    if (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
    if (path == "/version") {
        constexpr std::string_view json[] = {"application/json"};
        return takes_any(request, json) ? json_response(200, version()) : not_acceptable(json[0]);
    }
    if (path == "/.well-known/openid-configuration") {
        return openid_configuration(api, request);
    }
    if (path == "/openid/v1/jwks") {
        return jwks(api, request);
    }
    if (path == "/openapi/v3") {
        return json_response(200, openapi_index(types));
    }
    if (path == "/openapi/v2") {
        return answer_openapi_v2(request);
    }
    for (const auto& of : group_versions(types)) {
        if (path == "/openapi/v3/" + api_root(of)) {
            return answer_openapi_v3(*api.store, request, of);
        }
    }
    auto parts = split(path, '/');
    parts.erase(parts.begin());
    if (parts.empty()) {
        return page_not_found();  // a target without any slash
    }
    if (const auto document = discovery_document(types, parts, served_at(api, request))) {
        const bool of_all = path == "/apis";  // which no router stands before
        if (!of_all && !takes_any(request, api_media)) {
            return not_acceptable(fmt::format("{}", fmt::join(api_media, ", ")));
        }
        return representation_asked(request) ? json_response(200, *document) : no_such_shape();
    }
    // Below what is known, the refusal is one of the API; elsewhere it is none.
    const bool of_group = parts.size() > 2 && parts[0] == "apis" && known_group(parts[1]);
    return (parts[0] == "api" && parts.size() > 1) || of_group ? no_such_resource()
                                                               : page_not_found();
}

}  // namespace meshproof::fakes::kube
