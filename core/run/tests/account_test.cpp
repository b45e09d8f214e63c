#include "core/run/account.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/tests/temporary_folder.hpp"
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"
#include "core/crypto/tls.hpp"
#include "core/run/tests/surroundings.hpp"

namespace meshproof::run {
namespace {

using namespace std::chrono_literals;
struct AccountFile : testing::Test {
    TemporaryFolder folder;

    void SetUp() override {
        folder.write("ca.pem", ca_pem());
        folder.write("mesh-ca.pem", ca_pem());
        folder.write("kube.token", "kubetoken\n");
        folder.write("empty", "\n");
        folder.write("kubeconfig",
                     "current-context: alpha\n"
                     "clusters: [{name: k, cluster: {server: 'https://127.0.0.1:6443'}}]\n"
                     "users: [{name: u, user: {token: kubetoken}}]\n"
                     "contexts: [{name: alpha, context: {cluster: k, user: u}},\n"
                     "           {name: beta, context: {cluster: k, user: u}}]\n");
        const auto key = crypto::Key::generate(crypto::KeyType::p256);
        folder.write("jwt", crypto::sign_jwt(R"({"exp":1800000000})", "k", key).reveal() + "\n");
        folder.write("no-jwt", "abc.def\n");
    }
    [[nodiscard]] std::string path() const { return folder.path() + "/account.yaml"; }
    [[nodiscard]] Result<Account> parse(const std::string& yaml, Values values = {}) const {
        return Account::parse(yaml, path(), variables(std::move(values)));
    }
    /// What is told about a text, without the path of the file.
    [[nodiscard]] std::string told(const std::string& yaml) const {
        const auto account = parse(yaml);
        if (account) {
            return "(accepted)";
        }
        EXPECT_EQ(account.error().kind, FailureKind::invalid);
        const auto& message = account.error().message;
        std::vector<std::string> lines;
        for (const auto& line : split(message, '\n')) {
            EXPECT_TRUE(line.starts_with(path() + ":")) << message;
            lines.push_back(line.substr(std::min(line.size(), path().size())));
        }
        return join(lines, "\n");
    }
};

const std::string name_line = "name: prod\n";
const std::string vault_line = "vault: {address: 'https://127.0.0.1:8200', ca_file: ca.pem}\n";
const std::string auth_line = "auth: {mount: kubernetes, role: istio}\n";
const std::string pki_line = "pki: {sign_path: pki_int/sign/istio, ca_bundle_file: mesh-ca.pem}\n";
const std::string rest = name_line + vault_line + auth_line + pki_line;

TEST_F(AccountFile, ReadsEverything) {
    const auto account = parse(R"(
name: prod
vault:
  address: https://127.0.0.1:8200
  ca_file: ca.pem
  namespace: team-a
  tls_server_name: vault
auth:
  mount: clusters/one
  role: istio
pki:
  sign_path: pki_int/sign/istio
  ca_bundle_file: mesh-ca.pem
trust_domain: prod.example
ttl: 30m
cluster:
  kubeconfig: kubeconfig
  context: beta
  namespace: istio-system
  service_account: vault-issuer
  audience: vault
)");
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->name, "prod");
    EXPECT_EQ(account->vault.endpoint.url.text(), "https://127.0.0.1:8200");
    EXPECT_EQ(account->vault.endpoint.tls.trust.size(), 1U);
    EXPECT_EQ(account->vault.endpoint.tls.server_name, "vault");
    EXPECT_EQ(account->vault.namespace_name, "team-a");
    EXPECT_TRUE(account->vault.token.empty());
    EXPECT_EQ(account->auth_mount, "clusters/one");
    EXPECT_EQ(account->auth_role, "istio");
    EXPECT_EQ(account->sign_path, "pki_int/sign/istio");
    EXPECT_EQ(account->trust.size(), 1U);
    EXPECT_EQ(account->trust_domain, "prod.example");
    EXPECT_EQ(account->ttl, 30min);
    ASSERT_TRUE(account->cluster);
    EXPECT_EQ(account->cluster->access.context, "beta");
    EXPECT_EQ(account->cluster->namespace_name, "istio-system");
    EXPECT_EQ(account->cluster->name, "vault-issuer");
    EXPECT_EQ(account->audience, "vault");
    EXPECT_TRUE(account->jwt.empty());
}

TEST_F(AccountFile, HasDefaults) {
    const auto account =
        parse(rest + "cluster: {namespace: a, service_account: b}\n",
              {{"KUBECONFIG", folder.path() + "/kubeconfig"}, {"VAULT_NAMESPACE", "ns"}});
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->trust_domain, "cluster.local");
    EXPECT_EQ(account->ttl, 1h);
    EXPECT_EQ(account->cluster->access.context, "alpha");
    EXPECT_EQ(account->vault.namespace_name, "ns");
    EXPECT_EQ(account->audience, "");
}

