#include "core/kube/client.hpp"

#include <gtest/gtest.h>

#include "core/http/tests/scripted_transport.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::kube {
namespace {

const std::string token_text = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2ln";
const std::string pods_path = "/api/v1/namespaces/default/pods";

template <class T>
T now(Task<T> work) {
    boost::asio::io_context context;
    return run_real(context, std::move(work));
}

struct KubeClient : testing::Test {
    http::ScriptedTransport wire;

    [[nodiscard]] Client client() {
        Access access;
        access.endpoint.url = *http::Url::parse("https://kube.example:6443");
        access.token = Secret(token_text);
        return {wire, std::move(access)};
    }
    [[nodiscard]] const http::Request& request() const { return wire.asked.back().request; }
    [[nodiscard]] Json body() const { return Json::parse(request().body, nullptr, false); }
    [[nodiscard]] std::string header(std::string_view name) const {
        return request().headers.find(name).value_or("(absent)");
    }
};

std::string status_object(int code, const std::string& reason, const std::string& message) {
    return Json{{"kind", "Status"},   {"apiVersion", "v1"}, {"status", "Failure"},
                {"message", message}, {"reason", reason},   {"code", code}}
        .dump();
}

Json pod_object(const std::string& name, const std::string& version) {
    return Json{
        {"metadata",
         {{"name", name},
          {"namespace", "default"},
          {"uid", "u-" + name},
          {"resourceVersion", version},
          {"labels", {{"app", "web"}}}}},
        {"spec", {{"serviceAccountName", "web"}, {"nodeName", "n1"}}},
        {"status",
         {{"phase", "Running"},
          {"conditions",
           Json::array({{{"type", "PodScheduled"}, {"status", "True"}},
                        {{"type", "Ready"}, {"status", "False"}, {"message", "no leaf"}}})}}}};
}

TEST_F(KubeClient, SendsJsonAndItsToken) {
    wire.answer("GET", "/version", 200, R"({"gitVersion":"v1.34.4","major":"1"})");
    EXPECT_EQ(now(client().version()).value(), "v1.34.4");
    EXPECT_EQ(header("Authorization"), "Bearer " + token_text);
    EXPECT_EQ(header("Accept"), "application/json");
    EXPECT_EQ(header("Content-Type"), "(absent)");
    EXPECT_TRUE(now(client().with_token(Secret()).version()));
    EXPECT_EQ(header("Authorization"), "(absent)");
}

TEST_F(KubeClient, AnotherCallerShowsNoneOfOurCertificates) {
    Access access;
    access.endpoint.url = *http::Url::parse("https://kube.example:6443");
    access.endpoint.tls.identity = crypto::TlsIdentity{};
    const auto other = Client(wire, access).with_token(Secret("x"));
    EXPECT_FALSE(other.access().endpoint.tls.identity.has_value());
    EXPECT_EQ(other.access().token.reveal(), "x");
}

TEST_F(KubeClient, TellsFailuresApartByStatus) {
    const std::pair<int, FailureKind> cases[] = {
        {400, FailureKind::rejected},  {401, FailureKind::denied},   {403, FailureKind::denied},
        {404, FailureKind::not_found}, {405, FailureKind::rejected}, {409, FailureKind::conflict},
        {410, FailureKind::rejected},  {422, FailureKind::rejected}, {429, FailureKind::throttled},
        {500, FailureKind::server},    {503, FailureKind::server}};
    for (const auto& [status, kind] : cases) {
        wire.forget();
        wire.answer("GET", pods_path + "/web", status, status_object(status, "Why", "told why"));
        const auto pod = now(client().pod("default", "web"));
        ASSERT_FALSE(pod);
        EXPECT_EQ(pod.error().kind, kind) << status;
        EXPECT_EQ(pod.error().status, status);
        EXPECT_EQ(pod.error().message, fmt::format("GET {}/web: {} told why", pods_path, status));
        EXPECT_EQ(pod.error().errors, std::vector<std::string>{"told why"});
    }
}

TEST_F(KubeClient, TellsFailuresWithoutAStatusObject) {
    wire.answer("GET", pods_path + "/web", 404, "404 page not found\n");
    EXPECT_EQ(
        now(client().pod("default", "web")).error().message,
        "GET /api/v1/namespaces/default/pods/web: 404 with a body that is not a Status object: "
        "404 page not found");
    wire.forget();
    wire.answer("GET", pods_path + "/web", 502, "");
    EXPECT_EQ(now(client().pod("default", "web")).error().message,
              "GET /api/v1/namespaces/default/pods/web: 502 without a text");
    wire.forget();
    wire.answer("GET", pods_path + "/web", fail(FailureKind::unreachable, "connection refused"));
    const auto down = now(client().pod("default", "web"));
    EXPECT_EQ(down.error().kind, FailureKind::unreachable);
    EXPECT_EQ(down.error().message, "GET /api/v1/namespaces/default/pods/web: connection refused");
}

TEST_F(KubeClient, NeverRepeatsTokensEvenIfTheServerDoes) {
    const Secret reviewed("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3ZWIifQ.c2ln");
    const std::string path = "/apis/authentication.k8s.io/v1/tokenreviews";
    wire.answer("POST", path, 403, status_object(403, "Forbidden", "by " + token_text));
    const auto denied = now(client().review_token(reviewed));
    EXPECT_EQ(denied.error().message, "POST " + path + ": 403 by [secret]");
    EXPECT_EQ(denied.error().errors.at(0), "by [secret]");
    wire.forget();
    wire.answer("POST", path, 400, status_object(400, "BadRequest", "odd " + reviewed.reveal()));
    EXPECT_EQ(now(client().review_token(reviewed)).error().message,
              "POST " + path + ": 400 odd [secret]");
}

TEST_F(KubeClient, ManagesNamespaces) {
    wire.answer("GET", "/api/v1/namespaces/mesh", 200, "{}");
    wire.answer("GET", "/api/v1/namespaces/gone", 404, status_object(404, "NotFound", "no"));
    wire.answer("GET", "/api/v1/namespaces/hidden", 403, status_object(403, "Forbidden", "no"));
    EXPECT_TRUE(now(client().namespace_exists("mesh")).value());
    EXPECT_FALSE(now(client().namespace_exists("gone")).value());
    EXPECT_EQ(now(client().namespace_exists("hidden")).error().kind, FailureKind::denied);
    wire.answer("POST", "/api/v1/namespaces", 201, "{}");
    EXPECT_TRUE(now(client().create_namespace("mesh", {{"run", "r1"}})));
    EXPECT_EQ(body(), (Json{{"apiVersion", "v1"},
                            {"kind", "Namespace"},
                            {"metadata", {{"name", "mesh"}, {"labels", {{"run", "r1"}}}}}}));
    wire.answer("DELETE", "/api/v1/namespaces/mesh", 200, "{}");
    EXPECT_TRUE(now(client().delete_namespace("mesh")));
}

TEST_F(KubeClient, ManagesServiceAccounts) {
    const std::string path = "/api/v1/namespaces/default/serviceaccounts";
    const Json account{{"metadata",
                        {{"name", "web"},
                         {"namespace", "default"},
                         {"uid", "u1"},
                         {"resourceVersion", "7"},
                         {"annotations", {{"a.b/c", "d"}}}}}};
    wire.answer("POST", path, 201, account.dump());
    wire.answer("GET", path + "/web", 200, account.dump());
    wire.answer("DELETE", path + "/web", 200, "{}");
    wire.answer("GET", path + "?labelSelector=run%3Dr1", 200,
                Json{{"items", Json::array({account, account})}}.dump());
    wire.answer("GET", path, 200, R"({"items":null})");
    ObjectMeta meta;
    meta.name = "web";
    meta.namespace_name = "default";
    const auto created = now(client().create_service_account(meta));
    ASSERT_TRUE(created) << created.error().message;
    EXPECT_EQ(body()["kind"], "ServiceAccount");
    EXPECT_EQ(body()["metadata"], (Json{{"name", "web"}, {"namespace", "default"}}));
    EXPECT_EQ(created->meta.uid, "u1");
    EXPECT_EQ(created->meta.annotations.at("a.b/c"), "d");
    EXPECT_EQ(now(client().service_account("default", "web")).value().meta.resource_version, "7");
    EXPECT_EQ(now(client().list_service_accounts("default", "run=r1")).value().size(), 2U);
    EXPECT_TRUE(now(client().list_service_accounts("default")).value().empty());
    EXPECT_TRUE(now(client().delete_service_account("default", "web")));
}

TEST_F(KubeClient, RequestsTokens) {
    const std::string path = "/api/v1/namespaces/default/serviceaccounts/web/token";
    wire.answer("POST", path, 201,
                R"({"status":{"token":"a.b.c","expirationTimestamp":"2026-01-02T03:04:05Z"}})");
    TokenRequest asked;
    asked.audiences = {"vault"};
    asked.expiration = std::chrono::minutes(10);
    asked.bound_pod_name = "web-1";
    asked.bound_pod_uid = "u1";
    const auto issued = now(client().request_token("default", "web", asked));
    ASSERT_TRUE(issued) << issued.error().message;
    EXPECT_EQ(issued->token.reveal(), "a.b.c");
    EXPECT_EQ(rfc3339(issued->expires), "2026-01-02T03:04:05Z");
    EXPECT_EQ(body()["spec"],
              (Json{{"audiences", Json::array({"vault"})},
                    {"expirationSeconds", 600},
                    {"boundObjectRef",
                     {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", "web-1"}, {"uid", "u1"}}}}));
    EXPECT_TRUE(now(client().request_token("default", "web", TokenRequest{})));
    EXPECT_EQ(body()["spec"], (Json{{"expirationSeconds", 3600}}));

    wire.forget();
    wire.answer("POST", path, 201, R"({"status":{"token":"a.b.c","expirationTimestamp":"soon"}})");
    const auto odd = now(client().request_token("default", "web", asked));
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().kind, FailureKind::malformed);
    EXPECT_EQ(odd.error().message.find("a.b.c"), std::string::npos);
}

TEST_F(KubeClient, ReviewsTokens) {
    const std::string path = "/apis/authentication.k8s.io/v1/tokenreviews";
    wire.answer("POST", path, 201,
                R"({"status":{"authenticated":true,"audiences":["vault"],"user":{"username":
                "system:serviceaccount:default:web","uid":"u1","groups":["a","b"],
                "extra":{"authentication.kubernetes.io/credential-id":["JTI=1"]}}}})");
    const auto good = now(client().review_token(Secret("a.b.c"), {"vault"}));
    ASSERT_TRUE(good) << good.error().message;
    EXPECT_TRUE(good->authenticated);
    EXPECT_EQ(good->username, "system:serviceaccount:default:web");
    EXPECT_EQ(good->groups.size(), 2U);
    EXPECT_EQ(good->audiences, std::vector<std::string>{"vault"});
    EXPECT_EQ(body()["spec"], (Json{{"token", "a.b.c"}, {"audiences", Json::array({"vault"})}}));
    // Row 160: a bad token is 201 too, without `authenticated`.
    wire.forget();
    wire.answer("POST", path, 201, R"({"status":{"user":{},"error":"invalid bearer token"}})");
    const auto bad = now(client().review_token(Secret("a.b.c")));
    ASSERT_TRUE(bad);
    EXPECT_FALSE(bad->authenticated);
    EXPECT_EQ(bad->error, "invalid bearer token");
    EXPECT_FALSE(body()["spec"].contains("audiences"));
}

TEST_F(KubeClient, StoresSecretsAsBase64) {
    const std::string path = "/api/v1/namespaces/default/secrets";
    SecretObject secret;
    secret.meta.name = "ca";
    secret.meta.namespace_name = "default";
    secret.data = {{"ca.crt", "PEM"}};
    wire.answer("POST", path, 201, "{}");
    EXPECT_TRUE(now(client().create_secret(secret)));
    EXPECT_EQ(body()["data"], (Json{{"ca.crt", "UEVN"}}));
    EXPECT_EQ(body()["type"], "Opaque");
    wire.answer("PUT", path + "/ca", 200, "{}");
    secret.meta.resource_version = "9";
    EXPECT_TRUE(now(client().replace_secret(secret)));
    EXPECT_EQ(body()["metadata"]["resourceVersion"], "9");

    const Json stored{
        {"metadata", {{"name", "ca"}}}, {"type", "Opaque"}, {"data", {{"ca.crt", "UEVN"}}}};
    wire.answer("GET", path + "/ca", 200, stored.dump());
    EXPECT_EQ(now(client().secret("default", "ca")).value().data.at("ca.crt"), "PEM");
    wire.answer("GET", path, 200, Json{{"items", Json::array({stored})}}.dump());
    EXPECT_EQ(now(client().list_secrets("default")).value().size(), 1U);
    wire.answer("DELETE", path + "/ca", 200, "{}");
    EXPECT_TRUE(now(client().delete_secret("default", "ca")));

    wire.answer("GET", path + "/odd", 200, R"({"metadata":{"name":"odd"},"data":{"k":"***"}})");
    const auto odd = now(client().secret("default", "odd"));
    ASSERT_FALSE(odd);
    EXPECT_EQ(
        odd.error().message,
        "GET /api/v1/namespaces/default/secrets/odd: malformed answer: data.k: expected base64");
}

TEST_F(KubeClient, CreatesPodsThatNobodyElseRuns) {
    wire.answer("POST", pods_path, 201, pod_object("web-1", "5").dump());
    Pod pod;
    pod.meta.name = "web-1";
    pod.meta.namespace_name = "default";
    pod.service_account = "web";
    const auto created = now(client().create_pod(pod));
    ASSERT_TRUE(created) << created.error().message;
    EXPECT_EQ(body()["spec"],
              (Json{{"schedulerName", "meshproof"},
                    {"automountServiceAccountToken", false},
                    {"terminationGracePeriodSeconds", 0},
                    {"serviceAccountName", "web"},
                    {"containers",
                     Json::array({Json{{"name", "app"}, {"image", "meshproof.invalid/pause"}}})}}));
    EXPECT_EQ(created->meta.uid, "u-web-1");
    EXPECT_EQ(created->meta.labels.at("app"), "web");
    EXPECT_EQ(created->service_account, "web");
    EXPECT_EQ(created->node_name, "n1");
    EXPECT_EQ(created->phase, "Running");
    EXPECT_FALSE(created->ready);
    EXPECT_EQ(created->not_ready_reason, "no leaf");
    pod.node_name = "n1";
    EXPECT_TRUE(now(client().create_pod(pod)));
    EXPECT_EQ(body()["spec"]["nodeName"], "n1");
    wire.answer("DELETE", pods_path + "/web-1?gracePeriodSeconds=0", 200, "{}");
    EXPECT_TRUE(now(client().delete_pod("default", "web-1")));
}

TEST_F(KubeClient, PatchesAPodsStatusWhole) {
    wire.answer("PATCH", pods_path + "/web-1/status", 200, "{}");
    EXPECT_TRUE(now(client().set_pod_status("default", "web-1", "Running", true, "")));
    EXPECT_EQ(header("Content-Type"), "application/merge-patch+json");
    EXPECT_EQ(
        body(),
        (Json{{"status",
               {{"phase", "Running"},
                {"conditions", Json::array({Json{{"type", "Ready"}, {"status", "True"}}})}}}}));
    EXPECT_TRUE(now(client().set_pod_status("default", "web-1", "Running", false, "no leaf")));
    EXPECT_EQ(body()["status"]["conditions"][0],
              (Json{{"type", "Ready"}, {"status", "False"}, {"message", "no leaf"}}));
}

TEST_F(KubeClient, ListsPodsWithTheVersionToWatchFrom) {
    Json list{{"metadata", {{"resourceVersion", "12"}}}};
    list["items"] = Json::array({pod_object("a", "1"), pod_object("b", "2")});
    wire.answer("GET", pods_path + "?labelSelector=app%20in%20%28web%29", 200, list.dump());
    const auto pods = now(client().list_pods("default", "app in (web)"));
    ASSERT_TRUE(pods) << pods.error().message;
    EXPECT_EQ(pods->resource_version, "12");
    EXPECT_EQ(pods->items.at(1).meta.name, "b");
}

TEST_F(KubeClient, BindsTheAuthDelegator) {
    const std::string path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    wire.answer("POST", path, 201, "{}");
    EXPECT_TRUE(now(client().bind_auth_delegator("b1", "default", "web", {{"run", "r1"}})));
    EXPECT_EQ(body()["roleRef"], (Json{{"apiGroup", "rbac.authorization.k8s.io"},
                                       {"kind", "ClusterRole"},
                                       {"name", "system:auth-delegator"}}));
    EXPECT_EQ(body()["subjects"],
              (Json::array(
                  {Json{{"kind", "ServiceAccount"}, {"namespace", "default"}, {"name", "web"}}})));
    wire.answer("DELETE", path + "/b1", 200, "{}");
    EXPECT_TRUE(now(client().delete_cluster_role_binding("b1")));
    wire.answer("GET", path + "?labelSelector=run", 200,
                R"({"items":[{"metadata":{"name":"b1"}}]})");
    const auto bindings = now(client().list_cluster_role_bindings("run"));
    ASSERT_TRUE(bindings);
    ASSERT_EQ(bindings->size(), 1U);
    EXPECT_EQ(bindings->front().name, "b1");
}

TEST_F(KubeClient, NoAnswerBringsItDown) {
    const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
    for (const auto* odd : {"", "null", "[]", "5", "{", "{\"items\":5}", "{\"items\":[5]}",
                            "{\"metadata\":[]}", "{\"status\":\"x\"}", "\xff", deep.c_str(),
                            "{\"items\":[{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":1}}}]}"}) {
        wire.forget();
        const std::string base = "/api/v1/namespaces/default/";
        for (const auto* path : {"pods", "pods/x", "secrets/x", "serviceaccounts/x"}) {
            wire.answer("GET", base + path, 200, odd);
        }
        wire.answer("GET", "/version", 200, odd);
        wire.answer("POST", base + "serviceaccounts/x/token", 201, odd);
        const auto kube = client();
        const auto check = [odd](const auto& result) {
            ASSERT_FALSE(result) << odd;
            EXPECT_EQ(result.error().kind, FailureKind::malformed) << odd;
        };
        check(now(kube.version()));
        check(now(kube.list_pods("default")));
        check(now(kube.pod("default", "x")));
        check(now(kube.secret("default", "x")));
        check(now(kube.service_account("default", "x")));
        check(now(kube.request_token("default", "x", TokenRequest{})));
    }
}

