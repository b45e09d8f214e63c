// A login in the headers of another request, as OpenBao has it.
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"
#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string parameter(const Json& key, const Json& value) {
    return to_base64url(Json{{"key", key}, {"value", value}}.dump());
}

}  // namespace

class InlineLogin : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        wire.answer = [](const http::Request&) -> Result<http::Response> {
            const Json user{{"username", "system:serviceaccount:ns:app"}, {"uid", "u1"}};
            const Json status{
                {"authenticated", true}, {"user", user}, {"audiences", Json::array({"vault"})}};
            const Json review{{"kind", "TokenReview"}, {"status", status}};
            http::Response response;
            response.status = 201;
            response.body = review.dump();
            return response;
        };
        ASSERT_EQ(put("sys/auth/c1", {{"type", "kubernetes"}}).status, 204);
        const Json config{{"kubernetes_host", "https://kube:6443/"}, {"kubernetes_ca_cert", "ca"}};
        ASSERT_EQ(put("auth/c1/config", config).status, 204);
        policy("reader", "path \"sys/mounts\" { capabilities = [\"read\"] }");
        role(Json::object());
    }

    void role(Json more) {
        Json body{{"bound_service_account_names", "app"},
                  {"bound_service_account_namespaces", "ns"},
                  {"token_policies", "reader"}};
        body.update(more);
        ASSERT_EQ(put("auth/c1/role/r", std::move(body)).status, 204);
    }

    [[nodiscard]] std::string jwt() const {
        static const auto key = crypto::Key::generate(crypto::KeyType::p256);
        const auto now = unix_seconds(clock.now());
        const Json account{{"name", "app"}, {"uid", "u1"}};
        const Json claims{{"aud", Json::array({"vault"})},
                          {"exp", now + 3600},
                          {"iat", now},
                          {"nbf", now},
                          {"sub", "system:serviceaccount:ns:app"},
                          {"kubernetes.io", {{"namespace", "ns"}, {"serviceaccount", account}}}};
        return crypto::sign_jwt(claims.dump(), "k1", key).reveal();
    }

    Reply read(const Headers& more = {}, std::string path = "sys/mounts", std::string token = "") {
        Headers headers{{"X-Vault-Inline-Auth-Path", "auth/c1/login"},
                        {"X-Vault-Inline-Auth-Parameter-role", parameter("role", "r")},
                        {"X-Vault-Inline-Auth-Parameter-jwt", parameter("jwt", jwt())}};
        headers.insert(headers.end(), more.begin(), more.end());
        return ask({.method = "GET",
                    .path = std::move(path),
                    .token = std::move(token),
                    .headers = std::move(headers)});
    }
};

TEST_P(InlineLogin, IsOpenBaosAlone) {
    const auto reply = read();
    EXPECT_EQ(reply.status, openbao() ? 200 : 403) << reply.body;
    EXPECT_EQ(reply.error(), openbao() ? "" : "permission denied");
    EXPECT_EQ(wire.seen.size(), openbao() ? 1U : 0U);
}

TEST_P(InlineLogin, LeavesNoTokenBehind) {
    const auto before = fake->save().at("tokens");
    EXPECT_EQ(read().status, openbao() ? 200 : 403);
    EXPECT_EQ(fake->save().at("tokens"), before);
}

TEST_P(InlineLogin, HasNoMoreRightsThanItsRole) {
    const auto reply = read({}, "sys/auth");
    EXPECT_EQ(reply.status, 403);
    EXPECT_EQ(reply.error(), openbao() ? multi_denied : "permission denied");
}

TEST_P(InlineLogin, CannotCountUses) {
    role({{"token_num_uses", 3}});
    EXPECT_EQ(read().status, openbao() ? 500 : 403);
}

TEST_P(InlineLogin, TellsWhatTheLoginSaid) {
    if (!openbao()) {
        return;
    }
    const auto refused =
        read({{"X-Vault-Inline-Auth-Parameter-role", parameter("role", "nobody")}});
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.error(), "invalid role name \"nobody\"");
    EXPECT_EQ(refused.headers.find("X-Vault-Inline-Auth-Failed"), "true");
    wire.answer = nullptr;
    const auto unknown = read();
    EXPECT_EQ(unknown.status, 403);
    EXPECT_EQ(unknown.error(), "failed to perform inline authentication: permission denied");
    EXPECT_FALSE(unknown.headers.find("X-Vault-Inline-Auth-Failed"));
}

TEST_P(InlineLogin, RefusesHeadersThatItCannotRead) {
    if (!openbao()) {
        return;
    }
    const auto told = [](const Reply& reply) {
        constexpr std::string_view front = "failed to perform inline authentication: ";
        EXPECT_EQ(reply.status, 500) << reply.body;
        EXPECT_TRUE(reply.error().starts_with(front)) << reply.body;
        return reply.error().substr(std::min(front.size(), reply.error().size()));
    };
    const auto parameter_of = [&](std::string value) {
        return told(read({{"X-Vault-Inline-Auth-Parameter-any", std::move(value)}}));
    };
    EXPECT_EQ(parameter_of(to_base64("{\"key\":\"a\"}")),
              "failed raw url-safe base64 decoding header value");
    EXPECT_EQ(parameter_of(to_base64url(std::string(100'000, '['))),
              "failed json decoding header value");
    EXPECT_EQ(parameter_of(to_base64url("{\"key\":\"\xff\"}")),
              "decoded header lacked `value` field");
    EXPECT_EQ(parameter_of(parameter(1, 2)), "decoded header had incorrect type for `key` field");
    EXPECT_EQ(told(read({{"X-Vault-Inline-Auth-Operation", "list"}})),
              "expected a valid login operation in X-Vault-Inline-Auth-Operation");
    EXPECT_EQ(told(read({{"X-Vault-Inline-Auth-Namespace", "nowhere"}})),
              "inline auth namespace was not found");
    EXPECT_EQ(told(read({}, "sys/mounts", "root")),
              "cannot layer inline authentication with token authentication");
}

MESHPROOF_BOTH_PRODUCTS(InlineLogin);

}  // namespace meshproof::fakes::vault
