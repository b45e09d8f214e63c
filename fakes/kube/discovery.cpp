#include <set>

#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/schema.hpp"

namespace meshproof::fakes::kube {
namespace {

Json resource_entry(const ResourceType& type, const std::string& sub, Json verbs) {
    Json entry = {
        {"name", sub.empty() ? std::string(type.plural) : fmt::format("{}/{}", type.plural, sub)},
        {"singularName", sub.empty() ? std::string(type.singular) : ""},
        {"namespaced", type.namespaced},
        {"kind", type.kind},
        {"verbs", std::move(verbs)}};
    if (sub.empty() && (is_workload(type) || &type == &type::pods)) {
        entry["categories"] = Json::array({"all"});  // what `kubectl get all` shows
    }
    if (sub.empty() && !type.short_name.empty()) {
        entry["shortNames"] = Json::array({type.short_name});
    }
    return entry;
}

Json resource_list(std::string_view group, std::string_view version) {
    Json resources = Json::array();
    std::string api_version;
    for (const auto& type : all_types()) {
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
        if (is_workload(type) || &type == &type::pods || &type == &type::namespaces ||
            &type == &type::nodes) {
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

Json group_entry(std::string_view group) {
    const Json version = {{"groupVersion", fmt::format("{}/v1", group)}, {"version", "v1"}};
    return {{"name", group}, {"versions", Json::array({version})}, {"preferredVersion", version}};
}

std::vector<std::string_view> groups() {
    std::vector<std::string_view> out;
    for (const auto& type : all_types()) {
        if (!type.group.empty() && std::ranges::find(out, type.group) == out.end()) {
            out.push_back(type.group);
        }
    }
    return out;
}

Json openapi_schemas() {
    Json schemas = Json::object();
    for (const auto& type : object_types()) {
        auto schema = openapi_schema(*type);
        for (const auto& resource : all_types()) {
            if (resource.kind == type->name) {
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

// As much of the OpenAPI document as kubectl reads: that PATCH takes fieldValidation before it
// creates something, and the fields for explain.
Json openapi_of(std::string_view group) {
    Json paths = Json::object();
    for (const auto& type : all_types()) {
        if (type.group != group || !type.stored) {
            continue;
        }
        const auto path = fmt::format(
            "/{}/{}{}/{{name}}", group.empty() ? "api" : "apis", type.api_version(),
            fmt::format("{}/{}", type.namespaced ? "/namespaces/{namespace}" : "", type.plural));
        const Json parameter = {
            {"name", "fieldValidation"}, {"in", "query"}, {"schema", {{"type", "string"}}}};
        paths[path]["get"] = {
            {"responses", Json::object()},
            {"x-kubernetes-group-version-kind",
             {{"group", type.group}, {"kind", type.kind}, {"version", type.version}}}};
        paths[path]["patch"] = {
            {"parameters", Json::array({parameter})},
            {"responses", Json::object()},
            {"x-kubernetes-group-version-kind",
             {{"group", type.group}, {"kind", type.kind}, {"version", type.version}}}};
    }
    return {
        {"openapi", "3.0.0"},
        {"info", {{"title", "Kubernetes"}, {"version", fmt::format("v{}", played_kube_version)}}},
        {"paths", std::move(paths)},
        {"components", {{"schemas", openapi_schemas()}}}};
}

// The older document, which kubectl asks for as protobuf only where the newer one is missing.
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

std::string api_root(std::string_view group) {
    return group.empty() ? "api/v1" : fmt::format("apis/{}/v1", group);
}

Json openapi_index() {
    Json paths = Json::object();
    auto all = groups();
    all.insert(all.begin(), "");
    for (const auto group : all) {
        paths[api_root(group)]["serverRelativeURL"] = "/openapi/v3/" + api_root(group);
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

Json root_paths() {
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
    for (const auto group : groups()) {
        paths.insert(fmt::format("/apis/{}", group));
        paths.insert(fmt::format("/apis/{}/v1", group));
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
std::optional<Json> discovery_document(const std::vector<std::string>& parts,
                                       const std::string& host) {
    if (parts == std::vector<std::string>{"api"}) {
        return Json{{"kind", "APIVersions"},
                    {"versions", Json::array({"v1"})},
                    {"serverAddressByClientCIDRs",
                     Json::array({{{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", host}}})}};
    }
    if (parts == std::vector<std::string>{"api", "v1"}) {
        auto list = resource_list("", "v1");
        list.erase("apiVersion");  // older than the field
        return list;
    }
    if (parts.empty() || parts[0] != "apis") {
        return std::nullopt;
    }
    const auto known = groups();
    if (parts.size() == 1) {
        Json list = Json::array();
        for (const auto group : known) {
            list.push_back(group_entry(group));
        }
        return Json{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}};
    }
    if (std::ranges::find(known, parts[1]) == known.end()) {
        return std::nullopt;
    }
    if (parts.size() == 2) {
        auto entry = group_entry(parts[1]);
        entry["kind"] = "APIGroup";
        entry["apiVersion"] = "v1";
        return entry;
    }
    if (parts.size() == 3 && parts[2] == "v1") {
        return resource_list(parts[1], "v1");
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
    if (!any_method(path) && request.method != "GET") {
        auto parts = split(path, '/');
        parts.erase(parts.begin());
        const bool there = path == "/version" || path == "/openid/v1/jwks" ||
                           path == "/.well-known/openid-configuration" ||
                           discovery_document(parts, "");
        return there ? method_not_allowed() : page_not_found();
    }
    if (path == "/") {
        return json_response(200, {{"paths", root_paths()}});
    }
    if (path.starts_with("/healthz") || path.starts_with("/livez") || path.starts_with("/readyz")) {
        return page_not_found();
    }
    if (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
    if (path == "/version") {
        return json_response(200, version());
    }
    if (path == "/.well-known/openid-configuration") {
        return openid_configuration(api, request);
    }
    if (path == "/openid/v1/jwks") {
        return jwks(api, request);
    }
    if (path == "/openapi/v3") {
        return json_response(200, openapi_index());
    }
    if (path == "/openapi/v2") {
        return json_response(200, openapi_v2());
    }
    auto all = groups();
    all.insert(all.begin(), "");
    for (const auto group : all) {
        if (path == "/openapi/v3/" + api_root(group)) {
            return json_response(200, openapi_of(group));
        }
    }
    auto parts = split(path, '/');
    parts.erase(parts.begin());
    if (parts.empty()) {
        return page_not_found();  // a target without any slash
    }
    if (const auto document = discovery_document(parts, served_at(api, request))) {
        return json_response(200, *document);
    }
    // Below what is known, the refusal is one of the API; elsewhere it is none.
    const bool of_group = parts.size() > 2 && parts[0] == "apis" && known_group(parts[1]);
    return (parts[0] == "api" && parts.size() > 1) || of_group ? no_such_resource()
                                                               : page_not_found();
}

}  // namespace meshproof::fakes::kube
