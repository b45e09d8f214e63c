// Findings that fakes are not brought to: on facts made by hand.
#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/preflight/judge.hpp"

namespace meshproof::preflight {
namespace {

using namespace std::chrono_literals;

Facts facts_of(vault::Product product, std::string version) {
    Facts facts;
    facts.now = from_unix_seconds(1'800'000'000);
    facts.account.vault.endpoint.url = http::Url::parse("https://vault:8200").value();
    facts.account.sign_path = "pki/sign/mesh";
    facts.account.auth_mount = "kubernetes";
    facts.account.auth_role = "mesh";
    facts.pki_mount = "pki";
    facts.pki_role = "mesh";
    facts.endpoint = "sign";
    vault::Health health;
    health.initialized = true;
    health.version = std::move(version);
    facts.health = Fact<vault::Health>::known(health);
    vault::SealStatus seal;
    seal.product = product;
    facts.seal = Fact<vault::SealStatus>::known(seal);
    return facts;
}

bool finds(const Facts& facts, std::string_view id) {
    const auto report = judge(facts);
    return std::ranges::any_of(report.found,
                               [id](const Finding& one) { return one.rule->id == id; });
}

TEST(Rules, TellASealedServerFromAnUninitialisedOne) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    EXPECT_FALSE(finds(facts, "vault/sealed"));
    auto health = *facts.health;
    health.sealed = true;
    facts.health = Fact<vault::Health>::known(health);
    EXPECT_TRUE(finds(facts, "vault/sealed"));
    EXPECT_FALSE(finds(facts, "vault/uninitialised"));
    health.initialized = false;
    facts.health = Fact<vault::Health>::known(health);
    EXPECT_FALSE(finds(facts, "vault/sealed"));
    EXPECT_TRUE(finds(facts, "vault/uninitialised"));
}

TEST(Rules, CompareVersionsByTheirNumbers) {
    using enum vault::Product;
    EXPECT_FALSE(finds(facts_of(openbao, "2.7.2"), "vault/old-version"));
    EXPECT_FALSE(finds(facts_of(openbao, "2.10.0"), "vault/old-version"));
    EXPECT_TRUE(finds(facts_of(openbao, "2.6.1"), "vault/old-version"));
    EXPECT_TRUE(finds(facts_of(vault::Product::vault, "1.14.1"), "vault/old-version"));
    EXPECT_FALSE(finds(facts_of(vault::Product::vault, "1.19.17+ent"), "vault/old-version"));
    EXPECT_FALSE(finds(facts_of(vault::Product::vault, "2.0.0"), "vault/old-version"));
}

TEST(Rules, KnowWhoHasNamespaces) {
    auto facts = facts_of(vault::Product::vault, "1.19.17");
    EXPECT_FALSE(finds(facts, "vault/namespace-ignored"));
    facts.account.vault.namespace_name = "team-a";
    EXPECT_TRUE(finds(facts, "vault/namespace-ignored"));
    facts = facts_of(vault::Product::vault, "1.19.17+ent");
    facts.account.vault.namespace_name = "team-a";
    EXPECT_FALSE(finds(facts, "vault/namespace-ignored"));
}

TEST(Rules, ReadTheClusterClockWithinFiveSeconds) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    for (const auto& [ahead, wrong] :
         {std::pair(4s, false), {-4s, false}, {6s, true}, {-6s, true}}) {
        facts.cluster_ahead = Fact<Duration>::known(ahead);
        EXPECT_EQ(finds(facts, "clock/cluster"), wrong) << ahead.count();
    }
}

TEST(Rules, CallNoReviewerMissingWithoutASignOfIt) {
    auto facts = facts_of(vault::Product::vault, "1.19.17");
    facts.account.cluster.emplace();
    facts.kube_version = Fact<std::string>::known("v1.34.4");
    facts.may_review = Fact<bool>::known(false);
    facts.auth_config = Fact<Json>::known({{"kubernetes_host", "https://kube"}});
    EXPECT_FALSE(finds(facts, "cluster/no-delegator"));  // Vault may have a reviewer's token
    facts.login_refusal = "PUT auth/kubernetes/login: 403 service account name not authorized";
    EXPECT_FALSE(finds(facts, "cluster/no-delegator"));
    facts.login_refusal = "PUT auth/kubernetes/login: 403 permission denied";
    EXPECT_TRUE(finds(facts, "cluster/no-delegator"));
    facts.auth_config = Fact<Json>::known({{"token_reviewer_jwt_set", true}});
    EXPECT_FALSE(finds(facts, "cluster/no-delegator"));
}

TEST(Rules, SeeTheRootPolicyAndKeysThatWereCopied) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    facts.auth_role = Fact<Json>::known({{"token_policies", {"root"}}});
    facts.auth_config = Fact<Json>::known({{"pem_keys", {"-----BEGIN PUBLIC KEY-----"}},
                                           {"issuer", "https://one"},
                                           {"disable_iss_validation", false}});
    facts.token_claims = Fact<Json>::known({{"iss", "https://two"}});
    EXPECT_TRUE(finds(facts, "policy/root"));
    EXPECT_TRUE(finds(facts, "auth/fixed-keys"));
    EXPECT_TRUE(finds(facts, "auth/issuer"));
}

}  // namespace
}  // namespace meshproof::preflight
