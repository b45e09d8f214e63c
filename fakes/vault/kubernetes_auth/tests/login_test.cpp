#include "core/base/text.hpp"
#include "core/crypto/certificate.hpp"
#include "core/crypto/jwt.hpp"
#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

using namespace std::chrono_literals;

namespace {

// One signature key of the stand-in cluster, made once.
const crypto::Key& cluster_key() {
    static const auto key = crypto::Key::generate(crypto::KeyType::p256);
    return key;
}

std::string unsigned_jwt(const Json& header, const Json& claims,
                         std::string_view signature = "abc") {
    return fmt::format("{}.{}.{}", to_base64url(header.dump()), to_base64url(claims.dump()),
                       to_base64url(signature));
}

constexpr auto api_audience = "https://kubernetes.default.svc";

}  // namespace

class Kubernetes : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        prepare();
    }

    void prepare() {
        wire.answer = [this](const http::Request& request) -> Result<http::Response> {
            http::Response response;
            response.status = review_status;
            response.body = review_body.empty() ? reviewed(request).dump() : review_body;
            return response;
        };
        ASSERT_EQ(put("sys/auth/c1", {{"type", "kubernetes"}}).status, 204);
        ASSERT_EQ(put("auth/c1/config",
                      {{"kubernetes_host", "https://kube:6443/"}, {"kubernetes_ca_cert", "ca"}})
                      .status,
                  204);
        ASSERT_EQ(put("auth/c1/role/r", role()).status, 204);
    }

    [[nodiscard]] static Json role() {
        return {{"bound_service_account_names", "app"},
                {"bound_service_account_namespaces", "ns"},
                {"policies", "P,b"},
                {"ttl", "1h"}};
    }

    [[nodiscard]] Json reviewed(const http::Request& /*request*/) const {
        Json status{{"authenticated", true},
                    {"user", {{"username", username}, {"uid", uid}}},
                    {"audiences", audiences}};
        status.update(status_change);
        return {{"kind", "TokenReview"}, {"status", std::move(status)}};
    }

    [[nodiscard]] Json claims() const {
        const auto now = unix_seconds(clock.now());
        return {{"aud", {api_audience}},
                {"exp", now + 3600},
                {"iat", now},
                {"nbf", now},
                {"iss", api_audience},
                {"sub", "system:serviceaccount:ns:app"},
                {"kubernetes.io",
                 {{"namespace", "ns"}, {"serviceaccount", {{"name", "app"}, {"uid", "u1"}}}}}};
    }
    [[nodiscard]] std::string jwt(Json change = Json::object()) const {
        auto all = claims();
        all.merge_patch(change);
        return crypto::sign_jwt(all.dump(), "k1", cluster_key()).reveal();
    }
    [[nodiscard]] Reply login(std::string token, std::string role_name = "r") {
        return put("auth/c1/login", {{"role", std::move(role_name)}, {"jwt", std::move(token)}},
                   "");
    }
    [[nodiscard]] std::string logged_in() {
        const auto reply = login(jwt());
        EXPECT_EQ(reply.status, 200) << reply.body;
        return reply.json["auth"]["client_token"];
    }
    void expect_refusal(const std::string& token, std::string_view text, int status = 403) {
        const auto reply = login(token);
        EXPECT_EQ(reply.status, status) << text;
        EXPECT_EQ(reply.error(), text);
    }
    /// Writes these fields alone. The refusal; null where it was taken.
    [[nodiscard]] Json change_role(const Json& fields) {
        const auto reply = put("auth/c1/role/r", fields);
        return reply.status == 204 ? Json() : Json(reply.error());
    }
    [[nodiscard]] Json write_role(const Json& change) {
        auto all = role();
        all.update(change);
        return change_role(all);
    }

    static constexpr auto denied = "permission denied";
    int review_status = 201;
    std::string review_body;
    std::string username = "system:serviceaccount:ns:app";
    std::string uid = "u1";
    Json audiences = {api_audience};
    Json status_change = Json::object();
};
MESHPROOF_BOTH_PRODUCTS(Kubernetes);

