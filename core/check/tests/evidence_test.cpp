// What is kept of a check must hold every request, and no secret.
#include "core/check/evidence.hpp"

#include <gtest/gtest.h>

#include "core/base/text.hpp"
#include "core/check/probe.hpp"
#include "core/crypto/jwt.hpp"
#include "core/http/tests/scripted_transport.hpp"
#include "core/time/sim_clock.hpp"
#include "core/world/tests/stage.hpp"

namespace meshproof::run {
namespace {

TEST(Redactor, KnowsSecretsByTheirFields) {
    Redactor redactor;
    const Json body{{"auth", {{"client_token", "opaque-token-1"}, {"accessor", "an-accessor"}}},
                    {"data", {{"private_key", "opaque-key-22"}, {"keys", {"share-one-1", "k2"}}}}};
    redactor.learn_from(body);
    const auto text = redactor.apply(body.dump() + " opaque-token-1");
    EXPECT_EQ(text.find("opaque"), std::string::npos) << text;
    EXPECT_EQ(text.find("share-one-1"), std::string::npos) << text;
    EXPECT_NE(text.find("$TOKEN_1"), std::string::npos) << text;
    EXPECT_NE(text.find("an-accessor"), std::string::npos) << "an accessor is no secret";
}

TEST(Redactor, NamesOneSecretAlwaysTheSame) {
    Redactor redactor;
    redactor.learn("secret-number-one", "TOKEN");
    redactor.learn("secret-number-two", "TOKEN");
    redactor.learn("secret-number-one", "TOKEN");
    EXPECT_EQ(redactor.apply("secret-number-two secret-number-one"), "$TOKEN_2 $TOKEN_1");
}

TEST(Redactor, TakesTheLongerOfTwoThatOverlap) {
    Redactor redactor;
    redactor.learn("abcdefgh", "KEY");
    redactor.learn("abcdefgh-and-more", "TOKEN");
    EXPECT_EQ(redactor.apply("abcdefgh-and-more"), "$TOKEN_1");
}

TEST(Redactor, LeavesNothingOfSecretsThatOverlap) {
    Redactor redactor;
    redactor.learn("abcdefgh", "KEY");
    redactor.learn("efgh-and-more", "TOKEN");
    redactor.learn("abcdefzz", "OTHER");
    EXPECT_EQ(redactor.apply("<abcdefgh-and-more>"), "<$KEY_1>");
    EXPECT_EQ(redactor.apply("abcdefghabcdefzz"), "$KEY_1$OTHER_1");
    EXPECT_EQ(redactor.apply("abcdefg"), "abcdefg");
}

TEST(Redactor, KnowsASecretWithinJson) {
    Redactor redactor;
    redactor.learn("first line\nsecond \"line\"", "KEY");
    EXPECT_EQ(redactor.apply("first line\nsecond \"line\""), "$KEY_1");
    EXPECT_EQ(redactor.apply(Json{{"k", "first line\nsecond \"line\""}}.dump()),
              R"({"k":"$KEY_1"})");
}

TEST(Redactor, TakesManyNamesInLargeTexts) {
    // Each name begins alike. What looked for each of them in all of the text took minutes here.
    Redactor redactor;
    Json names = Json::array();
    for (int i = 0; i < 50'000; ++i) {
        names.push_back(fmt::format("policy-of-team-{:05}", i));
    }
    const Json list{{"data", {{"keys", names}}}};
    redactor.learn_from(list);
    const auto shown = redactor.apply(list.dump());
    EXPECT_EQ(shown.find("policy-of-team"), std::string::npos);
    EXPECT_NE(shown.find("\"$KEY_50000\""), std::string::npos);
    std::string beginnings;
    for (int i = 0; i < 200'000; ++i) {
        beginnings += "-----BEGIN eyJ";
    }
    EXPECT_EQ(redactor.apply(beginnings), beginnings);
}

TEST(Redactor, FindsAJwtAfterOtherWords) {
    const Redactor redactor;
    const std::string jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
    EXPECT_EQ(redactor.apply("sub.domain." + jwt + " x"), "sub.domain.$JWT x");
    EXPECT_EQ(redactor.apply("a.b.c " + jwt), "a.b.c $JWT");
    EXPECT_EQ(redactor.apply("eyJ.x.y"), "eyJ.x.y");
}

TEST(Redactor, KnowsSecretsByTheirLooks) {
    const Redactor redactor;
    const auto key = crypto::Key::generate(crypto::KeyType::p256);
    for (const auto& secret :
         {key.pkcs8_pem(), key.traditional_pem(),
          crypto::sign_jwt(R"({"sub":"system:serviceaccount:a:b"})", "k", key).reveal(),
          std::string("hvs.CAESIAbcdefghijklmnopqrstuvwxyz0123456789"),
          std::string("s.abcdefghijklmnopqrstuvwx"),
          std::string("hvb.AAAAAQabcdefghijklmnopqrstuvwxyz")}) {
        const auto in_json = Json{{"somewhere", secret}}.dump();
        for (const auto& text : {secret, in_json}) {
            const auto shown = redactor.apply("before " + text + " after");
            const auto middle = secret.substr(secret.size() / 2, 12);
            EXPECT_EQ(shown.find(middle), std::string::npos) << shown;
            EXPECT_TRUE(shown.starts_with("before ")) << shown;
        }
    }
    EXPECT_EQ(redactor.apply("https://kubernetes.default.svc.cluster.local"),
              "https://kubernetes.default.svc.cluster.local");
}

TEST(Redactor, KnowsTheDataOfAKubernetesSecret) {
    Redactor redactor;
    redactor.learn_from(Json{{"kind", "Secret"}, {"data", {{"password", "cGFzc3dvcmQ="}}}});
    EXPECT_EQ(redactor.apply("cGFzc3dvcmQ="), "$SECRET_DATA_1");
}

TEST(Redactor, ReadsHeaders) {
    Redactor redactor;
    redactor.learn_from(http::Headers{{"Authorization", "Bearer bearer-token"}});
    redactor.learn_from(http::Headers{{"X-Vault-Token", "vault-token-x"}});
    EXPECT_EQ(redactor.apply("bearer-token vault-token-x"), "$TOKEN_1 $TOKEN_2");
}

TEST(Redactor, KnowsTheJwtOfAnInlineLogin) {
    Redactor redactor;
    const auto key = crypto::Key::generate(crypto::KeyType::p256);
    const auto jwt = crypto::sign_jwt(R"({"sub":"a-workload"})", "k", key).reveal();
    const auto hidden = to_base64url(Json{{"key", "jwt"}, {"value", jwt}}.dump());
    const auto shown = to_base64url(R"({"key":"role","value":"app"})");
    redactor.learn_from(http::Headers{{"x-vault-inline-auth-parameter-jwt", hidden},
                                      {"X-Vault-Inline-Auth-Parameter-role", shown}});
    EXPECT_EQ(redactor.apply(hidden), "$INLINE_JWT_1");
    EXPECT_EQ(redactor.apply(shown), shown);
}

TEST(ToCurl, IsACommandWithVariablesForSecrets) {
    Exchange exchange;
    exchange.server = "vault";
    exchange.method = "PUT";
    exchange.target = "/v1/pki/sign/r";
    exchange.headers = {{"X-Vault-Token", "$TOKEN_1"}};
    exchange.body = R"({"ttl":"1h"})";
    EXPECT_EQ(to_curl(exchange),
              R"(curl -sS --cacert "$VAULT_CACERT" -X PUT -H "X-Vault-Token: $TOKEN_1" )"
              R"(-H "Content-Type:" --data-binary "{\"ttl\":\"1h\"}" "$VAULT_ADDR/v1/pki/sign/r")");
    Exchange raw;
    raw.server = "kubernetes";
    raw.method = "GET";
    raw.target = "/v1//x";
    EXPECT_EQ(to_curl(raw), R"(curl -sS --cacert "$KUBE_CACERT" --path-as-is "$KUBE_ADDR/v1//x")");
    raw.target = "/x?watch=1";
    raw.headers = {{"Upgrade", "websocket"}};
    EXPECT_EQ(to_curl(raw), R"(curl -sS --cacert "$KUBE_CACERT" -H "Upgrade: websocket" )"
                            R"(--http1.1 -H "Connection: Upgrade" "$KUBE_ADDR/x?watch=1")");
    exchange.body = std::string(200'000, 'x');
    EXPECT_NE(to_curl(exchange).find(R"x(--data-binary "(200000 bytes)")x"), std::string::npos);
}

// ---- through a probe, on the fake

std::vector<Exchange> seen;

Task<void> ask_with_secrets(Environment& environment) {
    auto target = co_await environment.start();
    Survey site;
    site.target = *target;
    site.features = {Feature::vault, Feature::kubernetes};
    Probe probe(environment, site, "r1r1r1", Prng(1));
    const auto token = co_await probe.token(Json{{"policies", "default"}});
    (void)co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(token));
    (void)co_await probe.vault("GET", "no/such/mount", {}, As::nobody());
    const auto ns = co_await probe.kube_namespace();
    co_await probe.service_account(ns, "web");
    (void)co_await probe.service_account_token(ns, "web");
    seen = probe.evidence();
    for (const auto& exchange : seen) {
        for (const auto& text : {exchange.body, exchange.answer}) {
            EXPECT_EQ(text.find(token.reveal()), std::string::npos) << text;
            EXPECT_EQ(text.find(site.target.vaults.front().config.token.reveal()),
                      std::string::npos);
        }
        for (const auto& [name, value] : exchange.headers) {
            EXPECT_EQ(value.find(token.reveal()), std::string::npos) << name;
        }
    }
    EXPECT_TRUE((co_await probe.finish()).empty());
    const auto gone = co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(token));
    EXPECT_EQ(gone.status, 403) << "finish() revokes what was made";
}

TEST(Evidence, TakesAnswersOfAnyDepth) {
    // Looked through level by level, this one ended the process and nothing was cleaned up.
    const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
    http::ScriptedTransport wire;
    wire.answer("PUT", "/v1/x", 200, deep);
    RecordingTransport recorded(wire);
    http::Endpoint endpoint;
    endpoint.url = *http::Url::parse("https://vault.example");
    http::Request request;
    request.method = "PUT";
    request.target = "/v1/x";
    request.body = deep;
    boost::asio::io_context context;
    const auto answer = require(run_real(context, recorded.send(endpoint, request)));
    EXPECT_EQ(answer.body, deep);
    EXPECT_EQ(recorded.evidence().size(), 1U);
}

TEST(Evidence, HoldsEveryExchangeWithoutSecrets) {
    const auto environment = sim(1, 1, 1);
    environment->drive(ask_with_secrets(*environment));
    ASSERT_EQ(seen.size(), 6U);
    EXPECT_EQ(seen[0].server, "vault");
    EXPECT_EQ(seen[0].target, "/v1/auth/token/create");
    EXPECT_EQ(seen[0].headers.at(1).second, "$VAULT_TOKEN");
    EXPECT_EQ(seen[1].status, 200);
    EXPECT_EQ(seen[2].status, 403);
    EXPECT_EQ(seen[5].server, "kubernetes");
    EXPECT_NE(seen[5].answer.find("\"token\":\"$TOKEN_"), std::string::npos) << seen[5].answer;
}

}  // namespace
}  // namespace meshproof::run