using Event = WatchEvent<Pod>;

/// Opens the watch and takes all that it gives.
Task<Result<std::vector<Event>>> take_all(Client client) {
    auto watch = co_await client.watch_pods("default", "app=web", "12");
    if (!watch) {
        co_return propagate(watch);
    }
    std::vector<Event> events;
    while (true) {
        auto event = co_await watch->next();
        if (!event) {
            co_return propagate(event);
        }
        if (!*event) {
            co_return events;
        }
        events.push_back(std::move(**event));
    }
}

struct PodWatching : KubeClient {
    const std::string path = pods_path +
                             "?watch=1&resourceVersion=12&allowWatchBookmarks=true&timeoutSeconds="
                             "300&labelSelector=app%3Dweb";

    static std::string line(const std::string& type, const Json& object) {
        return Json{{"type", type}, {"object", object}}.dump() + "\n";
    }
};

TEST_F(PodWatching, CutsEventsOutOfWhateverPiecesCome) {
    const std::string all =
        line("ADDED", pod_object("a", "13")) + line("MODIFIED", pod_object("a", "14")) + "\n" +
        line("DELETED", pod_object("a", "15")) +
        line("BOOKMARK", {{"kind", "Pod"}, {"metadata", {{"resourceVersion", "20"}}}});
    for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{100}, all.size()}) {
        std::vector<std::string> pieces;
        for (std::size_t at = 0; at < all.size(); at += size) {
            pieces.push_back(all.substr(at, size));
        }
        wire.stream(path, 200, pieces);
        const auto events = now(take_all(client()));
        ASSERT_TRUE(events) << events.error().message;
        ASSERT_EQ(events->size(), 4U);
        EXPECT_EQ(events->at(0).kind, WatchKind::added);
        EXPECT_EQ(events->at(0).object.meta.name, "a");
        EXPECT_EQ(events->at(1).kind, WatchKind::modified);
        EXPECT_EQ(events->at(1).resource_version, "14");
        EXPECT_EQ(events->at(2).kind, WatchKind::deleted);
        EXPECT_EQ(events->at(3).kind, WatchKind::bookmark);
        EXPECT_EQ(events->at(3).resource_version, "20");
    }
    EXPECT_EQ(header("Authorization"), "Bearer " + token_text);
}