TEST_P(Kubernetes, ALoginLooksLikeThis) {
    const auto reply = login(jwt(), "R");
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_TRUE(reply.data().is_null());
    const auto& auth = reply.json["auth"];
    EXPECT_EQ(auth["policies"], Json({"b", "default", "p"}));
    EXPECT_EQ(auth["token_policies"], auth["policies"]);
    EXPECT_EQ(auth["metadata"], Json({{"role", "R"},
                                      {"service_account_name", "app"},
                                      {"service_account_namespace", "ns"},
                                      {"service_account_secret_name", ""},
                                      {"service_account_uid", "u1"}}));
    EXPECT_EQ(auth["lease_duration"], 3600);
    EXPECT_EQ(auth["renewable"], true);
    EXPECT_EQ(auth["orphan"], true);
    EXPECT_EQ(auth["token_type"], "service");
    EXPECT_EQ(auth["num_uses"], 0);
    EXPECT_TRUE(auth["mfa_requirement"].is_null());
    EXPECT_EQ(login(jwt()).json["auth"]["entity_id"], auth["entity_id"]);
    const auto looked = get("auth/token/lookup-self", auth["client_token"]).data();
    EXPECT_EQ(looked["display_name"], "c1-ns-app");
    EXPECT_EQ(looked["path"], "auth/c1/login");
}

TEST_P(Kubernetes, TheTokenReviewIsOnePost) {
    const auto token = jwt();
    ASSERT_EQ(login(token).status, 200);
    ASSERT_EQ(wire.seen.size(), 1U);
    const auto& [endpoint, request] = wire.seen[0];
    EXPECT_EQ(endpoint.url.origin(), "https://kube:6443");
    EXPECT_EQ(endpoint.timeout, 90s);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/apis/authentication.k8s.io/v1/tokenreviews");
    EXPECT_EQ(request.headers.find("Content-Type"), "application/json");
    EXPECT_EQ(request.headers.find("Accept"), "application/json");
    EXPECT_EQ(request.headers.find("Authorization"), "Bearer " + token);
    const auto metadata = openbao() ? Json::object() : Json({{"creationTimestamp", Json()}});
    EXPECT_EQ(request.body, Json({{"metadata", metadata},
                                  {"spec", {{"token", token}, {"audiences", {api_audience}}}},
                                  {"status", {{"user", Json::object()}}}})
                                .dump());
    // With a reviewer's token that one asks; a role's audience is asked for instead of the token's
    // own.
    const auto reviewer = jwt({{"sub", "reviewer"}});
    ASSERT_EQ(put("auth/c1/config", {{"kubernetes_host", "https://kube"},
                                     {"kubernetes_ca_cert", "ca"},
                                     {"token_reviewer_jwt", reviewer}})
                  .status,
              204);
    ASSERT_TRUE(write_role({{"audience", "vault"}}).is_null());
    audiences = {"vault"};
    ASSERT_EQ(login(jwt({{"aud", {"vault", "x"}}})).status, 200);
    EXPECT_EQ(wire.seen[1].second.headers.find("Authorization"), "Bearer " + reviewer);
    EXPECT_EQ(Json::parse(wire.seen[1].second.body)["spec"]["audiences"], Json({"vault"}));
}

// What is trimmed of a reviewer's token is its end: it stands behind "Bearer " in the header.
TEST_P(Kubernetes, AReviewersTokenIsSentAsItIs) {
    const auto reviewer = jwt({{"sub", "reviewer"}});
    const auto sent = [&](const std::string& token) {
        EXPECT_EQ(put("auth/c1/config", {{"kubernetes_host", "https://kube"},
                                         {"kubernetes_ca_cert", "ca"},
                                         {"token_reviewer_jwt", token}})
                      .status,
                  204);
        wire.seen.clear();
        (void)login(jwt());
        return wire.seen.empty() ? std::string()
                                 : wire.seen[0].second.headers.find("Authorization").value_or("");
    };
    EXPECT_EQ(sent(reviewer + " \n"), "Bearer " + reviewer);
    EXPECT_EQ(sent(" " + reviewer), "Bearer  " + reviewer);
    // No header holds such: nobody is asked.
    EXPECT_EQ(sent("\n" + reviewer), "");
    EXPECT_EQ(login(jwt()).status, 403);
}

TEST_P(Kubernetes, ChecksComeInOrder) {
    const auto refusal = [&](Json body) {
        return put("auth/c1/login", std::move(body), "").error();
    };
    EXPECT_EQ(refusal({}), "missing role");
    EXPECT_EQ(refusal({{"role", "r"}}), "missing jwt");
    EXPECT_EQ(refusal({{"role", "x"}, {"jwt", "y"}}), "invalid role name \"x\"");
    ASSERT_EQ(put("sys/auth/c2", {{"type", "kubernetes"}}).status, 204);
    ASSERT_EQ(put("auth/c2/role/r", role()).status, 204);
    const auto unset = put("auth/c2/login", {{"role", "r"}, {"jwt", jwt()}}, "");
    EXPECT_EQ(unset.status, 500);
    EXPECT_EQ(unset.error(), "could not load backend configuration");
    ASSERT_TRUE(write_role({{"token_bound_cidrs", "10.0.0.0/8"}}).is_null());
    expect_refusal(jwt(), denied);
    ASSERT_TRUE(write_role({{"token_bound_cidrs", "127.0.0.0/8"}}).is_null());
    EXPECT_EQ(login(jwt()).status, 200);
    EXPECT_EQ(get("auth/c1/login", "").error(), "unsupported operation");
    EXPECT_EQ(put("auth/c1/login", {{"role", "r"}, {"jwt", jwt()}}, "garbage").status, 200);
}

