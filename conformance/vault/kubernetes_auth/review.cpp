// The TokenReview that a login makes, and what comes of its answers.
#include "conformance/vault/kubernetes_auth/steps.hpp"
#include "core/base/json_text.hpp"

namespace meshproof::conformance {
namespace {

using namespace kubernetes_auth;

http::Response answer(int status, std::string body, std::string type = "application/json") {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", std::move(type));
    response.body = std::move(body);
    return response;
}

}  // namespace

std::vector<Check> vault_kubernetes_auth_review() {
    return {
        {.name = "every-failure-is-the-same",
         .requirement = "Whatever the API server says but yes for this very account and audience, "
                        "the login is 403 \"permission denied\".",
         .rows = {148, 150},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             for (const int status : {401, 403, 500, 503}) {
                 bench.api().answer = answer(status, R"({"kind":"Status","status":"Failure"})");
                 const auto reply = co_await bench.login();
                 probe.expect_plain_error(reply, 403, "permission denied");
             }
             bench.api().answer = answer(201, "no json at all", "text/plain");
             const auto junk = co_await bench.login();
             probe.expect_plain_error(junk, 403, "permission denied");
             bench.api().answer.reset();
             const Json told[] = {Json{{"authenticated", false}},
                                  Json{{"error", "token has expired"}},
                                  Json{{"user", {{"uid", "another"}}}},
                                  Json{{"user", {{"username", "system:serviceaccount:shop:api"}}}},
                                  Json{{"user", {{"username", "jane"}}}},
                                  Json{{"audiences", Json::array({"another"})}}};
             for (const auto& overrides : told) {
                 bench.api().overrides = overrides;
                 const auto reply = co_await bench.login();
                 probe.expect_plain_error(reply, 403, "permission denied");
             }
             bench.api().overrides = Json::object();
             const auto good = co_await bench.login();
             probe.expect_status(good, 200);
         }},

        {.name = "outage-is-the-same",
         .requirement = "An API server that cannot be reached or trusted is 403 \"permission "
                        "denied\" as well.",
         .rows = {148, 138},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             (void)co_await bench.configure(Json{{"kubernetes_host", "https://127.0.0.1:1"}});
             const auto refused = co_await bench.login();
             probe.expect_plain_error(refused, 403, "permission denied");
             const auto foreign = crypto::make_server_credentials("foreign", probe.clock().now(),
                                                                  std::chrono::hours(1));
             (void)co_await bench.configure(Json{{"kubernetes_ca_cert", foreign.ca.pem()}});
             const auto untrusted = co_await bench.login();
             probe.expect_plain_error(untrusted, 403, "permission denied");
             (void)co_await bench.configure(Json{{"kubernetes_ca_cert", "junk"}});
             const auto no_ca = co_await bench.login();
             probe.expect_plain_error(no_ca, 403, "permission denied");
         }},

