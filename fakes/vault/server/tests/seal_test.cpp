#include "core/base/text.hpp"
#include "fakes/vault/server/shamir.hpp"
#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

using namespace std::chrono_literals;

class Sealing : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        FakeVaultOptions options;
        options.key_shares = 3;
        options.key_threshold = 2;
        start(std::move(options));
    }
    [[nodiscard]] Reply unseal(const std::string& key) {
        return put("sys/unseal", {{"key", key}}, "");
    }
    [[nodiscard]] const std::string& key(std::size_t i) const {
        return fake->unseal_keys()[i].reveal();
    }
};
MESHPROOF_BOTH_PRODUCTS(Sealing);

TEST_P(Sealing, HealthAndStatusTellTheState) {
    auto health = get("sys/health", "");
    EXPECT_EQ(health.status, 200);
    EXPECT_EQ(health.json["sealed"], false);
    EXPECT_EQ(health.json["server_time_utc"], unix_seconds(clock.now()));
    EXPECT_EQ(health.json.contains("performance_standby"), !openbao());
    EXPECT_TRUE(health.json["cluster_name"].get<std::string>().starts_with("vault-cluster-"));
    EXPECT_EQ(get("sys/seal-status", "").json["n"], 3);
    EXPECT_EQ(get("sys/seal-status", "").json.contains("commit_date"), openbao());

    EXPECT_EQ(put("sys/seal").status, 204);
    health = get("sys/health", "");
    EXPECT_EQ(health.status, 503);
    EXPECT_EQ(health.json["standby"], true);
    EXPECT_EQ(health.json["replication_dr_mode"], "unknown");
    EXPECT_FALSE(health.json.contains("cluster_id"));
    EXPECT_EQ(get("sys/health?sealedcode=299", "").status, 299);
    EXPECT_EQ(get("sys/health?sealedcode=x", "").status, 400);
    const auto head = ask({.method = "HEAD", .path = "sys/health", .token = ""});
    EXPECT_EQ(head.status, 503);
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(put("sys/health").status, 405);
}

TEST_P(Sealing, SealedAnswersNothingElse) {
    policy("p", "path \"a\" { capabilities = [\"read\"] }");
    const auto token = token_with({"p"});
    EXPECT_EQ(put("sys/seal", {}, "nope").error(), "permission denied");
    EXPECT_EQ(put("sys/seal", {}, token).error(), multi_denied);
    EXPECT_EQ(get("sys/seal").status, 405);
    EXPECT_EQ(put("sys/seal").status, 204);
    EXPECT_TRUE(fake->sealed());
    for (const auto& reply :
         {get("sys/mounts"), get("pki/ca", ""), put("auth/c/login", {}, ""), get("x", "bad")}) {
        EXPECT_EQ(reply.status, 503);
        EXPECT_EQ(reply.error(), "Vault is sealed");
    }
    EXPECT_EQ(put("sys/seal", {}, "").status, 204);
}

TEST_P(Sealing, SharesOpenIt) {
    const auto token = token_with({"default"});
    ASSERT_EQ(put("sys/seal").status, 204);
    EXPECT_EQ(unseal(key(0)).json["progress"], 1);
    EXPECT_EQ(unseal(key(0)).json["progress"], 1);
    EXPECT_EQ(put("sys/unseal", {{"reset", true}}, "").json["progress"], 0);
    EXPECT_EQ(unseal(key(2)).json["sealed"], true);
    EXPECT_EQ(unseal(key(1)).json["sealed"], false);
    EXPECT_EQ(get("auth/token/lookup-self", token).status, 200);
    EXPECT_EQ(put("sys/unseal", {{"reset", true}}, "").error(), "vault is unsealed");
    EXPECT_EQ(unseal(key(1)).status, 200);
}

TEST_P(Sealing, WrongSharesDoNot) {
    ASSERT_EQ(put("sys/seal").status, 204);
    EXPECT_EQ(unseal(key(0)).json["progress"], 1);
    const auto wrong = unseal(std::string(64, 'a') + "07");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_NE(wrong.error().find("invalid key:"), std::string::npos);
    EXPECT_EQ(get("sys/seal-status", "").json["progress"], 0);
    EXPECT_EQ(unseal("zzz").error(), "'key' must be a valid hex or base64 string");
    EXPECT_EQ(put("sys/unseal", {}, "").error(),
              "'key' must be specified in request body as JSON, or 'reset' set to true");
    EXPECT_EQ(ask({.method = "PUT", .path = "sys/unseal", .token = ""}).error(),
              openbao() ? "'key' must be specified in request body as JSON, or 'reset' set to true"
                        : "EOF");
    EXPECT_EQ(put("sys/unseal", {{"key", key(0)}, {"migrate", true}}, "").status, 500);
}

TEST_P(Sealing, WhatEndedMeanwhileIsGoneAfterwards) {
    const auto token = token_with({"default"}, {{"ttl", "10m"}});
    ASSERT_EQ(put("sys/seal").status, 204);
    pass(11min);
    (void)unseal(key(0));
    (void)unseal(key(1));
    EXPECT_EQ(get("auth/token/lookup-self", token).error(), "permission denied");
}

TEST_P(Sealing, InitAndLeader) {
    EXPECT_EQ(get("sys/init", "").json, Json({{"initialized", true}}));
    EXPECT_EQ(put("sys/init", {}, "").error(),
              "invalid seal configuration: shares must be at least one");
    EXPECT_EQ(put("sys/init", {{"secret_shares", 1}, {"secret_threshold", 1}}, "").error(),
              "Vault is already initialized");
    const auto leader = get("sys/leader", "");
    EXPECT_EQ(leader.json["ha_enabled"], false);
    EXPECT_EQ(leader.json.size(), openbao() ? 1U : 7U);
}

TEST(Shamir, AnyThresholdOfSharesMakesTheSecretAndFewerDoNot) {
    Prng prng(7);
    const auto secret = prng.bytes(32);
    const auto shares = split_secret(secret, 5, 3, prng);
    for (std::size_t a = 0; a < 5; ++a) {
        for (std::size_t b = a + 1; b < 5; ++b) {
            EXPECT_NE(combine_shares(std::vector{shares[a], shares[b]}), secret);
            for (std::size_t c = b + 1; c < 5; ++c) {
                EXPECT_EQ(combine_shares(std::vector{shares[c], shares[a], shares[b]}), secret);
            }
        }
    }
}

}  // namespace meshproof::fakes::vault
