#include "core/check/by_hand.hpp"

#include <gtest/gtest.h>

#include "core/check/evidence.hpp"

namespace meshproof::run {
namespace {

Exchange asked(std::string method, std::string target, std::string body, std::string answer) {
    Exchange exchange;
    exchange.server = "vault";
    exchange.method = std::move(method);
    exchange.target = std::move(target);
    exchange.body = std::move(body);
    exchange.status = 200;
    exchange.answer = std::move(answer);
    return exchange;
}

TEST(ByHand, TakesFromAnAnswerWhatALaterRequestSaysAgain) {
    auto use = asked("GET", "/v1/auth/token/lookup-self", "", "{}");
    use.headers = {{"X-Vault-Token", "$TOKEN_1"}};
    const auto pasted =
        by_hand({asked("PUT", "/v1/auth/token/create", R"({"ttl":"1h"})",
                       R"({"auth":{"client_token":"$TOKEN_1","accessor":"abcdefghij0123456789"}})"),
                 use,
                 asked("PUT", "/v1/auth/token/revoke-accessor",
                       R"({"accessor":"abcdefghij0123456789"})", "")},
                {});
    ASSERT_EQ(pasted.steps.size(), 3U);
    const auto& first = pasted.steps[0];
    EXPECT_TRUE(first.starts_with("ANSWER=$(curl -sS ")) << first;
    EXPECT_NE(first.find("\n  TOKEN_1=$(jq -r '.auth.client_token | tojson[1:-1]' <<<\"$ANSWER\")"),
              std::string::npos)
        << first;
    EXPECT_NE(first.find("\n  ACCESSOR_1=$(jq -r '.auth.accessor' <<<\"$ANSWER\")"),
              std::string::npos)
        << first;
    EXPECT_NE(pasted.steps[1].find("-H \"X-Vault-Token: $TOKEN_1\""), std::string::npos);
    EXPECT_NE(pasted.steps[2].find(R"({\"accessor\":\"$ACCESSOR_1\"})"), std::string::npos)
        << pasted.steps[2];
    EXPECT_TRUE(pasted.steps[1].starts_with("curl ")) << "nobody needs its answer";
    EXPECT_TRUE(pasted.made_by_check.empty());
}

TEST(ByHand, KeepsLineEndsOfWhatItTakes) {
    const std::string pem = R"(-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----)";
    const auto pasted =
        by_hand({asked("GET", "/v1/pki/ca", "", R"({"data":{"the-ca":")" + pem + R"("}})"),
                 asked("PUT", "/v1/pki/x", R"({"pem":")" + pem + R"("})", "")},
                {});
    EXPECT_NE(pasted.steps[0].find(R"(THE_CA_1=$(jq -r '.data["the-ca"] | tojson[1:-1]')"),
              std::string::npos)
        << pasted.steps[0];
    EXPECT_NE(pasted.steps[1].find(R"({\"pem\":\"$THE_CA_1\"})"), std::string::npos)
        << pasted.steps[1];
}

TEST(ByHand, SaysWhatTheCheckMakesItselfAndWhatTheServerIs) {
    const auto pasted = by_hand({asked("PUT", "/v1/auth/kubernetes/login",
                                       R"({"jwt":"$JWT_1","host":"https://kube-0:443/x"})", "")},
                                {{"https://kube-0:443", "$KUBE_ADDR"}});
    EXPECT_EQ(pasted.made_by_check, std::vector<std::string>{"JWT_1"});
    EXPECT_NE(pasted.steps[0].find("$KUBE_ADDR/x"), std::string::npos) << pasted.steps[0];
}

TEST(ByHand, ADollarThatIsNoVariableStays) {
    EXPECT_EQ(variable_at("a$TOKEN_1b", 1), "TOKEN_1");
    EXPECT_EQ(variable_at("${SERIAL_1}", 0), "SERIAL_1");
    for (const auto* text : {"$", "$ref", "$1", "${a}", "$A", "${OPEN"}) {
        EXPECT_EQ(variable_at(text, 0), "") << text;
    }
    const auto curl = to_curl(asked("PUT", "/v1/x", R"({"$ref":"^a$"})", ""));
    EXPECT_NE(curl.find(R"({\"\$ref\":\"^a\$\"})"), std::string::npos) << curl;
}

}  // namespace
}  // namespace meshproof::run