TEST_P(Kubernetes, FormsThatCannotBeRead) {
    for (const auto* token : {"zzz", "a.b.c", "a.b"}) {
        expect_refusal(token, denied);
    }
    EXPECT_EQ(login(" " + jwt()).status, openbao() ? 403 : 200);
    EXPECT_EQ(login(jwt() + "\n").status, 200);
}

TEST_P(Kubernetes, AlgorithmsWithoutKeys) {
    const auto named =
        "invalid algorithm (alg) header parameter: token signed with unexpected algorithm";
    for (const auto* algorithm : {"RS256", "RS512", "ES256", "ES512"}) {
        EXPECT_EQ(login(unsigned_jwt({{"alg", algorithm}}, claims())).status, 200) << algorithm;
    }
    for (const auto* algorithm : {"EdDSA", "PS256"}) {
        expect_refusal(unsigned_jwt({{"alg", algorithm}}, claims()), named);
    }
    for (const auto* algorithm : {"HS256", "none"}) {
        expect_refusal(unsigned_jwt({{"alg", algorithm}}, claims()), openbao() ? denied : named);
    }
}

TEST_P(Kubernetes, KeysAreCheckedBeforeAnyCall) {
    const auto configure = [&](const std::string& pem) {
        return put(
            "auth/c1/config",
            {{"kubernetes_host", "https://kube"}, {"kubernetes_ca_cert", "ca"}, {"pem_keys", pem}});
    };
    ASSERT_EQ(configure(cluster_key().public_key().pem()).status, 204);
    EXPECT_EQ(login(jwt()).status, 200);
    EXPECT_EQ(wire.seen.size(), 1U);
    expect_refusal(unsigned_jwt({{"alg", "ES256"}}, claims()), denied);
    expect_refusal(unsigned_jwt({{"alg", "EdDSA"}}, claims()), denied);
    EXPECT_EQ(wire.seen.size(), 1U);
    review_status = 401;
    expect_refusal(jwt(), denied);
    EXPECT_EQ(configure("junk").error(),
              openbao() ? "data does not contain any valid public keys"
                        : "data does not contain any valid RSA or ECDSA public keys");
    const auto ed25519 = crypto::Key::generate(crypto::KeyType::ed25519).public_key().pem();
    EXPECT_EQ(configure(ed25519).status, openbao() ? 204 : 400);
}

TEST_P(Kubernetes, TimesHaveAMinuteOfLeeway) {
    const auto now = unix_seconds(clock.now());
    EXPECT_EQ(login(jwt({{"exp", now - 30}})).status, 200);
    expect_refusal(jwt({{"exp", now - 61}}),
                   "invalid expiration time (exp) claim: token is expired");
    EXPECT_EQ(login(jwt({{"nbf", now + 60}})).status, 200);
    expect_refusal(jwt({{"nbf", now + 61}}), "invalid not before (nbf) claim: token not yet valid");
    expect_refusal(jwt({{"iat", now + 61}}),
                   "invalid issued at (iat) claim: token issued in the future");
    expect_refusal(jwt({{"nbf", now + 61}, {"exp", now - 61}}),
                   "invalid not before (nbf) claim: token not yet valid");
    // Without exp it is 150 s after the later of the two.
    const Json old{{"exp", nullptr}, {"iat", now - 210}, {"nbf", now - 300}};
    EXPECT_EQ(login(jwt(old)).status, 200);
    const Json older{{"exp", nullptr}, {"iat", now - 211}, {"nbf", now - 300}};
    expect_refusal(jwt(older), "invalid expiration time (exp) claim: token is expired");
}

TEST_P(Kubernetes, AudienceAndIssuer) {
    ASSERT_TRUE(write_role({{"audience", "vault"}}).is_null());
    expect_refusal(
        jwt(), "invalid audience (aud) claim: audience claim does not match any expected audience");
    ASSERT_TRUE(write_role({{"audience", ""}}).is_null());
    ASSERT_EQ(put("auth/c1/config", {{"kubernetes_host", "https://kube"},
                                     {"kubernetes_ca_cert", "ca"},
                                     {"issuer", "other"},
                                     {"disable_iss_validation", false}})
                  .status,
              204);
    expect_refusal(jwt(), "invalid issuer (iss) claim");
    expect_refusal(
        jwt({{"iss", "other"}, {"aud", "text"}}),
        openbao()
            ? "decoding failed due to the following error(s):\n\n'aud' source data must be an "
              "array "
              "or slice, got string"
            : "1 error(s) decoding:\n\n* 'aud': source data must be an array or slice, got string",
        500);
}