TEST_F(AccountFile, TakesAnApiServerByItsUrl) {
    const auto account = parse(rest +
                               "cluster: {server: 'https://127.0.0.1:6443', ca_file: ca.pem, "
                               "token_file: kube.token, namespace: a, service_account: b}\n");
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->cluster->access.endpoint.url.port, 6443);
    EXPECT_EQ(account->cluster->access.endpoint.tls.trust.size(), 1U);
    EXPECT_EQ(account->cluster->access.token.reveal(), "kubetoken");
}

TEST_F(AccountFile, GoesByThePodsOwnAccountWhereNothingElseIsNamed) {
    const auto section_of = [](const std::string& yaml) {
        return require(YamlSection::parse(yaml, {.path = "account.yaml"}));
    };
    const Values pod{{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "6443"}};
    EXPECT_TRUE(goes_by_pod(section_of("namespace: a\n"), variables(pod)));
    EXPECT_FALSE(goes_by_pod(section_of("namespace: a\n"), variables({})));
    EXPECT_FALSE(goes_by_pod(section_of("kubeconfig: k\n"), variables(pod)));
    auto beside = pod;
    beside["KUBECONFIG"] = "k";
    EXPECT_FALSE(goes_by_pod(section_of("namespace: a\n"), variables(beside)));

    folder.write("ca.crt", ca_pem());
    folder.write("token", "podtoken\n");
    auto section = section_of("namespace: a\n");
    const auto access = read_pod_access(section, variables(pod), folder.path());
    EXPECT_FALSE(section.problems());
    EXPECT_EQ(access.endpoint.url.text(), "https://[fd00::1]:6443");
    EXPECT_EQ(access.endpoint.tls.trust.size(), 1U);
    EXPECT_EQ(access.token.reveal(), "podtoken");

    auto bare = section_of("namespace: a\n");
    (void)read_pod_access(bare, variables(pod), folder.path() + "/none");
    ASSERT_TRUE(bare.problems());
    EXPECT_NE(bare.problems()->message.find("/none/ca.crt"), std::string::npos)
        << bare.problems()->message;
}

