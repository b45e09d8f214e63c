#include "core/mesh/account.hpp"

#include <gtest/gtest.h>

#include "core/crypto/tests/fixtures.hpp"

namespace meshproof::mesh {
namespace {

AccountSpec good() {
    AccountSpec spec;
    spec.name = "corporate vault";
    spec.url = "https://vault.example.org:8200";
    spec.service_account = "vault-issuer";
    spec.role = "pki_int";
    spec.pki_path = "pki_int/sign/example-dot-com";
    return spec;
}

TEST(Account, FillsInWhatThePageFillsIn) {
    const auto account = IntegrationAccount::create(good());
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->label(), "Certificate Authority: corporate vault");
    EXPECT_EQ(account->mount_path(), "/v1/auth/kubernetes");
    EXPECT_EQ(account->auth_mount(), "kubernetes");
    EXPECT_EQ(account->url().port, 8200);
    EXPECT_FALSE(account->ca_chain());
}

TEST(Account, TakesWhatIsGiven) {
    auto spec = good();
    spec.label = "our label";
    spec.mount_path = "/v1/auth/clusters/c1";
    spec.vault_namespace = "team/mesh";
    spec.url = "http://10.0.0.1:8200/";
    spec.pki_path = "teams/a/pki/sign/mesh";
    const auto root = crypto::fixtures::make_ca(crypto::fixtures::ca_spec("root"));
    spec.ca_chain_pem = root.certificate.pem();
    const auto account = IntegrationAccount::create(spec);
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->label(), "our label");
    EXPECT_EQ(account->auth_mount(), "clusters/c1");
    ASSERT_TRUE(account->ca_chain());
    EXPECT_EQ(account->ca_chain()->root(), root.certificate);
}

TEST(Account, RefusesEachFieldWithItsOwnMessage) {
    using Change = void (*)(AccountSpec&);
    const std::vector<std::pair<std::string, Change>> refused = {
        {"name: is required", [](auto& s) { s.name.clear(); }},
        {"name: has 64 characters", [](auto& s) { s.name = std::string(64, 'a'); }},
        {"name: \"a/b\"", [](auto& s) { s.name = "a/b"; }},
        {"name: \"-a\"", [](auto& s) { s.name = "-a"; }},
        {"name: \"(unprintable)\"", [](auto& s) { s.name = "a\nb"; }},
        {"label: ", [](auto& s) { s.label = "a\tb"; }},
        {"url: is required", [](auto& s) { s.url.clear(); }},
        {"url: ", [](auto& s) { s.url = "ftp://vault:21"; }},
        {"url: ", [](auto& s) { s.url = "vault:8200"; }},
        {"url: \"https://vault:8200/ui\" has the path /ui",
         [](auto& s) { s.url = "https://vault:8200/ui"; }},
        {"url: a URL with a user name", [](auto& s) { s.url = "https://me:pw@vault:8200"; }},
        {"service account name: is required", [](auto& s) { s.service_account.clear(); }},
        {"service account name: \"Vault\" is no DNS-1123",
         [](auto& s) { s.service_account = "Vault"; }},
        {"service account name: \"a..b\"", [](auto& s) { s.service_account = "a..b"; }},
        {"service account name: \"a-\"", [](auto& s) { s.service_account = "a-"; }},
        {"role: is required", [](auto& s) { s.role.clear(); }},
        {"role: \"a b\"", [](auto& s) { s.role = "a b"; }},
        {"pki path: is required", [](auto& s) { s.pki_path.clear(); }},
        {"begins with /v1/", [](auto& s) { s.pki_path = "/v1/pki_int/sign/r"; }},
        {"begins with /:", [](auto& s) { s.pki_path = "/pki_int/sign/r"; }},
        {"must use the sign endpoint", [](auto& s) { s.pki_path = "pki_int/issue/r"; }},
        {"is not MOUNT/sign/ROLE", [](auto& s) { s.pki_path = "pki_int/sign"; }},
        {"is not MOUNT/sign/ROLE", [](auto& s) { s.pki_path = "pki_int/sign/"; }},
        {"is not MOUNT/sign/ROLE", [](auto& s) { s.pki_path = "pki_int/roles/r"; }},
        {"is not MOUNT/sign/ROLE", [](auto& s) { s.pki_path = "../sign/r"; }},
        {"mount path: \"kubernetes\" is not /v1/auth/NAME",
         [](auto& s) { s.mount_path = "kubernetes"; }},
        {"mount path: \"/v1/auth/\"", [](auto& s) { s.mount_path = "/v1/auth/"; }},
        {"namespace: \"a//b\"", [](auto& s) { s.vault_namespace = "a//b"; }},
        {"certificate authority chain: ", [](auto& s) { s.ca_chain_pem = "junk"; }},
    };
    for (const auto& [message, change] : refused) {
        auto spec = good();
        change(spec);
        const auto account = IntegrationAccount::create(spec);
        ASSERT_FALSE(account) << message;
        EXPECT_EQ(account.error().kind, FailureKind::invalid);
        EXPECT_NE(account.error().message.find(message), std::string::npos)
            << account.error().message << "\n  expected " << message;
        EXPECT_EQ(account.error().message.find("me:pw"), std::string::npos);
    }
}

TEST(Account, LetsOnlyTheServiceAccountAndTheDescriptionChange) {
    auto account = *IntegrationAccount::create(good());
    account.set_description("for the mesh");
    EXPECT_EQ(account.description(), "for the mesh");
    EXPECT_TRUE(account.set_service_account("issuer-b"));
    EXPECT_FALSE(account.set_service_account("Issuer"));
    EXPECT_EQ(account.service_account(), "issuer-b");
}

}  // namespace
}  // namespace meshproof::mesh
