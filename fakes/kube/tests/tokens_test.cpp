#include "core/crypto/jwt.hpp"
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

const std::string api = "https://kubernetes.default.svc";

Json claims_of(const std::string& token) {
    return Json::parse(require(crypto::Jwt::decode(token)).claims);
}

/// The API server's date, which somebody may put wrong.
class SteppingDate final : public Clock {
  public:
    explicit SteppingDate(SimClock& right) : right_(right) {}
    [[nodiscard]] Time now() const override { return right_.now() + ahead; }
    [[nodiscard]] Duration elapsed() const override { return right_.elapsed(); }
    [[nodiscard]] Task<bool> rest(Duration duration) override { return right_.rest(duration); }
    Duration ahead{};

  private:
    SimClock& right_;
};

TEST_F(Kube, TokenRequestFillsDefaults) {  // wire contract 164, 165
    const auto account = create_account("app");
    const auto made = call("POST", accounts + "/app/token", Json{{"spec", Json::object()}});
    ASSERT_EQ(made.status, 201);
    EXPECT_EQ(made.body["spec"]["audiences"], Json::array({api}));
    EXPECT_EQ(made.body["spec"]["expirationSeconds"], 3600);
    EXPECT_TRUE(made.body["spec"]["boundObjectRef"].is_null());
    EXPECT_EQ(made.body["metadata"]["name"], "app");
    EXPECT_EQ(made.body["status"]["expirationTimestamp"], rfc3339(clock.now() + 1h));
    const auto claims = claims_of(made.body["status"]["token"]);
    EXPECT_EQ(claims["aud"], Json::array({api}));
    EXPECT_EQ(claims["sub"], "system:serviceaccount:default:app");
    EXPECT_EQ(claims["exp"], claims["iat"].get<std::int64_t>() + 3600);
    EXPECT_EQ(claims["nbf"], claims["iat"]);
    EXPECT_EQ(claims["kubernetes.io"]["serviceaccount"]["uid"], account["metadata"]["uid"]);
}

TEST_F(Kube, TokenRequestRefusesWhatTheServerRefuses) {
    create_account("app");
    const auto path = accounts + "/app/token";
    const auto brief = call("POST", path, Json{{"spec", {{"expirationSeconds", 60}}}});
    EXPECT_EQ(brief.status, 422);
    EXPECT_EQ(brief.body["reason"], "Invalid");
    EXPECT_NE(brief.body["message"].get<std::string>().find(
                  "may not specify a duration less than 10 minutes"),
              std::string::npos);
    const auto limit = std::int64_t{1} << 32;
    EXPECT_EQ(call("POST", path, Json{{"spec", {{"expirationSeconds", limit}}}}).status, 201);
    EXPECT_EQ(call("POST", path, Json{{"spec", {{"expirationSeconds", limit + 1}}}}).status, 422);
    EXPECT_EQ(call("GET", path).status, 405);
    EXPECT_EQ(call("POST", accounts + "/absent/token", Json::object()).status, 404);
    const Json config_map = {{"kind", "ConfigMap"}, {"apiVersion", "v1"}, {"name", "x"}};
    const auto other = call("POST", path, Json{{"spec", {{"boundObjectRef", config_map}}}});
    EXPECT_EQ(other.status, 400);
    EXPECT_EQ(other.body["message"], "cannot bind token to object of type /v1, Kind=ConfigMap");
}

Json pod_reference(const Json& pod) {
    return {{"kind", "Pod"},
            {"apiVersion", "v1"},
            {"name", pod["metadata"]["name"]},
            {"uid", pod["metadata"]["uid"]}};
}

