#include "core/base/text.hpp"
#include "fakes/kube/cluster.hpp"

namespace meshproof::fakes::kube {
namespace {

Json resource_entry(const ResourceType& type, const std::string& sub, Json verbs) {
    Json entry = {
        {"name", sub.empty() ? std::string(type.plural) : fmt::format("{}/{}", type.plural, sub)},
        {"singularName", sub.empty() ? std::string(type.singular) : ""},
        {"namespaced", type.namespaced},
        {"kind", type.kind},
        {"verbs", std::move(verbs)}};
    if (sub.empty() && &type == &type::pods) {
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
        if (&type == &type::pods || &type == &type::namespaces || &type == &type::nodes) {
            resources.push_back(resource_entry(type, "status", {"get", "patch", "update"}));
        }
        if (&type == &type::pods) {
            auto binding = resource_entry(type, "binding", Json::array({"create"}));
            binding["kind"] = "Binding";
            resources.push_back(std::move(binding));
        }
        if (&type == &type::service_accounts) {
            auto token = resource_entry(type, "token", Json::array({"create"}));
            token["kind"] = "TokenRequest";
            token["group"] = "authentication.k8s.io";
            token["version"] = "v1";
            resources.push_back(std::move(token));
        }
    }
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

// As much of the OpenAPI document as kubectl reads before it creates something: that PATCH takes
// fieldValidation.
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
        paths[path]["patch"] = {
            {"parameters", Json::array({parameter})},
            {"responses", Json::object()},
            {"x-kubernetes-group-version-kind",
             {{"group", type.group}, {"kind", type.kind}, {"version", type.version}}}};
    }
    return {{"openapi", "3.0.0"},
            {"info", {{"title", "Kubernetes"}, {"version", "v1.34.4"}}},
            {"paths", std::move(paths)}};
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

http::Response openid_configuration(const Cluster& cluster, const http::Request& request) {
    // A real server names its configured external address; ours is where it was reached.
    auto host = request.headers.find("Host").value_or(cluster.options.name);
    if (host.find(':') == std::string::npos) {
        host += ":443";
    }
    auto response = json_response(
        200,
        {{"issuer", cluster.options.issuer},
         {"jwks_uri", fmt::format("https://{}/openid/v1/jwks", host)},
         {"response_types_supported", Json::array({"id_token"})},
         {"subject_types_supported", Json::array({"public"})},
         {"id_token_signing_alg_values_supported", Json::array({cluster.tokens.algorithm()})}});
    response.headers.set("Cache-Control", "public, max-age=3600");
    return response;
}

http::Response jwks(const Cluster& cluster, const http::Request& request) {
    const auto accept = request.headers.find("Accept").value_or("*/*");
    const bool fits = accept.find("*/*") != std::string::npos ||
                      accept.find("application/*") != std::string::npos ||
                      accept.find("application/jwk-set+json") != std::string::npos;
    if (!fits) {
        return refusal(406, "NotAcceptable",
                       "only the following media types are accepted: application/jwk-set+json",
                       Json::object());
    }
    auto response = text_response(200, cluster.tokens.jwks());
    response.headers.set("Content-Type", "application/jwk-set+json");
    response.headers.set("Cache-Control", "public, max-age=3600");
    return response;
}

// Of /api and /apis; nothing where there is no such group or version.
std::optional<Json> discovery_document(const std::vector<std::string>& parts) {
    if (parts == std::vector<std::string>{"api"}) {
        return Json{{"kind", "APIVersions"}, {"versions", Json::array({"v1"})}};
    }
    if (parts == std::vector<std::string>{"api", "v1"}) {
        return resource_list("", "v1");
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

}  // namespace

http::Response answer_path(const Cluster& cluster, const http::Request& request,
                           const RequestInfo& info) {
    if (info.verb != "get") {
        return page_not_found();
    }
    auto path = info.path;
    if (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
    if (path == "/healthz" || path == "/livez" || path == "/readyz") {
        return text_response(200, "ok");
    }
    if (path == "/version") {
        return json_response(200, {{"major", "1"},
                                   {"minor", "34"},
                                   {"gitVersion", "v1.34.4"},
                                   {"gitTreeState", "clean"},
                                   {"platform", "linux/amd64"}});
    }
    if (path == "/.well-known/openid-configuration") {
        return openid_configuration(cluster, request);
    }
    if (path == "/openid/v1/jwks") {
        return jwks(cluster, request);
    }
    if (path == "/openapi/v3") {
        return json_response(200, openapi_index());
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
    if (const auto document = discovery_document(parts)) {
        return json_response(200, *document);
    }
    return page_not_found();
}

}  // namespace meshproof::fakes::kube
