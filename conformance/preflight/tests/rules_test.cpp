// Findings that fakes are not brought to: on facts made by hand.
#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/preflight/judge.hpp"
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"
#include "core/crypto/tls.hpp"

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
    EXPECT_TRUE(finds(facts_of(openbao, "2.6.3"), "vault/old-version"));
    EXPECT_FALSE(finds(facts_of(openbao, "2.6.4"), "vault/old-version"));
    EXPECT_TRUE(finds(facts_of(openbao, "2.7.0"), "vault/old-version"));
    EXPECT_TRUE(finds(facts_of(vault::Product::vault, "1.14.1"), "vault/old-version"));
    EXPECT_TRUE(finds(facts_of(vault::Product::vault, "1.20.16+ent"), "vault/old-version"));
    EXPECT_FALSE(finds(facts_of(vault::Product::vault, "1.20.17+ent"), "vault/old-version"));
    EXPECT_TRUE(finds(facts_of(vault::Product::vault, "1.20.17"), "vault/old-version"));
    EXPECT_TRUE(finds(facts_of(vault::Product::vault, "2.1.1"), "vault/old-version"));
    EXPECT_FALSE(finds(facts_of(vault::Product::vault, "2.1.2"), "vault/old-version"));
}

TEST(Rules, KnowWhichLinesGetFixes) {
    using enum vault::Product;
    const auto ended = [](vault::Product product, const char* version) {
        return finds(facts_of(product, version), "vault/end-of-life");
    };
    EXPECT_TRUE(ended(openbao, "2.5.5"));
    EXPECT_FALSE(ended(openbao, "2.6.0"));
    EXPECT_FALSE(ended(openbao, "2.7.2"));
    EXPECT_FALSE(ended(openbao, "2.10.0"));
    EXPECT_TRUE(ended(vault::Product::vault, "1.21.14"));
    EXPECT_FALSE(ended(vault::Product::vault, "1.21.14+ent"));
    EXPECT_TRUE(ended(vault::Product::vault, "1.20.17+ent"));
    EXPECT_TRUE(ended(vault::Product::vault, "2.1.2+ent"));
    EXPECT_FALSE(ended(vault::Product::vault, "2.2.2"));
}

TEST(Rules, CallNoVersionOldWhoseProductIsUnknown) {
    auto facts = facts_of(vault::Product::vault, "1.14.1");
    facts.seal = Fact<vault::SealStatus>::unknown("no answer");
    EXPECT_FALSE(finds(facts, "vault/old-version"));
    EXPECT_FALSE(finds(facts, "vault/end-of-life"));
}

TEST(Rules, SayWhatAnUpgradeBreaksOnlyWhereItComes) {
    using enum vault::Product;
    const auto breaks = [](vault::Product product, const char* from, const char* to,
                           std::string_view id) {
        auto facts = facts_of(product, from);
        facts.upgrade_to = to;
        facts.account.sign_path = "pki//sign/mesh";
        facts.policies["mesh"] = Fact<std::string>::known("path \"{{identity.entity.name}}\" {}");
        facts.auth_role = Fact<Json>::known({{"audience", ""}});
        facts.role = Fact<Json>::known(
            {{"allowed_ip_sans_cidr", {"10.0.0.0/8"}}, {"allowed_domains", {"svc", "example."}}});
        return finds(facts, id);
    };
    EXPECT_FALSE(finds(facts_of(vault::Product::vault, "1.14.1"), "upgrade/paths"));
    EXPECT_FALSE(breaks(openbao, "2.4.0", "2.6.2", "upgrade/paths"));  // it redirects
    EXPECT_TRUE(breaks(vault::Product::vault, "1.14.1", "1.20.11", "upgrade/paths"));
    EXPECT_FALSE(breaks(vault::Product::vault, "1.14.1", "1.20.9", "upgrade/paths"));
    EXPECT_FALSE(breaks(vault::Product::vault, "1.19.16", "2.0.2", "upgrade/paths"));
    EXPECT_TRUE(breaks(vault::Product::vault, "1.14.1", "2.0.2", "upgrade/paths"));
    for (const auto* to : {"2.0.3", "2.1.0", "2.2.2"}) {  // it redirects again
        EXPECT_FALSE(breaks(vault::Product::vault, "1.14.1", to, "upgrade/paths")) << to;
    }
    EXPECT_TRUE(breaks(vault::Product::vault, "1.20.10", "2.1.0", "upgrade/templates"));
    EXPECT_TRUE(breaks(openbao, "2.5.4", "2.6.0", "upgrade/templates"));
    EXPECT_TRUE(breaks(vault::Product::vault, "1.19.17", "1.20.11", "upgrade/audience"));
    EXPECT_FALSE(breaks(openbao, "2.4.0", "2.7.2", "upgrade/audience"));
    EXPECT_TRUE(breaks(openbao, "2.6.1", "2.7", "upgrade/addresses"));
    EXPECT_TRUE(breaks(openbao, "2.6.4", "2.7.0", "upgrade/trailing-dot"));
    EXPECT_FALSE(breaks(openbao, "2.6.1", "2.6.4", "upgrade/trailing-dot"));
    EXPECT_TRUE(breaks(openbao, "2.7.2", "2.6.2", "upgrade/older"));
    EXPECT_TRUE(breaks(vault::Product::vault, "1.19.17", "1.20.10", "upgrade/not-mended"));
    EXPECT_TRUE(breaks(vault::Product::vault, "1.19.17", "1.20.17", "upgrade/not-mended"));
    EXPECT_FALSE(breaks(vault::Product::vault, "1.19.17+ent", "1.20.17", "upgrade/not-mended"));
}