TEST_F(Kube, PodBoundTokensDieWithTheirPod) {  // 160, 161, 186
    create_account("app");
    create_account("other");
    const auto pod = create_pod("p", "app");
    const Json reference = pod_reference(pod);
    const auto token = token_of("app", {{"boundObjectRef", reference}});
    const auto unused = token_of("app", {{"boundObjectRef", reference}});
    EXPECT_EQ(
        call("POST", accounts + "/other/token", Json{{"spec", {{"boundObjectRef", reference}}}})
            .status,
        400);
    auto wrong = reference;
    wrong["uid"] = "0";
    EXPECT_EQ(
        call("POST", accounts + "/app/token", Json{{"spec", {{"boundObjectRef", wrong}}}}).status,
        409);

    auto status = review(token);
    EXPECT_TRUE(status["authenticated"].get<bool>());
    EXPECT_EQ(status["user"]["extra"]["authentication.kubernetes.io/pod-name"], Json::array({"p"}));
    EXPECT_EQ(call("DELETE", pods + "/p").status, 200);
    EXPECT_TRUE(review(token)["authenticated"].get<bool>()) << "remembered for ten seconds";
    status = review(unused);
    EXPECT_FALSE(status.contains("authenticated"));
    EXPECT_EQ(status["error"],
              "[invalid bearer token, service account token has been invalidated]");
    pass_time(11s);
    EXPECT_FALSE(review(token).contains("authenticated"));
    create_pod("p", "app");
    EXPECT_NE(review(token)["error"].get<std::string>().find(
                  "does not match service account pod ref claim"),
              std::string::npos);
}

TEST_F(Kube, KubeletTokensAreExtended) {  // 165
    create_account("app");
    const Json reference = pod_reference(create_pod("p", "app"));
    const auto extended =
        claims_of(token_of("app", {{"expirationSeconds", 3607}, {"boundObjectRef", reference}}));
    const auto iat = extended["iat"].get<std::int64_t>();
    EXPECT_EQ(extended["exp"], iat + 31536000);
    EXPECT_EQ(extended["kubernetes.io"]["warnafter"], iat + 3607);
    const auto unbound = claims_of(token_of("app", {{"expirationSeconds", 3607}}));
    EXPECT_EQ(unbound["exp"], iat + 3607);
    const auto elsewhere = claims_of(token_of(
        "app",
        {{"expirationSeconds", 3607}, {"audiences", {"vault"}}, {"boundObjectRef", reference}}));
    EXPECT_EQ(elsewhere["exp"], iat + 3607);
}

TEST_F(Kube, ReviewTellsWhomATokenSpeaksFor) {  // 158, 159
    const auto account = create_account("app");
    const auto token = token_of("app");
    const auto made = call("POST", reviews, Json{{"spec", {{"token", token}}}});
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.body["kind"], "TokenReview");
    const auto& status = made.body["status"];
    EXPECT_EQ(status["audiences"], Json::array({api}));
    EXPECT_EQ(status["user"]["username"], "system:serviceaccount:default:app");
    EXPECT_EQ(status["user"]["uid"], account["metadata"]["uid"]);
    EXPECT_EQ(status["user"]["groups"],
              Json::array({"system:serviceaccounts", "system:serviceaccounts:default",
                           "system:authenticated"}));
    EXPECT_EQ(status["user"]["extra"]["authentication.kubernetes.io/credential-id"][0]
                  .get<std::string>()
                  .substr(0, 4),
              "JTI=");
    EXPECT_EQ(call("GET", reviews).status, 405);
    EXPECT_EQ(
        call("POST", "/apis/authentication.k8s.io/v1beta1/tokenreviews", Json::object()).status,
        404);
    const auto empty = call("POST", reviews, Json{{"spec", {{"token", ""}}}});
    EXPECT_EQ(empty.status, 400);
    EXPECT_EQ(empty.body["message"], "token is required for TokenReview in authentication");
    EXPECT_EQ(call("POST", reviews).status, 400);
}

TEST_F(Kube, ReviewSaysWhyNot) {  // 160
    create_account("app");
    EXPECT_EQ(review("garbage")["error"], "invalid bearer token");
    EXPECT_EQ(review("garbage")["user"], Json::object());
    const auto token = token_of("app", {{"audiences", {"vault"}}});
    EXPECT_EQ(
        review(token)["error"],
        "[invalid bearer token, token audiences [\"vault\"] is invalid for the target audiences "
        "[\"https://kubernetes.default.svc\"]]");
    EXPECT_EQ(review(token, {"vault", "more"})["audiences"], Json::array({"vault"}));
    auto forged = token;
    forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
    EXPECT_EQ(review(forged, Json::array({"vault"}))["error"],
              "[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]");
}

TEST_F(Kube, TokensExpire) {
    create_account("app");
    const auto token = token_of("app", {{"expirationSeconds", 600}});
    pass_time(599s);
    EXPECT_TRUE(review(token)["authenticated"].get<bool>());
    pass_time(12s);
    EXPECT_EQ(review(token)["error"], "[invalid bearer token, service account token has expired]");
    EXPECT_EQ(call("GET", accounts, std::nullopt, token).status, 401);
}