TEST_P(Kubernetes, BindingsAreTold) {
    const auto account = [&](const char* name, const char* ns) {
        return jwt({{"kubernetes.io", {{"namespace", ns}, {"serviceaccount", {{"name", name}}}}}});
    };
    const auto name = "service account name not authorized";
    const auto place = "namespace not authorized";
    expect_refusal(account("other", "ns"), name);
    expect_refusal(account("app", "other"), place);
    expect_refusal(account("other", "other"), openbao() ? name : place);
    expect_refusal(jwt({{"kubernetes.io", nullptr}}), openbao() ? name : place);
    ASSERT_TRUE(write_role({{"bound_service_account_names", "ap*"},
                            {"bound_service_account_namespaces", "*"}})
                    .is_null());
    EXPECT_EQ(login(jwt()).status, 200);
    const auto empty_uid = jwt({{"kubernetes.io", {{"serviceaccount", {{"uid", ""}}}}}});
    expect_refusal(empty_uid, openbao() ? denied : "could not parse UID from claims",
                   openbao() ? 403 : 500);
}

TEST_P(Kubernetes, EveryFailureOfTheReviewLooksTheSame) {
    const auto token = jwt();
    for (const int status : {401, 403, 500, 503, 207}) {
        review_status = status;
        expect_refusal(token, denied);
    }
    review_status = 200;
    EXPECT_EQ(login(token).status, 200);
    for (const auto& change :
         {Json{{"authenticated", false}}, Json{{"error", "x"}}, Json{{"audiences", {"other"}}},
          Json{{"audiences", nullptr}}, Json{{"user", {{"username", "bob"}, {"uid", "u1"}}}},
          Json{{"user", {{"username", username}, {"uid", "u2"}}}},
          Json{{"user", {{"username", "system:serviceaccount:ns:zz"}, {"uid", "u1"}}}}}) {
        status_change = change;
        expect_refusal(token, denied);
    }
    status_change = Json::object();
    for (const auto* junk : {"junk", "{}", "[]"}) {
        review_body = junk;
        expect_refusal(token, denied);
    }
    for (const auto kind : {FailureKind::unreachable, FailureKind::tls, FailureKind::timed_out}) {
        wire.answer = [kind](const http::Request&) -> Result<http::Response> {
            return tl::unexpected(Failure{kind, "x", 0, {}});
        };
        expect_refusal(token, denied);
    }
}

TEST_P(Kubernetes, LegacyTokens) {
    audiences = nullptr;
    const auto legacy =
        crypto::sign_jwt(Json{{"iss", "kubernetes/serviceaccount"},
                              {"kubernetes.io/serviceaccount/namespace", "ns"},
                              {"kubernetes.io/serviceaccount/secret.name", "sec"},
                              {"kubernetes.io/serviceaccount/service-account.name", "app"},
                              {"kubernetes.io/serviceaccount/service-account.uid", "u1"}}
                             .dump(),
                         "k", cluster_key())
            .reveal();
    const auto reply = login(legacy);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.json["auth"]["metadata"]["service_account_secret_name"], "sec");
    EXPECT_FALSE(Json::parse(wire.seen.back().second.body)["spec"].contains("audiences"));
}

TEST_P(Kubernetes, Configuration) {
    EXPECT_EQ(put("auth/c1/config").error(), "no host provided");
    EXPECT_EQ(
        put("auth/c1/config", {{"kubernetes_host", "x"}}).error(),
        "open /var/run/secrets/kubernetes.io/serviceaccount/ca.crt: no such file or directory");
    EXPECT_EQ(
        put("auth/c1/config", {{"kubernetes_host", "x"}, {"disable_local_ca_jwt", true}}).error(),
        "kubernetes_ca_cert must be given when disable_local_ca_jwt is true");
    const auto reviewer = put(
        "auth/c1/config",
        {{"kubernetes_host", "x"}, {"kubernetes_ca_cert", "ca"}, {"token_reviewer_jwt", "abc"}});
    EXPECT_EQ(reviewer.status, openbao() ? 204 : 500);
    const auto config = get("auth/c1/config");
    EXPECT_EQ(config.data().contains("token_reviewer_jwt_set"), openbao());
    EXPECT_EQ(config.body.find("abc"), std::string::npos);
    EXPECT_EQ(config.data()["disable_iss_validation"], true);
    EXPECT_EQ(remove("auth/c1/config").status, 405);
    const auto braced = put(
        "auth/c1/config",
        {{"kubernetes_host", "x"}, {"kubernetes_ca_cert", "ca"}, {"token_reviewer_jwt", "{{x}}"}});
    EXPECT_EQ(braced.error(), openbao() ? ""
                                        : "1 error occurred:\n\t* invalid character '{' looking "
                                          "for beginning of object key string\n\n");
    ASSERT_EQ(put("sys/auth/c2", {{"type", "kubernetes"}}).status, 204);
    EXPECT_EQ(get("auth/c2/config").status, 404);
}

