// Acceptances, unknown facts, values in commands, and the exit code: on facts that nobody asked
// for.
#include "conformance/preflight/judge.hpp"

#include <gtest/gtest.h>

#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

Facts facts_of_a_role(Json role) {
    Facts facts;
    facts.now = from_unix_seconds(1'800'000'000);
    facts.account.name = "prod";
    facts.account.path = "mesh/account.yaml";
    facts.account.sign_path = "pki_int/sign/mesh";
    facts.account.lines = {{"pki", 7}, {"pki.sign_path", 8}};
    facts.account.vault.endpoint.url = http::Url::parse("https://vault:8200").value();
    facts.pki_mount = "pki_int";
    facts.pki_role = "mesh";
    facts.endpoint = "sign";
    facts.role = Fact<Json>::known(std::move(role));
    return facts;
}

const Finding* find(const std::vector<Finding>& all, std::string_view id) {
    for (const auto& one : all) {
        if (one.rule->id == id) {
            return &one;
        }
    }
    return nullptr;
}

run::Account::Acceptance acceptance(std::string id, std::string object, std::optional<Time> until) {
    return {.id = std::move(id),
            .object = std::move(object),
            .reason = "because",
            .until = until,
            .line = 20};
}

TEST(Judge, AFindingSaysWhereAndWhatMends) {
    const auto report = judge(facts_of_a_role({{"key_type", "rsa"}}));
    const auto* one = find(report.found, "role/key-type");
    ASSERT_NE(one, nullptr);
    EXPECT_EQ(one->object, "pki_int/roles/mesh");
    EXPECT_EQ(one->line, 8);
    EXPECT_EQ(one->bao.at(0), "bao patch pki_int/roles/mesh key_type=ec key_bits=0");
    EXPECT_EQ(one->vault.at(0), "vault patch pki_int/roles/mesh key_type=ec key_bits=0");
    EXPECT_EQ(exit_code(report), 1);
}

TEST(Judge, WhatNobodyKnowsIsUnknownAndNoFinding) {
    auto facts = facts_of_a_role({});
    facts.role = Fact<Json>::unknown("the reader's token lacks read on pki_int/roles/mesh");
    const auto report = judge(facts);
    EXPECT_EQ(find(report.found, "role/key-type"), nullptr);
    bool told = false;
    for (const auto& one : report.unknown) {
        told = told || (one.rule->id == "role/key-type" &&
                        one.why == "the reader's token lacks read on pki_int/roles/mesh");
    }
    EXPECT_TRUE(told);
}

TEST(Judge, AnAcceptedFindingIsNoFinding) {
    auto facts = facts_of_a_role({{"key_type", "rsa"}});
    facts.account.accept = {acceptance("role/key-type", "pki_int/roles/*", std::nullopt)};
    const auto report = judge(facts);
    EXPECT_EQ(find(report.found, "role/key-type"), nullptr);
    ASSERT_NE(find(report.accepted, "role/key-type"), nullptr);
    EXPECT_EQ(find(report.accepted, "role/key-type")->accepted, "because");
    EXPECT_EQ(find(report.found, "accept/unused"), nullptr);
}

TEST(Judge, AnAcceptanceOfAnotherObjectOrOfNothingIsUnused) {
    for (const auto& accepted : {acceptance("role/key-type", "pki_other/roles/*", std::nullopt),
                                 acceptance("role/no-such-thing", "", std::nullopt)}) {
        auto facts = facts_of_a_role({{"key_type", "rsa"}});
        facts.account.accept = {accepted};
        const auto report = judge(facts);
        EXPECT_NE(find(report.found, "role/key-type"), nullptr);
        ASSERT_NE(find(report.found, "accept/unused"), nullptr);
        EXPECT_EQ(find(report.found, "accept/unused")->line, 20);
    }
}

TEST(Judge, AnExpiredAcceptanceIsAFindingAndHidesNothing) {
    auto facts = facts_of_a_role({{"key_type", "rsa"}});
    facts.account.accept = {acceptance("role/key-type", "", facts.now)};
    auto report = judge(facts);
    EXPECT_NE(find(report.found, "role/key-type"), nullptr);
    EXPECT_NE(find(report.found, "accept/expired"), nullptr);
    facts.account.accept = {
        acceptance("role/key-type", "", facts.now + Duration(std::chrono::seconds(1)))};
    report = judge(facts);
    EXPECT_EQ(find(report.found, "accept/expired"), nullptr);
}

TEST(Judge, AnAcceptanceOfWhatNobodyCouldJudgeIsNotUnused) {
    auto facts = facts_of_a_role({});
    facts.role = Fact<Json>::unknown("the reader's token lacks read on pki_int/roles/mesh");
    facts.account.accept = {acceptance("role/stored", "", std::nullopt)};
    const auto report = judge(facts);
    EXPECT_EQ(find(report.found, "accept/unused"), nullptr);
    EXPECT_EQ(find(report.found, "accept/expired"), nullptr);
}

TEST(Judge, ErrorsComeFirst) {
    const auto report = judge(facts_of_a_role({{"key_type", "rsa"}, {"no_store", false}}));
    for (std::size_t i = 0; i + 1 < report.found.size(); ++i) {
        EXPECT_LE(report.found[i].rule->severity, report.found[i + 1].rule->severity);
    }
}

TEST(Judge, ExitCodeThreeIsForAVaultThatDoesNotAnswer) {
    auto facts = facts_of_a_role({});
    facts.unreachable = "connection refused";
    EXPECT_EQ(exit_code(judge(facts)), 3);
}

TEST(Rules, HaveIdsOfTheirOwnAndAllThatIsTold) {
    std::map<std::string_view, int> seen;
    for (const auto& rule : all_rules()) {
        EXPECT_EQ(++seen[rule.id], 1) << rule.id;
        EXPECT_TRUE(rule.title.ends_with('.')) << rule.id;
        EXPECT_TRUE(rule.why.ends_with('.')) << rule.id;
        EXPECT_FALSE(rule.member.empty()) << rule.id;
    }
    EXPECT_GE(seen.size(), 50U);
    EXPECT_EQ(find_rule("no/such"), nullptr);
}

TEST(Commands, SpeakOfTheAccountsNamespace) {
    auto facts = facts_of_a_role({{"key_type", "rsa"}});
    facts.account.vault.namespace_name = "team a";
    const auto report = judge(facts);
    const auto* one = find(report.found, "role/key-type");
    ASSERT_NE(one, nullptr);
    EXPECT_TRUE(one->bao.at(0).starts_with("BAO_NAMESPACE='team a' bao patch ")) << one->bao.at(0);
    EXPECT_TRUE(one->vault.at(0).starts_with("VAULT_NAMESPACE='team a' vault patch "));
}

TEST(Commands, ChangeOnlyTheVeryLineOfTheFile) {
    auto facts = facts_of_a_role({});
    facts.mounts = Fact<Json>::known({{"pki-int/", {{"type", "pki"}}}});
    const auto sed = [&] {
        const auto report = judge(facts);
        const auto* one = find(report.found, "path/dash-or-underscore");
        return one == nullptr ? std::string() : one->bao.at(0);
    };
    EXPECT_EQ(sed(), "sed -i 8s#pki_int/#pki-int/# mesh/account.yaml");
    facts.account.lines = {{"pki", 7}};
    EXPECT_EQ(sed(), "sed -i LINEs#pki_int/#pki-int/# mesh/account.yaml");
}

TEST(Commands, KeepWhatTheAuthConfigHasAlready) {
    auto facts = facts_of_a_role({});
    facts.account.context = "prod";
    facts.auth_ca_fits = Fact<bool>::known(false);
    facts.auth_config = Fact<Json>::known({{"kubernetes_host", "https://kube:6443"},
                                           {"disable_local_ca_jwt", true},
                                           {"token_reviewer_jwt_set", true},
                                           {"issuer", ""}});
    const auto report = judge(facts);
    const auto* one = find(report.found, "auth/wrong-ca");
    ASSERT_NE(one, nullptr);
    EXPECT_TRUE(one->bao.at(0).starts_with(
        "kubectl config view --raw --minify --flatten --context=prod -o "))
        << one->bao.at(0);
    EXPECT_TRUE(one->bao.at(1).ends_with(
        " kubernetes_host=https://kube:6443 kubernetes_ca_cert=@cluster-ca.pem "
        "token_reviewer_jwt=@reviewer.jwt disable_local_ca_jwt=true"))
        << one->bao.at(1);
}

TEST(Commands, QuoteWhatIsNoPlainWord) {
    EXPECT_EQ(shell_word("pki_int"), "pki_int");
    EXPECT_EQ(shell_word(""), "''");
    EXPECT_EQ(shell_word("a b"), "'a b'");
    EXPECT_EQ(shell_word("it's; rm -rf /"), "'it'\\''s; rm -rf /'");
    EXPECT_EQ(fill_in("%tool% read %a%/%b%", {{"tool", "bao"}, {"a", "$(x)"}}, true),
              "bao read '$(x)'/B");
}

TEST(Commands, AValueIsNotFilledInAgain) {
    EXPECT_EQ(fill_in("%a%", {{"a", "%b%"}, {"b", "no"}}, true), "%b%");
}

TEST(Commands, APolicysTextCannotEndItsHeredoc) {
    auto facts = facts_of_a_role({});
    facts.auth_role = Fact<Json>::known({{"token_policies", {"mesh"}}});
    facts.policies["mesh"] =
        Fact<std::string>::known("path \"a\" { capabilities = [\"read\"] }\nEOF\nrm -rf /\n");
    const auto report = judge(facts);
    const auto* one = find(report.found, "policy/cannot-sign");
    ASSERT_NE(one, nullptr);
    EXPECT_NE(one->bao.at(0).find("<<'EOF_'\n"), std::string::npos) << one->bao.at(0);
    EXPECT_TRUE(one->bao.at(0).ends_with("\nEOF_")) << one->bao.at(0);
}

}  // namespace
}  // namespace meshproof::preflight
