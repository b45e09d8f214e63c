// A new account file is one that the reader takes, whatever was typed.
#include "conformance/preflight/draft.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/tests/temporary_folder.hpp"
#include "core/run/account.hpp"
#include "core/run/tests/surroundings.hpp"

namespace meshproof::preflight {
namespace {

struct DraftFile : testing::Test {
    TemporaryFolder folder;
    std::string kubeconfig;

    void SetUp() override {
        folder.write("mesh-ca.pem", run::ca_pem());
        kubeconfig =
            folder.write("kubeconfig",
                         "current-context: alpha\n"
                         "clusters: [{name: k, cluster: {server: 'https://127.0.0.1:6443'}}]\n"
                         "users: [{name: u, user: {token: kubetoken}}]\n"
                         "contexts: [{name: alpha, context: {cluster: k, user: u}}]\n");
    }
    [[nodiscard]] Result<run::Account> read(const Draft& draft) const {
        return run::Account::parse(account_yaml(draft), folder.path() + "/account.yaml",
                                   run::variables({{"KUBECONFIG", kubeconfig}}));
    }
};

TEST_F(DraftFile, HasThePagesOwnNames) {
    const auto account = read(Draft());
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->name, "my-mesh");
    EXPECT_EQ(account->auth_mount, "kubernetes");
    EXPECT_EQ(account->auth_role, "pki_int");
    EXPECT_EQ(account->sign_path, "pki_int/sign/example-dot-com");
    EXPECT_EQ(account->trust_domain, "cluster.local");
    ASSERT_TRUE(account->cluster);
    EXPECT_EQ(account->cluster->namespace_name, "istio-system");
    EXPECT_EQ(account->cluster->name, "vault-issuer");
    EXPECT_TRUE(account->kubeconfig_path.empty());
}

// A Vault's CA is private nearly always, and nobody knows the member's name by heart.
TEST_F(DraftFile, ShowsWhatElseIsNeeded) {
    const auto file = account_yaml(Draft());
    EXPECT_NE(file.find("\n  # ca_file: "), std::string::npos);
    EXPECT_NE(file.find("\n  # kubeconfig: "), std::string::npos);
    Draft draft;
    draft.vault_ca = "ca.pem";
    draft.kubeconfig = "kubeconfig";
    const auto given = account_yaml(draft);
    EXPECT_EQ(given.find("# ca_file"), std::string::npos);
    EXPECT_EQ(given.find("# kubeconfig"), std::string::npos);
}

TEST_F(DraftFile, TellsEditorsOfItsSchema) {
    EXPECT_TRUE(
        account_yaml(Draft()).starts_with("# yaml-language-server: $schema=account.schema.json\n"));
    EXPECT_EQ(nlohmann::json::parse(account_schema)["title"], "meshproof.account/v1");
}

TEST_F(DraftFile, KeepsTextsThatYamlWouldReadOtherwise) {
    Draft draft;
    draft.name = "prod: \"mesh\" # one";
    draft.auth_role = "yes";
    draft.vault_namespace = "123";
    draft.kubeconfig = "kubeconfig";
    draft.context = "alpha";
    const auto account = read(draft);
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->name, draft.name);
    EXPECT_EQ(account->auth_role, "yes");
    EXPECT_EQ(account->vault.namespace_name, "123");
    EXPECT_EQ(account->kubeconfig_path, kubeconfig);
    EXPECT_EQ(account->context, "alpha");
}

}  // namespace
}  // namespace meshproof::preflight