Task<Result<std::optional<WatchEvent<SecretObject>>>> first_secret(Client client) {
    auto watch = co_await client.watch_secrets("default", "app=web", "12", std::chrono::minutes(5));
    if (!watch) {
        co_return propagate(watch);
    }
    co_return co_await watch->next();
}

TEST_F(PodWatching, SecretsAreWatchedLikePods) {
    const std::string secrets = "/api/v1/namespaces/default/secrets";
    const Json object{{"kind", "Secret"},
                      {"metadata", {{"name", "a"}, {"resourceVersion", "13"}}},
                      {"data", {{"key", "dmFsdWU="}}}};
    wire.stream(secrets + path.substr(path.find('?')), 200, {line("MODIFIED", object)});
    const auto event = now(first_secret(client()));
    ASSERT_TRUE(event && *event) << event.error().message;
    EXPECT_EQ((*event)->kind, WatchKind::modified);
    EXPECT_EQ((*event)->object.data.at("key"), "value");
    EXPECT_EQ((*event)->resource_version, "13");
    wire.answer("GET", secrets + "?labelSelector=app%3Dweb", 200,
                Json{{"kind", "SecretList"},
                     {"metadata", {{"resourceVersion", "20"}}},
                     {"items", Json::array({object})}}
                    .dump());
    const auto list = now(client().list_secrets_versioned("default", "app=web"));
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(list->resource_version, "20");
    EXPECT_EQ(list->items.size(), 1U);
}