TEST(Rules, SayOfTemplatedRolesWhereTheUpgradeChangesThem) {
    const auto breaks = [](vault::Product product, const char* from, const char* to, Json role) {
        auto facts = facts_of(product, from);
        facts.upgrade_to = to;
        facts.role = Fact<Json>::known(std::move(role));
        return finds(facts, "upgrade/templates");
    };
    const Json templated{{"allowed_domains_template", true}};
    EXPECT_TRUE(breaks(vault::Product::openbao, "2.5.5", "2.6.0", templated));
    EXPECT_FALSE(breaks(vault::Product::vault, "1.20.10", "1.20.11", templated));
    EXPECT_FALSE(
        breaks(vault::Product::openbao, "2.5.5", "2.6.0",
               {{"allowed_domains_template", true}, {"allow_globs_in_identity_templates", true}}));
}

TEST(Rules, SayWhichPoliciesAnUpgradeReadsOtherwise) {
    using enum vault::Product;
    const auto breaks = [](vault::Product product, const char* from, const char* to,
                           std::string_view id, const char* policy) {
        auto facts = facts_of(product, from);
        facts.upgrade_to = to;
        facts.auth_role = Fact<Json>::known({{"token_policies", {"mesh"}}});
        facts.policies["mesh"] = Fact<std::string>::known(policy);
        return finds(facts, id);
    };
    const auto* plain = "path \"a\" { capabilities = [\"read\"] } # allowed_parameters {{identity.";
    const auto* templated = "path \"{{identity.entity.name}}\" { capabilities = [\"read\"] }";
    const auto* twice = "path \"a\" {\n capabilities = [\"read\"]\n capabilities = [\"list\"]\n}";
    const auto* shouted = "path \"pki/sign/MESH\" { capabilities = [\"deny\"] }";
    const auto* denied = "path \"pki/sign/mesh\" { capabilities = [\"deny\"] }";
    const auto* listed = "path \"a\" { capabilities = [\"update\"]\n denied_parameters = {} }";
    EXPECT_TRUE(breaks(openbao, "2.6.2", "2.7.0", "upgrade/template-errors", templated));
    EXPECT_TRUE(breaks(openbao, "2.6.2", "2.6.3", "upgrade/template-errors", templated));
    EXPECT_FALSE(breaks(openbao, "2.6.2", "2.7.0", "upgrade/template-errors", plain));
    EXPECT_FALSE(breaks(openbao, "2.6.3", "2.7.2", "upgrade/template-errors", templated));
    EXPECT_TRUE(breaks(vault::Product::vault, "2.1.2", "2.2.2", "upgrade/denied-case", shouted));
    EXPECT_FALSE(breaks(vault::Product::vault, "2.1.2", "2.2.2", "upgrade/denied-case", denied));
    EXPECT_FALSE(breaks(vault::Product::vault, "2.1.2", "2.2.1", "upgrade/denied-case", shouted));
    EXPECT_FALSE(breaks(openbao, "2.6.4", "2.7.2", "upgrade/denied-case", shouted));
    EXPECT_TRUE(
        breaks(vault::Product::vault, "2.0.2", "2.1.0", "upgrade/repeated-argument", twice));
    EXPECT_TRUE(
        breaks(vault::Product::vault, "2.0.3", "2.0.4", "upgrade/repeated-argument", twice));
    EXPECT_FALSE(
        breaks(vault::Product::vault, "2.0.1", "2.0.3", "upgrade/repeated-argument", twice));
    EXPECT_FALSE(
        breaks(vault::Product::vault, "2.0.2", "2.1.0", "upgrade/repeated-argument", listed));
    EXPECT_TRUE(breaks(vault::Product::vault, "1.20.12", "1.21.7", "upgrade/parameters", listed));
    EXPECT_FALSE(breaks(vault::Product::vault, "1.20.12", "1.21.7", "upgrade/parameters", plain));
    EXPECT_FALSE(breaks(openbao, "2.6.4", "2.7.0", "upgrade/parameters", listed));
}