TEST_P(Kubernetes, Roles) {
    EXPECT_EQ(put("auth/c1/role/n").error(), "\"bound_service_account_names\" can not be empty");
    EXPECT_TRUE(put("auth/c1/role/n", {{"bound_service_account_names", "a"}})
                    .error()
                    .starts_with("\"bound_service_account_namespaces\" can not be empty"));
    EXPECT_EQ(write_role({{"bound_service_account_names", "a,*"}}),
              "can not mix \"*\" with values");
    EXPECT_EQ(write_role({{"ttl", "2h"}, {"max_ttl", "1h"}}),
              "token ttl should not be greater than token max ttl");
    EXPECT_EQ(write_role({{"token_type", "zz"}}), "invalid 'token_type' value \"zz\"");
    EXPECT_EQ(
        write_role({{"token_type", "batch"}, {"token_period", "1h"}}),
        "'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens");
    EXPECT_EQ(
        write_role({{"ttl", "xx"}}),
        fmt::format("error converting input {}for field \"ttl\": time: invalid duration \"xx\"",
                    openbao() ? "" : "xx "));
    // A refused write leaves the role as it was.
    EXPECT_EQ(get("auth/c1/role/R").data()["ttl"], 3600);
    // An update with a part keeps the rest.
    EXPECT_EQ(put("auth/c1/role/r", {{"token_ttl", "5m"}}).status, 204);
    const auto data = get("auth/c1/role/r").data();
    EXPECT_EQ(data["token_ttl"], 300);
    EXPECT_FALSE(data.contains("ttl"));
    EXPECT_EQ(data["bound_service_account_names"], Json({"app"}));
    EXPECT_EQ(data.contains("token_strictly_bind_ip"), openbao());
    EXPECT_EQ(put("auth/c1/role/r", {{"max_ttl", "9999h"}}).status, 200);
    EXPECT_EQ(list("auth/c1/role").data()["keys"], Json({"r"}));
    EXPECT_EQ(remove("auth/c1/role/r").status, 204);
    EXPECT_EQ(get("auth/c1/role/r").status, 404);
    EXPECT_EQ(list("auth/c1/role").status, 404);
}

TEST_P(Kubernetes, RolesNeedCreateOrUpdate) {
    policy("creates", "path \"auth/c1/role/*\" { capabilities = [\"create\"] }");
    const auto token = token_with({"creates"});
    EXPECT_EQ(put("auth/c1/role/new", role(), token).status, 204);
    EXPECT_EQ(put("auth/c1/role/new", role(), token).error(), multi_denied);
    policy("config", "path \"auth/c1/config\" { capabilities = [\"create\"] }");
    EXPECT_EQ(put("auth/c1/config", {}, token_with({"config"})).error(), multi_denied);
}

TEST_P(Kubernetes, WhatALoginGives) {
    ASSERT_TRUE(write_role({{"policies", "root"}}).is_null());
    expect_refusal(jwt(), "auth methods cannot create root tokens", 400);
    ASSERT_TRUE(write_role({{"ttl", "2h"}, {"token_explicit_max_ttl", "1h"}}).is_null());
    const auto capped = login(jwt());
    EXPECT_EQ(capped.json["auth"]["lease_duration"], 3600);
    EXPECT_EQ(
        capped.json["warnings"][0],
        "TTL of \"2h\" exceeded the effective max_ttl of \"1h\"; TTL value is capped accordingly");
    const auto odd = put("auth/c1/login", {{"role", "r"}, {"jwt", jwt()}, {"x", 1}}, "");
    EXPECT_EQ(odd.json["warnings"],
              Json::array({"Endpoint ignored these unrecognized parameters: [x]",
                           capped.json["warnings"][0]}));
    ASSERT_EQ(put("auth/c1/role/bare", {{"bound_service_account_names", "*"},
                                        {"bound_service_account_namespaces", "*"},
                                        {"token_no_default_policy", true},
                                        {"alias_name_source", "serviceaccount_name"}})
                  .status,
              204);
    const auto bare = login(jwt(), "bare");
    EXPECT_EQ(bare.json["auth"]["policies"], Json::array());
    EXPECT_FALSE(bare.json["auth"].contains("token_policies"));
    EXPECT_EQ(bare.json["auth"]["lease_duration"], 2764800);
    EXPECT_NE(bare.json["auth"]["entity_id"], capped.json["auth"]["entity_id"]);
}