TEST_F(PodWatching, AnErrorEventSaysWhy) {
    wire.stream(
        path, 200,
        {line("ERROR",
              {{"kind", "Status"}, {"code", 410}, {"message", "too old resource version"}})});
    const auto events = now(take_all(client()));
    ASSERT_TRUE(events) << events.error().message;
    EXPECT_EQ(events->at(0).kind, WatchKind::error);
    EXPECT_EQ(events->at(0).status, 410);
    EXPECT_EQ(events->at(0).error, "too old resource version");
}

TEST_F(PodWatching, RefusesWhatIsNoEvent) {
    for (const auto* piece : {"x\n", "[]\n", "{}\n", "{\"type\":\"ADDED\"}\n",
                              "{\"type\":\"SOMETHING\",\"object\":{}}\n",
                              "{\"type\":\"ADDED\",\"object\":5}\n", "{\"type\":\"BOOKMARK\"}\n",
                              "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}"}) {
        wire.stream(path, 200, {piece});
        const auto events = now(take_all(client()));
        ASSERT_FALSE(events) << piece;
        EXPECT_EQ(events.error().kind, FailureKind::malformed) << piece;
    }
}

TEST_F(PodWatching, WaitsForNoLineWithoutEnd) {
    const std::vector<std::string> pieces(17, std::string(1U << 20, ' '));
    wire.stream(path, 200, pieces);
    const auto events = now(take_all(client()));
    ASSERT_FALSE(events);
    EXPECT_EQ(events.error().message, "watch of pods: malformed answer: a line is over 16 MiB");
    // A refusal is read as far as one goes: this one says why only after its end.
    std::vector<std::string> endless(20, std::string(16U << 10, ' '));
    endless.push_back(status_object(403, "Forbidden", "pods is forbidden"));
    wire.stream(path, 403, endless);
    const auto refused = now(take_all(client()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FailureKind::denied);
    EXPECT_EQ(refused.error().message.find("pods is forbidden"), std::string::npos);
}

TEST_F(PodWatching, TakesALineInManyPieces) {
    const auto text = line("ADDED", pod_object("a", "13")) + line("ADDED", pod_object("b", "14"));
    std::vector<std::string> pieces;
    for (const char c : text) {
        pieces.emplace_back(1, c);
    }
    wire.stream(path, 200, pieces);
    const auto events = now(take_all(client()));
    ASSERT_TRUE(events) << events.error().message;
    ASSERT_EQ(events->size(), 2U);
    EXPECT_EQ(events->at(1).object.meta.name, "b");
}

TEST_F(PodWatching, PassesOnABrokenConnection) {
    wire.stream(path, 200, {line("ADDED", pod_object("a", "13"))},
                Failure{FailureKind::closed, "connection reset", 0, {}});
    const auto events = now(take_all(client()));
    ASSERT_FALSE(events);
    EXPECT_EQ(events.error().kind, FailureKind::closed);
    EXPECT_EQ(events.error().message, "watch of pods: connection reset");
}

TEST_F(PodWatching, ARefusedWatchIsAFailure) {
    const auto text = status_object(403, "Forbidden", "pods is forbidden");
    wire.stream(path, 403, {text.substr(0, 10), text.substr(10)});
    const auto events = now(take_all(client()));
    ASSERT_FALSE(events);
    EXPECT_EQ(events.error().kind, FailureKind::denied);
    EXPECT_EQ(events.error().message,
              "WATCH /api/v1/namespaces/default/pods: 403 pods is forbidden");
}

}  // namespace
}  // namespace meshproof::kube