TEST(Rules, SayWhoseRenewalsAnUpgradeEnds) {
    const auto breaks = [](const char* from, const char* to, Json role, Json claims = nullptr) {
        auto facts = facts_of(vault::Product::openbao, from);
        facts.upgrade_to = to;
        facts.auth_role = Fact<Json>::known(std::move(role));
        if (!claims.is_null()) {
            facts.token_claims = Fact<Json>::known(std::move(claims));
        }
        return finds(facts, "upgrade/renewal");
    };
    const Json hour{{"token_ttl", 3600}};
    EXPECT_TRUE(breaks("2.6.3", "2.6.4", hour));
    EXPECT_TRUE(breaks("2.7.0", "2.7.2", hour));
    EXPECT_FALSE(breaks("2.6.4", "2.7.2", hour)) << "it is so already";
    EXPECT_FALSE(breaks("2.6.1", "2.6.3", hour));
    EXPECT_FALSE(breaks("2.6.3", "2.6.4", {{"token_type", "batch"}})) << "is never renewed";
    EXPECT_TRUE(breaks("2.6.3", "2.6.4", {{"token_ttl", 60}, {"token_max_ttl", 7200}}));
    EXPECT_FALSE(breaks("2.6.3", "2.6.4", {{"token_ttl", 60}, {"token_max_ttl", 1800}}));
    EXPECT_FALSE(breaks("2.6.3", "2.6.4", {{"token_ttl", 7200}, {"token_max_ttl", 7200}}));
    EXPECT_TRUE(breaks("2.6.3", "2.6.4", {{"token_period", 60}, {"token_max_ttl", 1800}}));
    const Json ten_minutes{{"iat", 1'800'000'000}, {"exp", 1'800'000'600}};
    EXPECT_TRUE(
        breaks("2.6.3", "2.6.4", {{"token_ttl", 60}, {"token_max_ttl", 1800}}, ten_minutes));
}

TEST(Rules, SayWhatAnUpgradeLeavesBehind) {
    auto facts = facts_of(vault::Product::openbao, "2.6.4");
    facts.upgrade_to = "2.7.2";
    facts.seal_type = Fact<std::string>::known("shamir");
    EXPECT_FALSE(finds(facts, "upgrade/storage"));
    EXPECT_FALSE(finds(facts, "upgrade/seal"));
    auto seal = *facts.seal;
    seal.storage_type = "file";
    facts.seal = Fact<vault::SealStatus>::known(seal);
    facts.seal_type = Fact<std::string>::known("awskms");
    EXPECT_TRUE(finds(facts, "upgrade/storage"));
    EXPECT_TRUE(finds(facts, "upgrade/seal"));
    facts.upgrade_to = "2.6.4";
    EXPECT_FALSE(finds(facts, "upgrade/storage"));
    EXPECT_FALSE(finds(facts, "upgrade/seal"));
}

TEST(Rules, SayThatNobodyKnowsWhatAnotherVersionBreaks) {
    for (const auto& [product, to] : {std::pair(vault::Product::openbao, "2.8.0"),
                                      {vault::Product::openbao, "2.7.3"},
                                      {vault::Product::vault, "1.16.0"},
                                      {vault::Product::vault, "2.2.3"}}) {
        auto facts = facts_of(product, "1.0.0");
        facts.upgrade_to = to;
        facts.account.sign_path = "pki//sign/mesh";
        const auto report = judge(facts);
        const auto unknown = std::ranges::find(report.unknown, std::string_view("upgrade/paths"),
                                               [](const Unjudged& one) { return one.rule->id; });
        ASSERT_NE(unknown, report.unknown.end()) << to;
        EXPECT_NE(unknown->why.find(to), std::string::npos) << unknown->why;
        EXPECT_FALSE(finds(facts, "upgrade/paths")) << to;
    }
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

TEST(Rules, TellAHandshakeWithNothingInCommonFromASilentVault) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    EXPECT_FALSE(finds(facts, "vault/no-common-tls"));
    for (const auto& [text, so] :
         {std::pair("https://v:8200: sslv3 alert handshake failure (SSL routines)", true),
          {"https://v:8200: tlsv1 alert protocol version (SSL routines)", true},
          {"https://v:8200: unsupported protocol (SSL routines)", true},
          {"https://v:8200: certificate verify failed", false},
          {"https://v:8200: connection refused", false}}) {
        facts.unreachable = text;
        EXPECT_EQ(finds(facts, "vault/no-common-tls"), so) << text;
        EXPECT_TRUE(finds(facts, "vault/unreachable")) << text;
    }
}