        {.name = "a-new-ca-meets-new-connections",
         .requirement = "A changed CA holds for new connections only: one that is kept goes on "
                        "serving logins.",
         .rows = {152},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             const auto first = co_await bench.login();
             probe.expect_status(first, 200);
             const auto foreign = crypto::make_server_credentials("foreign", probe.clock().now(),
                                                                  std::chrono::hours(1));
             (void)co_await bench.configure(Json{{"kubernetes_ca_cert", foreign.ca.pem()}});
             const auto kept = co_await bench.login();
             probe.expect_status(kept, 200);
             bench.drop_connections();
             const auto anew = co_await bench.login();
             probe.expect_plain_error(anew, 403, "permission denied");
         }},

        {.name = "a-hanging-api-server",
         .requirement = "An API server that never answers holds a login up for 90 seconds, then it "
                        "is 403.",
         .rows = {148},
         .level = Level::should,
         .features = {Feature::call_back, Feature::patience},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             bench.api().hangs = true;
             const auto before = probe.clock().elapsed();
             const auto reply = co_await bench.login();
             const auto waited = whole_seconds(probe.clock().elapsed() - before);
             probe.expect_plain_error(reply, 403, "permission denied");
             probe.expect(waited >= 85 && waited <= 100, "the login ended after {} s, not after 90",
                          waited);
         }},

        {.name = "the-request",
         .requirement = "The TokenReview has no kind, the reviewer's JWT as bearer, and the JWT "
                        "with its own audiences as spec.",
         .rows = {149},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             const auto jwt = bench.jwt();
             const auto reply = co_await bench.login("app", jwt);
             probe.expect_status(reply, 200);
             if (!probe.expect(bench.api().reviews.size() == 1, "expected one TokenReview, got {}",
                               bench.api().reviews.size())) {
                 co_return;
             }
             const auto& request = bench.api().reviews.front();
             probe.expect_equal(request.method, "POST", "method");
             probe.expect_equal(request.target, "/apis/authentication.k8s.io/v1/tokenreviews",
                                "target");
             probe.expect_equal(request.headers.find("Content-Type").value_or(""),
                                "application/json", "Content-Type");
             probe.expect_equal(request.headers.find("Accept").value_or(""), "application/json",
                                "Accept");
             const auto authorization = request.headers.find("Authorization").value_or("");
             probe.expect(authorization.starts_with("Bearer ") && authorization != "Bearer " + jwt,
                          "the reviewer's JWT is the bearer, not the workload's");
             const auto body = json_or_null(request.body);
             probe.expect_keys(body, {"metadata", "spec", "status"}, "body");
             probe.expect_equal(body.value("metadata", Json()),
                                probe.on(Json::object(), Json{{"creationTimestamp", Json()}}),
                                "metadata");
             const Json spec{{"token", jwt}, {"audiences", Json::array({"vault"})}};
             probe.expect_equal(body.value("spec", Json()), spec,
                                "spec, with the JWT's own audiences");
             const Json status{{"user", Json::object()}};
             probe.expect_equal(body.value("status", Json()), status, "status");
         }},

        {.name = "which-audiences",
         .requirement = "The review's audiences are the role's, else the JWT's own, else none.",
         .rows = {149},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("app", Json{{"audience", "vault"}});
             auto two = bench.claims();
             two["aud"] = Json::array({"vault", "other"});
             (void)co_await bench.login("app", bench.jwt(two));
             co_await bench.role("none");
             auto none = bench.claims();
             none.erase("aud");
             (void)co_await bench.login("none", bench.jwt(none));
             if (!probe.expect(bench.api().reviews.size() == 2, "expected two TokenReviews, got {}",
                               bench.api().reviews.size())) {
                 co_return;
             }
             const auto spec = [&](std::size_t index) {
                 return json_or_null(bench.api().reviews[index].body)
                     .value("spec", Json::object());
             };
             probe.expect_equal(spec(0).value("audiences", Json()), Json::array({"vault"}),
                                "audiences with a role's audience");
             probe.expect(!spec(1).contains("audiences"), "without any audience, none is sent");
         }},

        {.name = "without-a-reviewer",
         .requirement = "Without a reviewer's JWT the login's own is the bearer of its review.",
         .rows = {149, 151},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open(Json{{"token_reviewer_jwt", nullptr}});
             co_await bench.role();
             const auto jwt = bench.jwt();
             const auto reply = co_await bench.login("app", jwt);
             probe.expect_status(reply, 200);
             if (probe.expect(bench.api().reviews.size() == 1, "expected one TokenReview")) {
                 probe.expect(
                     bench.api().reviews.front().headers.find("Authorization").value_or("") ==
                         "Bearer " + jwt,
                     "without a reviewer the login's own JWT is the bearer");
             }
         }},

        {.name = "host-with-a-slash",
         .requirement = "One final slash of the host is cut, and a path before /apis is kept.",
         .rows = {149},
         .level = Level::may,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             const auto read =
                 co_await probe.vault("GET", fmt::format("auth/{}/config", bench.mount()));
             const auto host = read.data().value("kubernetes_host", std::string());
             (void)co_await bench.configure(Json{{"kubernetes_host", host + "/prefix/"}});
             const auto reply = co_await bench.login();
             probe.expect_status(reply, 200);
             if (probe.expect(bench.api().reviews.size() == 1, "expected one TokenReview")) {
                 probe.expect_equal(bench.api().reviews.front().target,
                                    "/prefix/apis/authentication.k8s.io/v1/tokenreviews", "target");
             }
         }},

        {.name = "audiences-of-the-answer",
         .requirement = "Where audiences were sent, the answer must name one of them.",
         .rows = {150},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             bench.api().overrides = Json{{"audiences", Json::array({"else", "vault"})}};
             const auto meeting = co_await bench.login();
             probe.expect_status(meeting, 200);
             bench.api().overrides = Json{{"audiences", nullptr}};
             const auto missing = co_await bench.login();
             probe.expect_plain_error(missing, 403, "permission denied");
         }},
    };
}

}  // namespace meshproof::conformance