TEST_F(AccountFile, TakesATokenAtHand) {
    const auto account = parse(rest + "jwt_file: jwt\n");
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_FALSE(account->cluster);
    EXPECT_FALSE(account->jwt.empty());
    EXPECT_EQ(account->jwt_expires, from_unix_seconds(1'800'000'000));
}

TEST_F(AccountFile, HoldsNoCredentials) {
    EXPECT_NE(told(rest + "jwt: abc\n").find("jwt_file"), std::string::npos);
    EXPECT_NE(told(rest + "cluster: {token: abc}\n").find("token_file"), std::string::npos);
    // Whoever names the wrong file does not see what is in it.
    EXPECT_EQ(told(rest + "jwt_file: no-jwt\n"),
              ":5: jwt_file: expected a service account token: a JWT has three parts, this has 2");
}

TEST_F(AccountFile, SaysWhatIsMissing) {
    EXPECT_NE(told(vault_line + auth_line + pki_line + "jwt_file: jwt\n").find("name: missing"),
              std::string::npos);
    EXPECT_NE(told(name_line + vault_line + pki_line + "jwt_file: jwt\n").find("auth: missing"),
              std::string::npos);
    EXPECT_NE(told(name_line + vault_line + auth_line + "jwt_file: jwt\n").find("pki: missing"),
              std::string::npos);
    EXPECT_NE(told(name_line + auth_line + pki_line + "jwt_file: jwt\n").find("vault.address"),
              std::string::npos);
    EXPECT_NE(told(rest).find("cluster: expected one of cluster"), std::string::npos);
    EXPECT_NE(told(rest + "jwt_file: empty\n").find("jwt_file: the file is empty"),
              std::string::npos);
    EXPECT_NE(told(rest + "cluster: {kubeconfig: kubeconfig, namespace: a}\n")
                  .find("cluster.service_account: missing"),
              std::string::npos);
}

TEST_F(AccountFile, RefusesWhatWouldFailLater) {
    const auto with_path = [&](const std::string& path) {
        return told(name_line + vault_line + auth_line + "pki: {sign_path: " + path +
                    ", ca_bundle_file: mesh-ca.pem}\njwt_file: jwt\n");
    };
    for (const auto* path :
         {"pki_int", "/pki/sign/a", "v1/pki/sign/a", "pki/issue/a", "pki/sign/"}) {
        EXPECT_NE(with_path(path).find("pki.sign_path: expected MOUNT/sign/ROLE"),
                  std::string::npos)
            << path;
    }
    EXPECT_NE(told(name_line + vault_line + "auth: {mount: auth/kubernetes, role: a}\n" + pki_line +
                   "jwt_file: jwt\n")
                  .find("auth.mount: expected the mount alone"),
              std::string::npos);
    EXPECT_NE(told(rest + "jwt_file: jwt\ncluster: {kubeconfig: kubeconfig}\n")
                  .find("jwt_file: expected one of"),
              std::string::npos);
    EXPECT_NE(told(rest + "cluster: {kubeconfig: kubeconfig, server: 'https://a:1'}\n")
                  .find("cluster.kubeconfig: beside server"),
              std::string::npos);
    EXPECT_NE(told(rest + "jwt_file: jwt\nttl: 1s\n").find("ttl"), std::string::npos);
    EXPECT_NE(told(rest + "jwt_file: jwt\nsign_path: a\n").find("sign_path"), std::string::npos);
}

const std::string whole = rest + "jwt_file: jwt\n";

TEST_F(AccountFile, ReadsWhatPreflightNeeds) {
    const auto account =
        parse(name_line + "vault: {address: 'https://127.0.0.1:8200', token_file: kube.token}\n" +
              auth_line + pki_line +
              "jwt_file: jwt\n"
              "mesh: {key_type: p-384, pods: 5000, renew_at: 0.5}\n"
              "accept:\n"
              "  - {id: role/stored, object: 'pki_int/*', reason: audit, until: 2027-03-31}\n"
              "  - id: auth/service-tokens\n"
              "    reason: old agents\n");
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->reader.reveal(), "kubetoken");
    EXPECT_TRUE(account->vault.token.empty());
    EXPECT_EQ(account->mesh.key_type, crypto::KeyType::p384);
    EXPECT_EQ(account->mesh.pods, 5000);
    EXPECT_DOUBLE_EQ(account->mesh.renew_at, 0.5);
    ASSERT_EQ(account->accept.size(), 2U);
    EXPECT_EQ(account->accept[0].object, "pki_int/*");
    EXPECT_EQ(account->accept[0].until, parse_rfc3339("2027-04-01T00:00:00Z"));
    EXPECT_EQ(account->accept[0].line, 8);
    EXPECT_EQ(account->accept[1].until, std::nullopt);
    EXPECT_EQ(account->accept[1].line, 9);
}

TEST_F(AccountFile, KnowsWhereItsMembersStand) {
    const auto account = parse(whole);
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->path, path());
    EXPECT_EQ(account->bundle_path, folder.path() + "/mesh-ca.pem");
    EXPECT_EQ(account->lines.at("vault.address"), 2);
    EXPECT_EQ(account->lines.at("auth.role"), 3);
    EXPECT_EQ(account->lines.at("pki.sign_path"), 4);
    EXPECT_FALSE(account->lines.contains("trust_domain"));
}

TEST_F(AccountFile, TheReadersTokenComesFromTheEnvironmentToo) {
    const auto account = parse(whole, {{"VAULT_TOKEN", "hvs.reader"}});
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->reader.reveal(), "hvs.reader");
}

TEST_F(AccountFile, RefusesAnAcceptanceWithoutAReason) {
    EXPECT_NE(told(whole + "accept: [{id: role/stored}]\n").find("reason"), std::string::npos);
    EXPECT_NE(told(whole + "accept: [{id: a/b, reason: c, until: soon}]\n")
                  .find("expected a day, such as 2027-03-31, got soon"),
              std::string::npos);
    EXPECT_NE(told(whole + "mesh: {pods: 0}\n").find("mesh.pods"), std::string::npos);
    EXPECT_NE(told(name_line + "vault: {token: hvs.secret}\n").find("token_file"),
              std::string::npos);
}

}  // namespace
}  // namespace meshproof::run