TEST(Rules, TellASealedNamespaceFromOneThatIsNotThere) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    facts.mounts =
        Fact<Json>::unknown("read on sys/mounts was answered by 503 namespace is sealed");
    EXPECT_FALSE(finds(facts, "vault/namespace-sealed")) << "the account names none";
    facts.account.vault.namespace_name = "team-a";
    EXPECT_TRUE(finds(facts, "vault/namespace-sealed"));
    EXPECT_FALSE(finds(facts, "vault/namespace-missing"));
    EXPECT_FALSE(finds(facts, "vault/sealed"));
    const auto report = judge(facts);
    const auto one = std::ranges::find_if(report.found, [](const Finding& finding) {
        return finding.rule->id == "vault/namespace-sealed";
    });
    ASSERT_NE(one, report.found.end());
    EXPECT_EQ(one->bao, std::vector<std::string>{"bao namespace unseal team-a"});
    facts.mounts = Fact<Json>::known(Json::object());
    EXPECT_FALSE(finds(facts, "vault/namespace-sealed"));
}

TEST(Rules, TellARefusedReviewerFromABadTokenAndAWrongCa) {
    auto facts = facts_of(vault::Product::vault, "1.19.17");
    facts.login_refusal = "PUT auth/kubernetes/login: 403 permission denied";
    facts.token_is_good = facts.auth_ca_fits = facts.may_review = Fact<bool>::known(true);
    facts.auth_config = Fact<Json>::known({{"kubernetes_host", "https://kube"}});
    EXPECT_TRUE(finds(facts, "auth/reviewer"));
    for (auto* fact : {&facts.token_is_good, &facts.auth_ca_fits, &facts.may_review}) {
        for (const auto& other : {Fact<bool>::known(false), Fact<bool>::unknown("nobody said")}) {
            *fact = other;
            EXPECT_FALSE(finds(facts, "auth/reviewer"));
        }
        *fact = Fact<bool>::known(true);
    }
    facts.login_refusal = "PUT auth/kubernetes/login: 403 service account name not authorized";
    EXPECT_FALSE(finds(facts, "auth/reviewer"));
    facts.auth_role = Fact<Json>::known({{"token_bound_cidrs", {"10.0.0.0/8"}}});
    facts.login_refusal = "PUT auth/kubernetes/login: 403 permission denied";
    EXPECT_FALSE(finds(facts, "auth/reviewer")) << "the same words may be for the address";
    facts.auth_role = {};
    // OpenBao says whether it has one.
    for (const auto set : {false, true}) {
        facts.auth_config = Fact<Json>::known({{"token_reviewer_jwt_set", set}});
        EXPECT_EQ(finds(facts, "auth/reviewer"), set);
    }
}

TEST(Rules, TakeNamesOfTheAuthRoleAsGlobs) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    facts.token_claims = Fact<Json>::known({{"sub", "system:serviceaccount:mesh-a:issuer"}});
    const auto bound = [&](const char* name, const char* ns) {
        facts.auth_role = Fact<Json>::known(
            {{"bound_service_account_names", {name}}, {"bound_service_account_namespaces", {ns}}});
        return std::pair(!finds(facts, "auth/other-account"),
                         !finds(facts, "auth/other-namespace"));
    };
    EXPECT_EQ(bound("issuer", "mesh-a"), std::pair(true, true));
    EXPECT_EQ(bound("iss*", "mesh-*"), std::pair(true, true));
    EXPECT_EQ(bound("*", "other-*"), std::pair(true, false));
    EXPECT_EQ(bound("other", "*"), std::pair(false, true));
}

TEST(Rules, KnowHowLongATokenLivesByAllItsLimits) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    const auto outlives = [&](Json role, Json tuning) {
        facts.auth_role = Fact<Json>::known(std::move(role));
        facts.auths = Fact<Json>::known({{"kubernetes/", {{"config", std::move(tuning)}}}});
        return finds(facts, "auth/tokens-outlive");
    };
    EXPECT_TRUE(outlives({{"token_ttl", 0}}, Json::object()));
    EXPECT_FALSE(outlives({{"token_ttl", 0}, {"token_max_ttl", 3600}}, Json::object()));
    EXPECT_FALSE(outlives({{"token_ttl", 0}}, {{"default_lease_ttl", 3600}}));
    EXPECT_FALSE(outlives({{"token_ttl", 3600}}, Json::object()));
    EXPECT_TRUE(outlives({{"token_ttl", 864000}}, {{"default_lease_ttl", 3600}}));
}