TEST_P(Kubernetes, AnEmptyAliasNameSourceIsTheDefaultOfANewRole) {
    const auto written = [&](const char* role, const Json& source) {
        return put(std::string("auth/c1/role/") + role, {{"bound_service_account_names", "a"},
                                                         {"bound_service_account_namespaces", "a"},
                                                         {"alias_name_source", source}});
    };
    const auto wrong =
        "invalid alias_name_source, must be one of: serviceaccount_uid, serviceaccount_name";
    for (const auto* role : {"by-text", "by-null"}) {
        const auto nothing = std::string_view(role) == "by-text" ? Json("") : Json();
        EXPECT_EQ(written(role, nothing).status, 204) << role;
        EXPECT_EQ(get(std::string("auth/c1/role/") + role).data()["alias_name_source"],
                  "serviceaccount_uid");
        EXPECT_EQ(written(role, nothing).error(), wrong) << role;
    }
    EXPECT_EQ(written("other", 0).error(), wrong);
    EXPECT_EQ(written("by-text", "serviceaccount_name").status, 204);
    EXPECT_EQ(put("auth/c1/role/by-text", Json::object()).status, 204);
    EXPECT_EQ(get("auth/c1/role/by-text").data()["alias_name_source"], "serviceaccount_name");
}

TEST_P(Kubernetes, DisablingTheMethodEndsItsServiceTokensOnly) {
    const auto service = logged_in();
    ASSERT_EQ(put("auth/c1/role/b", {{"bound_service_account_names", "app"},
                                     {"bound_service_account_namespaces", "ns"},
                                     {"token_type", "batch"}})
                  .status,
              204);
    const auto batch = login(jwt(), "b").json["auth"];
    EXPECT_EQ(batch["accessor"], "");
    EXPECT_EQ(batch["renewable"], false);
    ASSERT_EQ(remove("sys/auth/c1").status, 204);
    EXPECT_EQ(get("auth/token/lookup-self", service).error(), denied);
    EXPECT_EQ(get("auth/token/lookup-self", batch["client_token"]).status, 200);
    EXPECT_EQ(login(jwt()).error(), denied);
    EXPECT_EQ(put("auth/c1/login").status, 404);
}

TEST_P(Kubernetes, RevokingByPrefixEndsTheLogins) {
    const auto token = logged_in();
    EXPECT_EQ(put("sys/leases/revoke-prefix/auth/c1/login").status, 204);
    EXPECT_EQ(get("auth/token/lookup-self", token).status, 403);
}

TEST_P(Kubernetes, RenewalAsksAgainOnOpenBaoOnly) {
    const auto token = logged_in();
    const auto renew = [&] { return put("auth/token/renew-self", {}, token); };
    ASSERT_EQ(renew().status, 200);
    EXPECT_EQ(wire.seen.size(), openbao() ? 2U : 1U);
    const auto expect_renewal = [&](std::string_view text) {
        const auto reply = renew();
        if (!openbao()) {
            EXPECT_EQ(reply.status, 200) << text;
            return;
        }
        EXPECT_EQ(reply.status, 403);
        EXPECT_EQ(reply.error(),
                  fmt::format("1 error occurred:\n\t* failed to renew entry: {}\n\n", text));
        EXPECT_EQ(get("auth/token/lookup-self", token).status, 200);
    };
    const auto unreviewed =
        "failed to validate token and secret still exist for \"app\" during renewal: permission "
        "denied";
    review_status = 401;
    expect_renewal(unreviewed);
    review_status = 201;
    uid = "u2";
    expect_renewal(unreviewed);
    uid = "u1";
    ASSERT_TRUE(write_role({{"bound_service_account_names", "zz"}}).is_null());
    expect_renewal("service account name not authorized");
    ASSERT_TRUE(write_role({{"audience", "vault"}}).is_null());
    expect_renewal(
        "invalid audience (aud) claim: audience claim does not match any expected audience");
    // The role's present ttl counts on both.
    ASSERT_TRUE(write_role({{"ttl", "20m"}, {"audience", ""}}).is_null());
    EXPECT_EQ(renew().json["auth"]["lease_duration"], 1200);
    EXPECT_EQ(
        put("auth/token/renew-self", {{"increment", "3h"}}, token).json["auth"]["lease_duration"],
        10800);
    pass(1h + 61s);
    expect_renewal("invalid expiration time (exp) claim: token is expired");
    ASSERT_EQ(remove("auth/c1/role/r").status, 204);
    const auto gone = renew();
    EXPECT_EQ(gone.status, 500);
    EXPECT_EQ(
        gone.error(),
        "1 error occurred:\n\t* failed to renew entry: role r does not exist during renewal\n\n");
}

