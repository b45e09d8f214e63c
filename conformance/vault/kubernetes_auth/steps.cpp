#include "conformance/vault/kubernetes_auth/steps.hpp"

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"

namespace meshproof::conformance::kubernetes_auth {

namespace {

http::Response json_answer(int status, const Json& body) {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.body = body.dump();
    return response;
}

/// The status of a TokenReview that takes the token at its word.
Json reviewed(const Json& spec) {
    const auto jwt = crypto::Jwt::decode(trim(spec.value("token", "")));
    const auto claims = jwt ? json_or_null(jwt->claims) : Json();
    if (!claims.is_object() || !claims.contains("kubernetes.io")) {
        return Json{{"authenticated", false}};
    }
    const auto& bound = claims["kubernetes.io"];
    const auto account = bound.value("serviceaccount", Json::object());
    const auto username = fmt::format("system:serviceaccount:{}:{}", bound.value("namespace", ""),
                                      account.value("name", ""));
    Json user{{"username", username}, {"uid", account.value("uid", "")}};
    Json status{{"authenticated", true}, {"user", std::move(user)}};
    if (spec.contains("audiences")) {
        status["audiences"] = spec["audiences"];
    }
    return status;
}

}  // namespace

Json bound_role(Json more) {
    Json body{{"bound_service_account_names", "web"}, {"bound_service_account_namespaces", "shop"}};
    body.merge_patch(more);
    return body;
}

http::Headers inline_headers(std::string path, const Json& parameters) {
    http::Headers headers;
    headers.set("X-Vault-Inline-Auth-Path", std::move(path));
    for (const auto& [key, value] : parameters.items()) {
        headers.set("X-Vault-Inline-Auth-Parameter-" + key,
                    to_base64url(Json{{"key", key}, {"value", value}}.dump()));
    }
    return headers;
}

Task<http::Response> StandInApi::handle(http::Request request, http::Peer /*peer*/) {
    const auto path = request.target.substr(0, request.target.find('?'));
    const bool review = path.ends_with("/apis/authentication.k8s.io/v1/tokenreviews");
    const auto body = json_or_null(request.body);
    if (review) {
        reviews.push_back(request);
    } else {
        others.push_back(fmt::format("{} {}", request.method, path));
    }
    if (hangs) {
        co_await clock->sleep_for(std::chrono::hours(24));
    }
    if (answer) {
        co_return *answer;
    }
    if (review) {
        auto status = reviewed(body.is_object() ? body.value("spec", Json::object()) : Json());
        status.merge_patch(overrides);
        const Json answered{{"kind", "TokenReview"},
                            {"apiVersion", "authentication.k8s.io/v1"},
                            {"metadata", Json::object()},
                            {"status", std::move(status)}};
        co_return json_answer(201, answered);
    }
    if (path.find("/api/v1/namespaces/") != std::string::npos) {
        Json metadata{{"name", path.substr(path.rfind('/') + 1)}, {"labels", namespace_labels}};
        const Json answered{
            {"kind", "Namespace"}, {"apiVersion", "v1"}, {"metadata", std::move(metadata)}};
        co_return json_answer(200, answered);
    }
    co_return json_answer(404, Json{{"kind", "Status"}, {"code", 404}});
}

Task<void> Bench::open(Json more) {
    api_.clock = &probe_.clock();
    mount_ = co_await probe_.auth_mount();
    served_ = co_await probe_.stand_in(api_);
    const auto reply = co_await configure(std::move(more));
    if (reply.status != 204) {
        throw CannotGoOn(Failure{FailureKind::rejected,
                                 fmt::format("set-up: {}: {}", reply.asked, reply.status),
                                 reply.status, reply.errors()});
    }
}

Task<Reply> Bench::configure(Json more) {
    Json body{{"kubernetes_host", served_.url},
              {"kubernetes_ca_cert", served_.ca_pem},
              {"token_reviewer_jwt", jwt(claims({.name = "reviewer", .uid = "r"}))}};
    body.merge_patch(more);
    return probe_.vault("POST", "auth/" + mount_ + "/config", std::move(body));
}

Task<Reply> Bench::write_role(std::string name, Json parameters) {
    return probe_.vault("POST", fmt::format("auth/{}/role/{}", mount_, name),
                        std::move(parameters));
}

Task<void> Bench::role(std::string name, Json more) {
    (void)co_await probe_.set_up("POST", fmt::format("auth/{}/role/{}", mount_, name),
                                 bound_role(std::move(more)));
}

Task<Reply> Bench::login(std::string role, std::string jwt_text) {
    Json body{{"role", std::move(role)}, {"jwt", std::move(jwt_text)}};
    return probe_.vault("POST", fmt::format("auth/{}/login", mount_), std::move(body),
                        As::nobody());
}

http::Headers Bench::inline_login(std::string role) const {
    const Json parameters{{"role", std::move(role)}, {"jwt", jwt()}};
    return inline_headers(fmt::format("auth/{}/login", mount_), parameters);
}

std::int64_t Bench::now() const {
    return unix_seconds(probe_.clock().now());
}

Json Bench::claims(Workload workload) const {
    Json account{{"name", workload.name}, {"uid", workload.uid}};
    Json bound{{"namespace", workload.namespace_name}, {"serviceaccount", std::move(account)}};
    return Json{
        {"iss", "https://kubernetes.default.svc.cluster.local"},
        {"aud", Json::array({"vault"})},
        {"sub", fmt::format("system:serviceaccount:{}:{}", workload.namespace_name, workload.name)},
        {"iat", now()},
        {"nbf", now()},
        {"exp", now() + 3600},
        {"kubernetes.io", std::move(bound)}};
}

std::string Bench::jwt(const Json& wanted) const {
    return crypto::sign_jwt(wanted.dump(), "k1", key_).reveal();
}

std::string Bench::jwt_with(std::string_view algorithm) const {
    const Json header{{"alg", algorithm}, {"typ", "JWT"}, {"kid", "k1"}};
    constexpr std::string_view signature = "thirty-two bytes of no meaning..";
    return fmt::format("{}.{}.{}", to_base64url(header.dump()), to_base64url(claims().dump()),
                       algorithm == "none" ? "" : to_base64url(signature));
}

Secret token_of(Probe& probe, const Reply& login) {
    const auto auth = login.json.is_object() ? login.json.value("auth", Json()) : Json();
    if (login.status != 200 || !auth.is_object()) {
        probe.expect_status(login, 200);
        probe.give_up("the login was refused");
    }
    return Secret(auth.value("client_token", ""));
}

}  // namespace meshproof::conformance::kubernetes_auth