TEST(Rules, LetTheMountSayWhatTokensAre) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    const auto service = [&](const char* role, const char* mount) {
        facts.auth_role = Fact<Json>::known({{"token_type", role}});
        facts.auths = Fact<Json>::known({{"kubernetes/", {{"config", {{"token_type", mount}}}}}});
        return finds(facts, "auth/service-tokens");
    };
    EXPECT_TRUE(service("default", "default-service"));
    EXPECT_FALSE(service("batch", "default-service"));
    EXPECT_FALSE(service("default", "default-batch"));
    EXPECT_TRUE(service("batch", "service"));
    EXPECT_FALSE(service("service", "batch"));
}

TEST(Rules, TakeABundleOfARotationAsInOrder) {
    const auto pair = [](const std::string& name) {
        return crypto::make_server_credentials(name, from_unix_seconds(1'700'000'000),
                                               std::chrono::hours(24 * 3650));
    };
    const auto one = pair("one"), two = pair("two");
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    const auto disordered = [&](std::vector<crypto::Certificate> bundle) {
        facts.account.trust = std::move(bundle);
        return finds(facts, "file/bundle-order");
    };
    EXPECT_FALSE(disordered({one.identity.leaf, one.ca}));
    EXPECT_TRUE(disordered({one.ca, one.identity.leaf}));
    EXPECT_FALSE(disordered({two.identity.leaf, one.identity.leaf, one.ca}));
    EXPECT_FALSE(disordered({one.identity.leaf, one.ca, two.ca}));
}

Issuer issuer_of(std::string id, crypto::Certificate certificate, std::string key_id) {
    return {.id = std::move(id),
            .name = {},
            .key_id = std::move(key_id),
            .certificate = std::move(certificate),
            .leaf_not_after = "err",
            .usage = {}};
}

TEST(Rules, KnowWhichIssuersCannotSign) {
    const auto made = crypto::make_server_credentials("a", from_unix_seconds(1'799'000'000),
                                                      std::chrono::hours(24 * 3650));
    const auto& below = made.identity.leaf;  // signed by the other, as an intermediate is
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    const auto told = [&](std::vector<Issuer> all, std::string_view id) {
        facts.issuers = Fact<Issuers>::known({std::move(all), "1"});
        return finds(facts, id);
    };
    EXPECT_FALSE(told({issuer_of("1", below, "k"), issuer_of("2", below, "")}, "ca/keyless"));
    EXPECT_TRUE(told({issuer_of("1", below, ""), issuer_of("2", below, "")}, "ca/keyless"));
    EXPECT_TRUE(told({issuer_of("1", below, "")}, "ca/without-key"));
    EXPECT_FALSE(told({issuer_of("1", below, "k")}, "ca/without-key"));
    EXPECT_TRUE(told({issuer_of("1", made.ca, "k")}, "ca/root-signs"));
    EXPECT_FALSE(told({issuer_of("1", below, "k")}, "ca/root-signs"));
    EXPECT_FALSE(told({issuer_of("1", below, "k")}, "ca/expired"));
    facts.ca_chain = Fact<std::vector<crypto::Certificate>>::known({below});
    EXPECT_TRUE(told({issuer_of("1", below, "k")}, "ca/chain-incomplete"));
    facts.ca_chain = Fact<std::vector<crypto::Certificate>>::known({below, made.ca});
    EXPECT_FALSE(told({issuer_of("1", below, "k")}, "ca/chain-incomplete"));
    facts.role = Fact<Json>::known({{"issuer_ref", "2"}});
    EXPECT_TRUE(told({issuer_of("1", below, "k")}, "role/issuer-missing"));
    EXPECT_FALSE(
        told({issuer_of("1", below, "k"), issuer_of("2", below, "k")}, "role/issuer-missing"));
    facts.role = {};
    facts.now = made.ca.not_after() + Duration(1h);
    EXPECT_TRUE(told({issuer_of("1", below, "k")}, "ca/expired"));
    facts.auth_config = Fact<Json>::known({{"kubernetes_ca_cert", made.ca.pem()}});
    EXPECT_TRUE(finds(facts, "auth/ca-time"));
    facts.now = made.ca.not_before() + Duration(1h);
    EXPECT_FALSE(finds(facts, "auth/ca-time"));
}

TEST(Rules, TellWhoMayNotAskForTokensFromABadToken) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    facts.account.cluster.emplace();
    facts.kube_version = Fact<std::string>::known("v1.34.4");
    facts.may_create_tokens = facts.token_is_good = Fact<bool>::known(true);
    EXPECT_FALSE(finds(facts, "cluster/no-token-right"));
    EXPECT_FALSE(finds(facts, "cluster/bad-token"));
    facts.may_create_tokens = Fact<bool>::known(false);
    EXPECT_TRUE(finds(facts, "cluster/no-token-right"));
    EXPECT_FALSE(finds(facts, "cluster/bad-token"));
    facts.token_is_good = Fact<bool>::known(false);
    EXPECT_TRUE(finds(facts, "cluster/bad-token"));
}

TEST(Rules, TellNothingOfAClockWhereTheRoleIsUnknown) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    vault::Issued issued;
    issued.leaf = crypto::make_server_credentials("a", from_unix_seconds(1'700'000'000),
                                                  std::chrono::hours(24))
                      .identity.leaf;
    facts.signed_at = issued.leaf.not_before() + 300s;
    facts.leaf = Fact<vault::Issued>::known(std::move(issued));
    facts.role = Fact<Json>::unknown("the reader's token lacks read on pki/roles/mesh");
    EXPECT_FALSE(finds(facts, "clock/vault"));
    facts.role = Fact<Json>::known({{"not_before_duration", 30}});
    EXPECT_TRUE(finds(facts, "clock/vault"));
    facts.role = Fact<Json>::known({{"not_before_duration", 300}});
    EXPECT_FALSE(finds(facts, "clock/vault"));
}

TEST(Rules, TakeNoSlowAnswerForAWrongClock) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    vault::Issued issued;
    issued.leaf = crypto::make_server_credentials("a", from_unix_seconds(1'700'000'000),
                                                  std::chrono::hours(24))
                      .identity.leaf;
    const auto dated = issued.leaf.not_before() + 30s;
    facts.leaf = Fact<vault::Issued>::known(std::move(issued));
    facts.role = Fact<Json>::known({{"not_before_duration", 30}});
    const auto wrong = [&](Duration asked_before, Duration came_after) {
        facts.signed_at = dated - asked_before;
        facts.signed_by = dated + came_after;
        return finds(facts, "clock/vault");
    };
    EXPECT_FALSE(wrong(60s, 0s));
    EXPECT_FALSE(wrong(0s, 60s));
    EXPECT_TRUE(wrong(60s, -6s));
    EXPECT_TRUE(wrong(-6s, 60s));
}

TEST(Rules, KnowWhoseStandbysCouldSign) {
    using enum vault::Product;
    const auto told = [](vault::Product product, const char* version, const char* storage,
                         bool no_store) {
        auto facts = facts_of(product, version);
        auto seal = *facts.seal;
        seal.storage_type = storage;
        facts.seal = Fact<vault::SealStatus>::known(seal);
        facts.role = Fact<Json>::known({{"no_store", no_store}});
        return finds(facts, "role/standbys");
    };
    EXPECT_TRUE(told(openbao, "2.7.2", "raft", false));
    EXPECT_FALSE(told(openbao, "2.7.2", "raft", true));
    EXPECT_FALSE(told(openbao, "2.7.2", "inmem", false));
    EXPECT_FALSE(told(openbao, "2.4.4", "raft", false));
    EXPECT_FALSE(told(vault::Product::vault, "1.20.0", "raft", false));
}

TEST(Rules, SayHowManyLeavesTheMeshLeaves) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    facts.role = Fact<Json>::known({{"no_store", false}});
    facts.tidy = Fact<Json>::known({{"enabled", false}});
    const auto evidence_of = [&](std::string_view id) {
        const auto report = judge(facts);
        const auto found =
            std::ranges::find(report.found, id, [](const Finding& one) { return one.rule->id; });
        return found == report.found.end() ? std::string() : found->evidence;
    };
    EXPECT_EQ(evidence_of("role/stored"), "no_store is false");
    facts.account.ttl = 1h;
    facts.account.mesh.pods = 40;
    EXPECT_EQ(evidence_of("role/stored"),
              "no_store is false: 40 pods leave 1440 certificates a day");
    EXPECT_TRUE(evidence_of("ca/no-tidy").ends_with(": 40 pods leave 1440 certificates a day"));
}

