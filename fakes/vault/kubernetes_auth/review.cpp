#include "fakes/vault/kubernetes_auth/review.hpp"

#include <algorithm>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"

namespace meshproof::fakes::vault {

namespace {

http::Endpoint api_server(const KubernetesConfig& config, http::Url url) {
    http::Endpoint endpoint;
    endpoint.url = std::move(url);
    // A CA that cannot be read is accepted when it is written; then nothing is trusted (row 138).
    if (auto trust = crypto::Certificate::all_from_pem(config.ca_pem)) {
        endpoint.tls.trust = std::move(*trust);
    }
    endpoint.timeout = std::chrono::seconds(90);
    endpoint.caller = "vault";
    endpoint.connections = config.connections;
    return endpoint;
}

// The URL of the API server without its final slash, and what of its path comes before /api.
struct ApiPlace {
    http::Url url;
    std::string prefix;
};

std::optional<ApiPlace> place_of(const KubernetesConfig& config) {
    auto url = http::Url::parse(config.host);
    if (!url) {
        return std::nullopt;
    }
    return ApiPlace{*url, url->path};
}

// Those that the API server must confirm: the role's, or else the JWT's own.
std::vector<std::string> wanted_audiences(const std::string& audience, const Workload& workload) {
    return audience.empty() ? workload.audiences : std::vector<std::string>{audience};
}

// Without kind and apiVersion.
std::string token_review(const std::string& jwt, const std::vector<std::string>& audiences,
                         Product product) {
    return fmt::format(
        R"({{"metadata":{{{}}},"spec":{{{}"token":{}}},"status":{{"user":{{}}}}}})",
        product == Product::vault ? R"("creationTimestamp":null)" : "",
        audiences.empty() ? "" : fmt::format(R"("audiences":{},)", Json(audiences).dump()),
        Json(jwt).dump());
}

// The header as Go makes and checks it: what is trimmed is the end, for the token stands behind
// "Bearer ", and control characters but a tab are in no header.
std::optional<std::string> authorization(std::string_view token) {
    const auto whole = fmt::format("Bearer {}", token);
    const auto header = go_trimmed(whole);
    const bool fit = std::ranges::none_of(header, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7f;
    });
    return fit ? std::optional<std::string>(header) : std::nullopt;
}

http::Request review_request(const ApiPlace& place, const std::string& bearer, std::string body) {
    http::Request request;
    request.method = "POST";
    request.target = place.prefix + "/apis/authentication.k8s.io/v1/tokenreviews";
    request.headers.set("User-Agent", "Go-http-client/1.1");
    request.headers.set("Accept", "application/json");
    request.headers.set("Accept-Encoding", "gzip");
    request.headers.set("Content-Type", "application/json");
    request.headers.set("Authorization", bearer);
    request.body = std::move(body);
    return request;
}

// Null where there is none; lives as long as the object.
const Json& field(const Json& object, const char* name) {
    static const Json none;
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found != object.end() ? *found : none;
}

bool vouches(const http::Response& response, const std::vector<std::string>& audiences,
             const Workload& workload) {
    if (response.status < 200 || response.status > 206) {
        return false;
    }
    const auto answer = json_or_null(response.body);
    const auto& status = field(answer, "status");
    if (!status.is_object()) {
        return false;
    }
    if (const auto& error = field(status, "error");
        error.is_string() && !error.get_ref<const std::string&>().empty()) {
        return false;
    }
    if (field(status, "authenticated") != true) {
        return false;
    }
    const auto& reviewed = field(status, "audiences");
    if (!audiences.empty() && std::ranges::none_of(audiences, [&](const std::string& wanted) {
            return reviewed.is_array() &&
                   std::ranges::find(reviewed, Json(wanted)) != reviewed.end();
        })) {
        return false;
    }
    const auto& user = field(status, "user");
    const auto expected =
        fmt::format("system:serviceaccount:{}:{}", workload.namespace_name, workload.name);
    return field(user, "username") == expected && field(user, "uid") == workload.uid;
}

}  // namespace

Task<bool> review(KubernetesConfig config, std::string audience, Workload workload, std::string jwt,
                  Product product, http::Transport& transport) {
    const auto place = place_of(config);
    if (!place) {
        co_return false;
    }
    const auto bearer = authorization(config.reviewer_jwt.empty() ? jwt : config.reviewer_jwt);
    if (!bearer) {
        co_return false;
    }
    const auto audiences = wanted_audiences(audience, workload);
    auto request = review_request(*place, *bearer, token_review(jwt, audiences, product));
    const auto response =
        co_await transport.send(api_server(config, place->url), std::move(request));
    if (!response) {
        co_return false;
    }
    co_return vouches(*response, audiences, workload);
}

Task<std::optional<std::string>> select_namespace(KubernetesConfig config, KubernetesRole role,
                                                  std::string name, http::Transport& transport) {
    if (config.reviewer_jwt.empty()) {
        co_return "namespace not authorized err=namespace lookup failed: TokenReviewer JWT needs to be configured to "
                  "use namespace selectors";
    }
    const auto place = place_of(config);
    const auto bearer = authorization(config.reviewer_jwt);
    if (!place || !bearer) {
        co_return "namespace not authorized";
    }
    http::Request request;
    request.target =
        fmt::format("{}/api/v1/namespaces/{}", place->prefix, http::percent_encode(name));
    request.headers.set("User-Agent", "Go-http-client/1.1");
    request.headers.set("Accept", "application/json");
    request.headers.set("Authorization", *bearer);
    auto endpoint = api_server(config, place->url);
    const auto response = co_await transport.send(std::move(endpoint), std::move(request));
    if (!response || response->status != 200) {
        co_return fmt::format("namespace not authorized err=namespace lookup failed: {}",
                              response ? "unexpected status" : "request failed");
    }
    const auto answer = json_or_null(response->body);
    const auto pointer = Json::json_pointer("/metadata/labels");
    const auto labels =
        answer.is_object() && answer.contains(pointer) ? answer.at(pointer) : Json::object();
    if (selector_matches(role.namespace_selector, labels) != true) {
        co_return "namespace not authorized";
    }
    co_return std::nullopt;
}

}  // namespace meshproof::fakes::vault