TEST_P(Kubernetes, ASlowApiServerHoldsTheLogin) {
    wire.delay = 90s;
    const auto before = clock.now();
    const auto token = logged_in();
    EXPECT_EQ(clock.now() - before, 90s);
    // The token's time begins when it is made.
    EXPECT_EQ(get("auth/token/lookup-self", token).data()["ttl"], 3600);
}

TEST_P(Kubernetes, ARolesOlderNumberOfUsesIsLookedAtWithTheNextWrite) {
    const std::string negative = "'token_num_uses' cannot be negative";
    EXPECT_EQ(change_role({{"token_num_uses", -1}}), negative);
    ASSERT_TRUE(change_role({{"num_uses", -1}}).is_null());
    const auto role = get("auth/c1/role/r").data();
    EXPECT_EQ(role["token_num_uses"], -1);
    EXPECT_FALSE(role.contains("num_uses"));
    EXPECT_EQ(change_role(Json::object()), negative);
    EXPECT_EQ(change_role({{"num_uses", 2}}), negative);
    EXPECT_EQ(change_role({{"token_type", "x"}}), "invalid 'token_type' value \"x\"");
    EXPECT_TRUE(change_role({{"token_num_uses", 3}}).is_null());
}

TEST_P(Kubernetes, ARoleIsBoundToItsCallersAddressOrToBlocks) {
    const Json conflict =
        openbao()
            ? Json("'token_strictly_bind_ip' conflicts with 'token_bound_cidrs'; set only one")
            : Json();
    EXPECT_EQ(change_role({{"token_strictly_bind_ip", true}, {"token_bound_cidrs", "127.0.0.1"}}),
              conflict);
    ASSERT_TRUE(
        change_role({{"token_strictly_bind_ip", true}, {"token_bound_cidrs", ""}}).is_null());
    // By its older name it is taken, and looked at with the next write.
    ASSERT_TRUE(change_role({{"bound_cidrs", "127.0.0.1"}}).is_null());
    EXPECT_EQ(change_role(Json::object()), conflict);
    EXPECT_TRUE(change_role({{"token_strictly_bind_ip", false}}).is_null());
}