TEST(Rules, CallNobodySilentWhomNobodyHadTimeToAsk) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    facts.account.reader = Secret("a token");
    facts.account.cluster.emplace();
    facts.kube_version = Fact<std::string>::unknown("no answer within 5 s");
    facts.reader = Fact<Json>::unknown("the reader's token lacks read on auth/token/lookup-self");
    for (const auto* id : {"cluster/unreachable", "vault/no-reader"}) {
        EXPECT_TRUE(finds(facts, id)) << id;
    }
    facts.kube_version = Fact<std::string>::late("the time was over");
    facts.reader = Fact<Json>::late("the time was over");
    const auto report = judge(facts);
    for (const auto* id : {"cluster/unreachable", "cluster/no-account", "vault/no-reader"}) {
        const auto unknown = std::ranges::find(report.unknown, std::string_view(id),
                                               [](const Unjudged& one) { return one.rule->id; });
        ASSERT_NE(unknown, report.unknown.end()) << id;
    }
    EXPECT_FALSE(finds(facts, "cluster/unreachable"));
}

TEST(Rules, AReaderThatMayNotLookAtItselfIsOne) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    EXPECT_TRUE(finds(facts, "vault/no-reader"));
    facts.account.reader = Secret("a token");
    facts.reader = Fact<Json>::unknown("the reader's token lacks read on auth/token/lookup-self");
    EXPECT_TRUE(finds(facts, "vault/no-reader"));
    facts.mounts = Fact<Json>::known(Json::object());
    EXPECT_FALSE(finds(facts, "vault/no-reader"));
}

