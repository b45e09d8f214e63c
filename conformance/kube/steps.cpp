#include "conformance/kube/steps.hpp"

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"

namespace meshproof::conformance::kube_steps {

namespace {
// Tokens are judged by what the server's own watches have seen, which is some milliseconds late.
constexpr Duration watches_lag = std::chrono::seconds(1);
}  // namespace

std::string core_path(std::string_view ns, std::string_view plural, std::string_view name) {
    return fmt::format("/api/v1/namespaces/{}/{}{}{}", ns, plural, name.empty() ? "" : "/", name);
}

Task<Home> home(Probe& probe, std::string account) {
    Home made{co_await probe.kube_namespace(), account};
    co_await probe.service_account(made.ns, account);
    co_return made;
}

Task<Reply> review(Probe& probe, Secret token, Json audiences, As as) {
    Json spec = {{"token", token.reveal()}};
    if (!audiences.empty()) {
        spec["audiences"] = std::move(audiences);
    }
    Json body = {{"spec", std::move(spec)}};
    co_return co_await probe.kube("POST", std::string(token_reviews), std::move(body),
                                  std::move(as));
}

Task<Secret> token(Probe& probe, Home home, Json spec) {
    Json body = {{"spec", std::move(spec)}};
    const auto reply = co_await probe.set_up_kube("POST", home.token_path(), std::move(body));
    co_return Secret(text_at(reply.json, "/status/token"));
}

Task<std::string> make(Probe& probe, std::string path, Json body) {
    const auto reply = co_await probe.set_up_kube("POST", std::move(path), std::move(body));
    co_return text_at(reply.json, "/metadata/uid");
}

Task<std::string> pod(Probe& probe, Home home, std::string name, std::string node) {
    const Json container = {{"name", "app"}, {"image", "registry.invalid/app:1"}};
    Json spec = {{"serviceAccountName", home.account},
                 {"containers", Json::array({container})},
                 {"schedulerName", "meshproof"},
                 {"automountServiceAccountToken", false}};
    if (!node.empty()) {
        spec["nodeName"] = node;
    }
    Json body = {{"metadata", {{"name", name}}}, {"spec", std::move(spec)}};
    co_return co_await make(probe, core_path(home.ns, "pods"), std::move(body));
}

Task<void> remove(Probe& probe, std::string path) {
    Json body = {{"gracePeriodSeconds", 0}};
    (void)co_await probe.set_up_kube("DELETE", std::move(path), std::move(body));
    co_await probe.wait(watches_lag);
}

Task<std::string> settled_namespace(Probe& probe, std::string base) {
    const auto ns = co_await probe.kube_namespace(std::move(base));
    for (int round = 0; round < 50; ++round) {
        const auto reply =
            co_await probe.kube("GET", core_path(ns, "configmaps", "kube-root-ca.crt"));
        if (reply.status == 200) {
            break;
        }
        co_await probe.wait(std::chrono::milliseconds(200));
    }
    co_return ns;
}

Task<std::string> bind_cluster_role(Probe& probe, Home home, std::string role) {
    const std::string bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    const auto name = probe.name("binding-" + home.account);
    const Json subject = {
        {"kind", "ServiceAccount"}, {"name", home.account}, {"namespace", home.ns}};
    Json body = {{"metadata", {{"name", name}, {"labels", probe.labels()}}},
                 {"roleRef",
                  {{"apiGroup", "rbac.authorization.k8s.io"},
                   {"kind", "ClusterRole"},
                   {"name", std::move(role)}}},
                 {"subjects", Json::array({subject})}};
    auto path = bindings + "/" + name;
    probe.at_end_kube("DELETE", path);
    (void)co_await make(probe, bindings, std::move(body));
    co_return path;
}

Task<void> grant(Probe& probe, Home home, Json rule) {
    const std::string roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    const auto name = probe.name("role");
    Json body = {{"metadata", {{"name", name}}}, {"rules", Json::array({std::move(rule)})}};
    probe.at_end_kube("DELETE", roles + "/" + name);
    (void)co_await make(probe, roles, std::move(body));
    co_await bind_cluster_role(probe, std::move(home), name);
}

Task<Json> legacy_secret(Probe& probe, Home home, std::string name) {
    const Json annotations = {{"kubernetes.io/service-account.name", home.account}};
    Json body = {{"metadata", {{"name", name}, {"annotations", annotations}}},
                 {"type", "kubernetes.io/service-account-token"}};
    (void)co_await make(probe, core_path(home.ns, "secrets"), std::move(body));
    for (int round = 0; round < 50; ++round) {  // the controller needs a moment
        const auto reply = co_await probe.kube("GET", core_path(home.ns, "secrets", name));
        if (!text_at(reply.json, "/data/token").empty()) {
            co_await probe.wait(watches_lag);
            co_return reply.json;
        }
        co_await probe.wait(std::chrono::milliseconds(200));
    }
    throw CannotGoOn(Failure{
        FailureKind::timed_out, "no controller filled the Secret of a token within 10 s", 0, {}});
}

Secret token_in(Probe& probe, const Json& secret) {
    const auto text = from_base64(text_at(secret, "/data/token"));
    if (!text) {
        probe.give_up("data.token of the Secret is no base64");
    }
    return Secret(*text);
}

Json at(const Json& object, const char* pointer) {
    const Json::json_pointer path(pointer);
    return object.is_structured() && object.contains(path) ? object.at(path) : Json();
}

std::string text_at(const Json& object, const char* pointer) {
    const auto value = at(object, pointer);
    return value.is_string() ? value.get<std::string>() : "";
}

namespace {

crypto::Jwt decoded(Probe& probe, const Secret& token) {
    auto jwt = crypto::Jwt::decode(token.reveal());
    if (!jwt) {
        probe.give_up("the token is no JWT: " + jwt.error().message);
    }
    return std::move(*jwt);
}

}  // namespace

Json claims_of(Probe& probe, const Secret& token) {
    return json_or_null(decoded(probe, token).claims);
}

Json header_of(Probe& probe, const Secret& token) {
    return json_or_null(decoded(probe, token).header);
}

bool expect_refusal(Probe& probe, const Reply& reply, int code, std::string_view reason,
                    std::string_view text) {
    const auto& status = reply.json;
    const auto message = text_at(status, "/message");
    bool holds = probe.expect_status(reply, code);
    holds = probe.expect(text_at(status, "/kind") == "Status" && at(status, "/code") == code,
                         "{}: the body is no Status object with code {}", reply.asked, code) &&
            holds;
    holds = probe.expect_equal(at(status, "/reason"), reason.empty() ? Json() : Json(reason),
                               "reason") &&
            holds;
    return probe.expect(message.find(text) != std::string::npos,
                        "{}: the message is \"{}\", which lacks \"{}\"", reply.asked, message,
                        text) &&
           holds;
}

bool expect_authenticated(Probe& probe, const Reply& reply) {
    return probe.expect_status(reply, 201) &&
           probe.expect_equal(at(reply.json, "/status/authenticated"), true,
                              "status.authenticated");
}

bool expect_unauthenticated(Probe& probe, const Reply& reply, std::string_view text) {
    const auto error = text_at(reply.json, "/status/error");
    bool holds = probe.expect_status(reply, 201);
    holds = probe.expect_equal(at(reply.json, "/status/authenticated"), Json(),
                               "status.authenticated") &&
            holds;
    holds =
        probe.expect_equal(at(reply.json, "/status/user"), Json::object(), "status.user") && holds;
    return probe.expect(error.find(text) != std::string::npos,
                        "status.error is \"{}\", which lacks \"{}\"", error, text) &&
           holds;
}

std::vector<Json> events_of(Probe& probe, const Reply& reply) {
    std::vector<Json> events;
    for (const auto& line : split(reply.body, '\n')) {
        if (line.empty()) {
            continue;
        }
        auto event = json_or_null(line);
        if (!event.is_object()) {
            probe.give_up("a line of the watch is no JSON object");
        }
        events.push_back(std::move(event));
    }
    return events;
}

std::string told(const std::vector<Json>& events) {
    std::vector<std::string> parts;
    for (const auto& event : events) {
        if (text_at(event, "/type") != "BOOKMARK") {
            parts.push_back(fmt::format("{} {}", text_at(event, "/type"),
                                        text_at(event, "/object/metadata/name")));
        }
    }
    return join(parts, ", ");
}

}  // namespace meshproof::conformance::kube_steps