TEST_F(Kube, DeletedAccountLivesTenSecondsInMemory) {  // 161
    create_account("app");
    const auto used = token_of("app");
    const auto unused = token_of("app");
    EXPECT_TRUE(review(used)["authenticated"].get<bool>());
    EXPECT_EQ(call("DELETE", accounts + "/app").status, 200);
    EXPECT_TRUE(review(used)["authenticated"].get<bool>());
    EXPECT_EQ(review(unused)["error"], "[invalid bearer token, serviceaccounts \"app\" not found]");
    pass_time(10s);
    EXPECT_FALSE(review(used).contains("authenticated"));
    create_account("app");
    EXPECT_NE(review(used)["error"].get<std::string>().find("does not match claim"),
              std::string::npos);
}

TEST_F(Kube, NoTokenIsRememberedLongerForADateThatStepsBack) {  // 161
    SteppingDate date(clock);
    FakeKubeOptions options;
    options.es256 = true;
    kube = std::make_unique<FakeKube>(options, date);
    create_account("app");
    const auto token = token_of("app", Json{{"expirationSeconds", 86'400}});
    date.ahead = 6h;
    EXPECT_TRUE(review(token)["authenticated"].get<bool>());
    date.ahead = {};
    EXPECT_EQ(call("DELETE", accounts + "/app").status, 200);
    pass_time(10s);
    EXPECT_FALSE(review(token).contains("authenticated"));
    kube.reset();  // before its date
}

TEST_F(Kube, LegacyTokensNeverExpire) {  // 166, 187
    create_account("app");
    Json secret = {{"metadata", {{"name", "old"}}},
                   {"type", "kubernetes.io/service-account-token"}};
    EXPECT_EQ(call("POST", secrets, secret).status, 422);
    secret["metadata"]["annotations"]["kubernetes.io/service-account.name"] = "app";
    EXPECT_EQ(call("POST", secrets, secret).status, 201);
    const auto filled = call("GET", secrets + "/old").body;
    const auto token = from_base64(filled["data"]["token"].get<std::string>()).value();
    EXPECT_EQ(filled["data"]["ca.crt"], to_base64("CA"));
    const auto claims = claims_of(token);
    EXPECT_EQ(claims["iss"], "kubernetes/serviceaccount");
    for (const auto* absent : {"exp", "iat", "nbf", "aud", "jti"}) {
        EXPECT_FALSE(claims.contains(absent)) << absent;
    }
    pass_time(24h * 3650);
    EXPECT_TRUE(review(token)["authenticated"].get<bool>());
    EXPECT_FALSE(review(token, Json::array({"vault"})).contains("authenticated"));
    EXPECT_TRUE(call("GET", secrets + "/old")
                    .body["metadata"]["labels"]
                    .contains("kubernetes.io/legacy-token-last-used"));
    EXPECT_EQ(call("DELETE", secrets + "/old").status, 200);
    pass_time(11s);
    EXPECT_EQ(review(token)["error"], "[invalid bearer token, Token has been invalidated]");
    secret["metadata"]["annotations"]["kubernetes.io/service-account.name"] = "nobody";
    EXPECT_EQ(call("POST", secrets, secret).status, 201);
    EXPECT_EQ(call("GET", secrets + "/old").status, 404) << "removed: no such account";
}

TEST_F(Kube, PublishesItsKey) {  // 168
    create_account("app");
    const auto token = token_of("app");
    const auto config = call("GET", "/.well-known/openid-configuration", std::nullopt, token);
    ASSERT_EQ(config.status, 200);
    EXPECT_EQ(config.body["issuer"], api);
    EXPECT_EQ(config.raw.headers.find("Cache-Control"), "public, max-age=3600");
    const auto keys = call("GET", "/openid/v1/jwks", std::nullopt, token);
    EXPECT_EQ(keys.raw.headers.find("Content-Type"), "application/jwk-set+json");
    EXPECT_EQ(keys.body["keys"][0]["kid"], require(crypto::Jwt::decode(token)).key_id);
    EXPECT_EQ(call("GET", "/openid/v1/jwks", std::nullopt, "").status, 403);
    EXPECT_EQ(
        call("GET", "/openid/v1/jwks", std::nullopt, token, "", {{"Accept", "application/json"}})
            .status,
        406);
}

}  // namespace
}  // namespace meshproof::fakes