TEST(Rules, NeverUnmountOrDeleteWhatSomebodyElseMayNeed) {
    for (const auto& rule : all_rules()) {
        for (const auto& command : rule.mend) {
            EXPECT_EQ(command.find("disable %"), std::string_view::npos) << rule.id;
            EXPECT_EQ(command.find("delete"), std::string_view::npos) << rule.id;
        }
    }
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

TEST(Rules, WriteTheAccountsBundleOnlyWholly) {
    for (const auto& rule : all_rules()) {
        for (const auto& command : rule.mend) {
            EXPECT_FALSE(command.ends_with("> %bundle%")) << rule.id;
        }
    }
}

/// The commands that are printed for a finding; "" where it is not found.
std::string mend_of(const Facts& facts, std::string_view id) {
    const auto report = judge(facts);
    const auto found =
        std::ranges::find(report.found, id, [](const Finding& one) { return one.rule->id; });
    return found == report.found.end() ? std::string() : join(found->bao, "\n");
}

/// Facts of a mount whose issuer has an RSA key of so many bits.
Facts facts_of_key(int bits) {
    // No key that somebody could have: only its size is looked at.
    const std::string modulus(static_cast<std::size_t>(bits) / 8, '\xff');
    const auto jwk = fmt::format(R"({{"kty":"RSA","n":"{}","e":"AQAB"}})", to_base64url(modulus));
    auto facts = facts_of(vault::Product::vault, "2.0.1");
    crypto::CertificateSpec spec;
    spec.subject.common_name = "mesh intermediate";
    spec.not_before = facts.now - 24h;
    spec.not_after = facts.now + 24h * 365;
    spec.is_ca = true;
    Issuer issuer;
    issuer.id = "its-id";
    issuer.key_id = "its-key";
    issuer.certificate = crypto::sign_certificate(
        spec, crypto::read_jwk(jwk).value(), crypto::Key::generate(crypto::KeyType::p256), nullptr);
    facts.issuers = Fact<Issuers>::known({.all = {issuer}, .default_id = issuer.id});
    facts.role = Fact<Json>::known({{"issuer_ref", "default"}});
    facts.root_mount = "pki-root";
    return facts;
}

TEST(Rules, AskForAnIssuerWhoseKeyIsNeitherTooShortNorTooLong) {
    for (const auto& [bits, weak, large] : {std::tuple(1024, true, false),
                                            {2040, true, false},
                                            {2048, false, false},
                                            {8192, false, false},
                                            {8200, false, true}}) {
        auto facts = facts_of_key(bits);
        EXPECT_EQ(finds(facts, "ca/weak-key"), weak) << bits;
        EXPECT_FALSE(finds(facts, "upgrade/large-keys")) << "no upgrade is asked about";
        facts.upgrade_to = "2.0.2";
        EXPECT_EQ(finds(facts, "upgrade/large-keys"), large) << bits;
    }
    auto facts = facts_of_key(8200);
    facts.upgrade_to = "2.0.2";
    for (const auto& mend :
         {mend_of(facts_of_key(1024), "ca/weak-key"), mend_of(facts, "upgrade/large-keys")}) {
        EXPECT_TRUE(
            mend.starts_with("bao write pki/config/issuers default=its-id "
                             "default_follows_latest_issuer=true\n"))
            << mend;
        EXPECT_NE(mend.find("\nbao write -field=certificate pki-root/root/sign-intermediate "),
                  std::string::npos)
            << mend;
    }
}

TEST(Rules, WriteOverNoPolicyThatMayBeOthers) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    const auto holds_text = [](const std::string& text, std::string_view part) {
        return text.find(part) != std::string::npos;
    };
    facts.auth_role = Fact<Json>::known({{"token_policies", Json::array({"default", "team"})}});
    facts.policies["default"] = Fact<std::string>::known("");
    facts.policies["team"] = Fact<std::string>::unknown("the reader's token lacks it");
    facts.rights = Fact<std::map<std::string, std::vector<std::string>>>::known(
        {{"pki/sign/mesh", {"deny"}}, {"pki/roles/mesh", {"update"}}});
    const auto beside = mend_of(facts, "policy/cannot-sign");
    EXPECT_TRUE(holds_text(beside, "bao policy write mesh-sign ")) << beside;
    EXPECT_TRUE(holds_text(beside, "token_policies=default,team,mesh-sign")) << beside;
    const auto narrower = mend_of(facts, "policy/writes-roles");
    EXPECT_TRUE(holds_text(narrower, "bao policy write mesh-sign ")) << narrower;
    EXPECT_TRUE(holds_text(narrower, "token_policies=mesh-sign")) << narrower;
    facts.policies["team"] = Fact<std::string>::known("# ours\n");
    const auto grown = mend_of(facts, "policy/cannot-sign");
    EXPECT_TRUE(holds_text(grown, "bao policy write team - <<'EOF'\n# ours\npath ")) << grown;
}