TEST_P(Kubernetes, ASocketIsInQuotesOnceMoreByEachWrite) {
    const auto blocks = [this] { return get("auth/c1/role/r").data()["token_bound_cidrs"]; };
    ASSERT_TRUE(write_role({{"token_bound_cidrs", {"/s", "10.0.0.0/8"}}}).is_null());
    EXPECT_EQ(blocks(), Json({R"("\"/s\"")", "10.0.0.0/8"}));
    ASSERT_TRUE(change_role(Json::object()).is_null());
    EXPECT_EQ(blocks(), Json({R"("\"\\\"/s\\\"\"")", "10.0.0.0/8"}));
    ASSERT_TRUE(change_role({{"bound_cidrs", "/s"}}).is_null());
    ASSERT_TRUE(change_role(Json::object()).is_null());
    EXPECT_EQ(get("auth/c1/role/r").data()["bound_cidrs"], Json({R"("\"\\\"/s\\\"\"")"}));
}

TEST_P(Kubernetes, NamespaceSelector) {
    const Json change{
        {"bound_service_account_namespaces", ""},
        {"bound_service_account_namespace_selector", R"({"matchLabels":{"team":"a"}})"}};
    if (!openbao()) {
        EXPECT_EQ(write_role(change), "\"bound_service_account_namespaces\" can not be empty");
        return;
    }
    for (const auto* wrong : {"x", "{{x}}", "a: {{x}}", "matchLabels: {[x]: b}", "null: b"}) {
        EXPECT_EQ(write_role({{"bound_service_account_namespace_selector", wrong}}),
                  "invalid \"bound_service_account_namespace_selector\" configured")
            << wrong;
    }
    EXPECT_TRUE(
        write_role({{"bound_service_account_namespace_selector", "1: [{a: b}]"}}).is_null());
    ASSERT_TRUE(write_role(change).is_null());
    // A write without it takes it away.
    EXPECT_EQ(change_role(Json::object()),
              "\"bound_service_account_namespaces\" can not be empty if "
              "\"bound_service_account_namespace_selector\" is not set");
    expect_refusal(
        jwt(),
        "namespace not authorized err=namespace lookup failed: TokenReviewer JWT needs to be "
        "configured to use namespace selectors");
    ASSERT_EQ(put("auth/c1/config", {{"kubernetes_host", "https://kube"},
                                     {"kubernetes_ca_cert", "ca"},
                                     {"token_reviewer_jwt", jwt()}})
                  .status,
              204);
    std::string team = "a";
    wire.answer = [&](const http::Request& request) -> Result<http::Response> {
        http::Response response;
        response.body = request.method == "GET"
                            ? Json{{"metadata", {{"labels", {{"team", team}}}}}}.dump()
                            : reviewed(request).dump();
        return response;
    };
    EXPECT_EQ(login(jwt()).status, 200);
    EXPECT_EQ(wire.seen.front().second.target, "/api/v1/namespaces/ns");
    team = "b";
    expect_refusal(jwt(), "namespace not authorized");
}

TEST_P(Kubernetes, LoginsQueueForTheCapacity) {
    const auto measure = [&](bool ignored) {
        FakeVaultOptions options;
        options.sign_service_time = 10ms;
        options.sign_concurrency = 2;
        if (ignored) {
            options.saboteurs.add("capacity/ignored");
        }
        start(std::move(options));
        prepare();
        const auto before = clock.now();
        int done = 0;
        for (int i = 0; i < 10; ++i) {
            http::Request request;
            request.method = "PUT";
            request.target = "/v1/auth/c1/login";
            request.body = Json{{"role", "r"}, {"jwt", jwt()}}.dump();
            boost::asio::co_spawn(
                context, fake->handle(std::move(request), http::Peer{"127.0.0.1", {}}),
                [&done](const std::exception_ptr&, const http::Response& response) {
                    done += response.status == 200 ? 1 : 0;
                });
        }
        clock.run_until([&] { return done == 10; });
        return clock.now() - before;
    };
    EXPECT_EQ(measure(false), 50ms);
    EXPECT_EQ(measure(true), Duration{});
}

TEST_P(Kubernetes, TemplatesAreFilledInByTheLogin) {
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    ASSERT_EQ(put("pki/root/generate/internal",
                  {{"common_name", "r"}, {"key_type", "ec"}, {"ttl", "700h"}})
                  .status,
              200);
    const auto accessor = get("sys/auth/c1").data()["accessor"].get<std::string>();
    const auto entry = fmt::format(
        "spiffe://a.test/{{{{identity.entity.aliases.{0}.metadata.service_account_namespace}}}}/"
        "{{{{identity.entity.aliases.{0}.metadata.service_account_name}}}}",
        accessor);
    ASSERT_EQ(put("pki/roles/r", {{"allowed_uri_sans", Json::array({entry})},
                                  {"allowed_uri_sans_template", true},
                                  {"require_cn", false},
                                  {"key_type", "any"},
                                  {"ttl", "1h"}})
                  .status,
              200);
    policy("p", "path \"pki/*\" { capabilities = [\"update\"] }");
    const auto token = logged_in();
    const auto sign = [&](const char* uri, const std::string& as) {
        crypto::Csr::Spec spec;
        spec.alt_names.uris = {uri};
        const auto csr =
            crypto::Csr::make(spec, crypto::Key::generate(crypto::KeyType::p256)).pem();
        return put("pki/sign/r", {{"csr", csr}}, as).status;
    };
    EXPECT_EQ(sign("spiffe://a.test/ns/app", token), 200);
    EXPECT_EQ(sign("spiffe://a.test/ns/other", token), 400);
    EXPECT_EQ(sign("spiffe://a.test/ns/app", "root"), 400);
}

TEST_P(Kubernetes, ValuesThatAPolicyBarsStopTheToken) {
    const std::string rule =
        "path \"sys/{{identity.entity.metadata.part}}\" { capabilities = [\"read\"] }";
    policy("p", rule);
    const auto reply = login(jwt());
    const auto token = reply.json["auth"]["client_token"].get<std::string>();
    const auto entity = "identity/entity/id/" + reply.json["auth"]["entity_id"].get<std::string>();
    const auto part = [&](const char* value) {
        ASSERT_LT(put(entity, {{"metadata", {{"part", value}}}}).status, 300);
    };
    part("mounts");
    EXPECT_EQ(get("sys/mounts", token).status, 200);
    for (const auto* value : {"a/b", "a*", "+"}) {
        part(value);
        const auto own = get("auth/token/lookup-self", token);
        EXPECT_EQ(own.status, openbao() ? 400 : 200) << value;
        EXPECT_EQ(own.error(), openbao() ? "Forbidden" : "") << value;
        EXPECT_EQ(put("sys/capabilities", {{"token", token}, {"path", "a"}}).status,
                  openbao() ? 403 : 200);
    }
    ASSERT_EQ(put("sys/policies/acl/p",
                  {{"policy", rule}, {"allow_wildcards_in_identity_templates", true}})
                  .status,
              204);
    EXPECT_EQ(get("auth/token/lookup-self", token).status, 200);
}

}  // namespace meshproof::fakes::vault