TEST(Rules, LeaveWhatOthersUseInTheListsThatTheyMend) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    facts.token_claims = Fact<Json>::known({{"sub", "system:serviceaccount:mesh-a:issuer"}});
    const auto bound_to = [&](std::vector<std::string> names) {
        facts.auth_role = Fact<Json>::known(
            {{"bound_service_account_names", names}, {"bound_service_account_namespaces", names}});
    };
    const auto allows = [&](std::vector<std::string> ids) {
        facts.role = Fact<Json>::known({{"allowed_uri_sans", std::move(ids)}});
    };
    const auto ends = [&](std::string_view id, std::string_view with) {
        EXPECT_TRUE(mend_of(facts, id).ends_with(with)) << mend_of(facts, id);
    };
    bound_to({"one", "two"});
    ends("auth/other-account", " bound_service_account_names=one,two,issuer");
    ends("auth/other-namespace", " bound_service_account_namespaces=one,two,mesh-a");
    bound_to({"*", "two"});
    ends("auth/any-account", " bound_service_account_names=two,issuer");
    ends("auth/any-namespace", " bound_service_account_namespaces=two,mesh-a");
    allows({"spiffe://a/*", "spiffe://b/*"});
    ends("role/uri-sans", " allowed_uri_sans='spiffe://a/*,spiffe://b/*,spiffe://cluster.local/*'");
    allows({"cluster.local"});
    ends("role/uri-sans-bare", " allowed_uri_sans='cluster.local,spiffe://cluster.local/*'");
    allows({"spiffe://*", "spiffe://a/*"});
    ends("role/uri-sans-wide", " allowed_uri_sans='spiffe://a/*,spiffe://cluster.local/*'");
    allows({"*", "spiffe://cluster.local/ns/shop/*"});
    ends("role/uri-sans-wide", " allowed_uri_sans='spiffe://cluster.local/ns/shop/*'");
}

TEST(Rules, WriteNoConfigOfAnotherCluster) {
    auto facts = facts_of(vault::Product::openbao, "2.7.2");
    facts.account.name = "My mesh";
    facts.account.path = "account.yaml";
    facts.account.lines = {{"auth.mount", 4}};
    facts.auth_config = Fact<Json>::known({{"kubernetes_host", "https://theirs:6443"}});
    facts.auth_ca_fits = Fact<bool>::known(false);
    facts.auths = Fact<Json>::known(
        {{"kubernetes/", Json::object()}, {"kubernetes-my-mesh/", Json::object()}});
    facts.auth_role = Fact<Json>::known(
        {{"token_policies", {"mesh"}}, {"token_ttl", 600}, {"audience", "vault"}});
    const auto writes_config = [&] {
        return mend_of(facts, "auth/wrong-ca").find(" write auth/kubernetes/config ") !=
               std::string::npos;
    };
    EXPECT_TRUE(writes_config());  // nobody knows whose it is
    facts.auth_host_is_ours = Fact<bool>::known(true);
    EXPECT_TRUE(writes_config());
    facts.auth_host_is_ours = Fact<bool>::known(false);
    EXPECT_FALSE(writes_config());
    const auto mend = mend_of(facts, "auth/wrong-ca");
    for (const auto* part :
         {"bao auth enable -path=kubernetes-my-mesh-2 kubernetes\n",
          "bao write auth/kubernetes-my-mesh-2/role/mesh bound_service_account_names=ACCOUNT "
          "bound_service_account_namespaces=NAMESPACE token_policies=mesh token_ttl=10m0s "
          "audience=vault\n",
          "sed -i 4s#kubernetes#kubernetes-my-mesh-2# account.yaml"}) {
        EXPECT_NE(mend.find(part), std::string::npos) << mend;
    }
}

}  // namespace
}  // namespace meshproof::preflight
