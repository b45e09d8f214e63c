#include "core/run/target.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/tests/temporary_folder.hpp"
#include "core/base/text.hpp"
#include "core/run/tests/surroundings.hpp"

namespace meshproof::run {
namespace {

/// A folder laid out as the script for real servers does: credentials beside the folder of target
/// files.
struct TargetFile : testing::Test {
    TemporaryFolder folder;

    void SetUp() override {
        folder.write("vault-ca.pem", ca_pem());
        for (const auto& secret : {folder.write("openbao.token", "s.t0ken\n"),
                                   folder.write("openbao.unseal", "a2V5MQ==\n\n a2V5Mg== \n")}) {
            std::filesystem::permissions(secret, std::filesystem::perms(0600));
        }
        folder.write("kubeconfig",
                     "current-context: alpha\n"
                     "clusters: [{name: k, cluster: {server: 'https://127.0.0.1:6443'}}]\n"
                     "users: [{name: u, user: {token: kubetoken}}]\n"
                     "contexts: [{name: alpha, context: {cluster: k, user: u}},\n"
                     "           {name: beta, context: {cluster: k, user: u}}]\n");
    }
    [[nodiscard]] Result<Target> parse(const std::string& yaml, Values values = {}) const {
        return Target::parse(yaml, path(), variables(std::move(values)));
    }
    [[nodiscard]] std::string path() const { return folder.path() + "/targets/t.yaml"; }
    /// What is told first about a text, without the path of the file and the ": " after it where
    /// there is no line.
    [[nodiscard]] std::string told(const std::string& yaml, Values values = {}) const {
        testing::internal::CaptureStderr();
        const auto target = parse(yaml, std::move(values));
        (void)testing::internal::GetCapturedStderr();
        if (target) {
            return "(accepted)";
        }
        EXPECT_EQ(target.error().kind, FailureKind::invalid);
        const auto& message = target.error().message;
        std::vector<std::string> lines;
        for (const auto& line : split(message, '\n')) {
            EXPECT_TRUE(line.starts_with(path() + ":")) << message;
            lines.push_back(line.substr(std::min(line.size(), path().size())));
        }
        return lines.front();
    }
};

const std::string vault_lines =
    "name: t\nvaults:\n  - address: https://127.0.0.1:8200\n    token_file: ../openbao.token\n";

TEST_F(TargetFile, ReadsEverything) {
    const auto target = parse(R"(
name: openbao-2.7.2
vaults:
  - address: https://127.0.0.1:8200
    ca_file: ../vault-ca.pem
    token_file: ../openbao.token
    namespace: ns1
    unseal_keys_file: ../openbao.unseal
    allow_seal: true
    product: openbao
    tls_server_name: vault
  - address: https://127.0.0.1:8300/base/
    token_file: ../openbao.token
    product: vault
clusters:
  - kubeconfig: ../kubeconfig
    context: beta
  - kubeconfig: ../kubeconfig
mesh_namespace: mesh
workload_namespace: apps
leaf_ttl: 20s
deviations: {vault/pki/x: it is known}
)");
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(target->name, "openbao-2.7.2");
    EXPECT_FALSE(target->fake_vaults);
    EXPECT_FALSE(target->fake_clusters);
    ASSERT_EQ(target->vaults.size(), 2U);
    const auto& first = target->vaults[0];
    EXPECT_EQ(first.config.endpoint.url.text(), "https://127.0.0.1:8200");
    EXPECT_EQ(first.config.endpoint.tls.trust.size(), 1U);
    EXPECT_FALSE(first.config.endpoint.tls.system_trust);
    EXPECT_TRUE(first.config.endpoint.tls.verify_peer);
    EXPECT_EQ(first.config.endpoint.tls.server_name, "vault");
    EXPECT_EQ(first.config.token.reveal(), "s.t0ken");
    EXPECT_EQ(first.config.namespace_name, "ns1");
    ASSERT_EQ(first.unseal_keys.size(), 2U);
    EXPECT_EQ(first.unseal_keys[1].reveal(), "a2V5Mg==");
    EXPECT_TRUE(first.allow_seal);
    EXPECT_EQ(first.product, vault::Product::openbao);
    EXPECT_EQ(target->vaults[1].config.endpoint.url.path, "/base");
    EXPECT_EQ(target->vaults[1].product, vault::Product::vault);
    EXPECT_TRUE(target->vaults[1].config.endpoint.tls.system_trust);
    EXPECT_FALSE(target->vaults[1].allow_seal);
    ASSERT_EQ(target->clusters.size(), 2U);
    EXPECT_EQ(target->clusters[0].context, "beta");
    EXPECT_EQ(target->clusters[1].context, "alpha");
    EXPECT_EQ(target->clusters[0].token.reveal(), "kubetoken");
    EXPECT_EQ(target->mesh_namespace, "mesh");
    EXPECT_EQ(target->workload_namespace, "apps");
    EXPECT_EQ(target->leaf_ttl, std::chrono::seconds(20));
    EXPECT_EQ(target->deviations.at("vault/pki/x"), "it is known");
}

TEST_F(TargetFile, HasDefaultsAndFakes) {
    const auto target = parse(vault_lines + "clusters: fake\n");
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_TRUE(target->fake_clusters);
    EXPECT_TRUE(target->clusters.empty());
    EXPECT_EQ(target->mesh_namespace, "istio-system");
    EXPECT_EQ(target->workload_namespace, "default");
    EXPECT_EQ(target->leaf_ttl, std::chrono::seconds(30));
    EXPECT_FALSE(target->vaults[0].product.has_value());

    const auto other = parse("name: t\nvaults: fake\nclusters: [{kubeconfig: ../kubeconfig}]\n");
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_TRUE(other->fake_vaults);
    EXPECT_EQ(other->clusters.size(), 1U);
}

TEST_F(TargetFile, NamesServersForChecksAlone) {
    const std::string one = "{address: 'https://127.0.0.1:1', token_file: ../openbao.token}";
    const auto target = parse(vault_lines + "clusters: fake\nnodes: [" + one + ", " + one +
                              "]\nuninitialised: [{address: 'https://127.0.0.1:2'}]\n");
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(target->nodes.size(), 2);
    EXPECT_EQ(target->uninitialised.size(), 1);
    EXPECT_EQ(told(vault_lines + "clusters: fake\nnodes: fake\n"), ":6: nodes: expected a list");
    EXPECT_TRUE(told(vault_lines + "clusters: fake\nuninitialised: [" + one + "]\n")
                    .starts_with(":6: uninitialised[0].token_file: "));
}

TEST_F(TargetFile, LoadsAFile) {
    const auto file = folder.write("targets/t.yaml", vault_lines + "clusters: fake\n");
    EXPECT_TRUE(Target::load(file, variables()));
    EXPECT_EQ(Target::load("/nonexistent/t.yaml", variables()).error().message,
              "cannot read /nonexistent/t.yaml: No such file or directory");
}

TEST_F(TargetFile, TheEnvironmentFillsInWhatIsLeftOut) {
    const auto target = parse("name: t\n", {{"VAULT_ADDR", "https://vault.example"},
                                            {"VAULT_TOKEN", "s.fromenvironment"},
                                            {"VAULT_CACERT", folder.path() + "/vault-ca.pem"},
                                            {"VAULT_NAMESPACE", "team"},
                                            {"VAULT_SKIP_VERIFY", "false"},
                                            {"KUBECONFIG", folder.path() + "/kubeconfig"}});
    ASSERT_TRUE(target) << target.error().message;
    ASSERT_EQ(target->vaults.size(), 1U);
    const auto& config = target->vaults[0].config;
    EXPECT_EQ(config.endpoint.url.text(), "https://vault.example:443");
    EXPECT_EQ(config.token.reveal(), "s.fromenvironment");
    EXPECT_EQ(config.endpoint.tls.trust.size(), 1U);
    EXPECT_TRUE(config.endpoint.tls.verify_peer);
    EXPECT_EQ(config.namespace_name, "team");
    ASSERT_EQ(target->clusters.size(), 1U);
    EXPECT_EQ(target->clusters[0].context, "alpha");
}

TEST_F(TargetFile, TheFileWinsOverTheEnvironment) {
    const auto target = parse(vault_lines +
                                  "    namespace: mine\n    skip_verify: false\n"
                                  "    ca_file: ../vault-ca.pem\nclusters: fake\n",
                              {{"VAULT_ADDR", "https://vault.example"},
                               {"VAULT_TOKEN", "s.other"},
                               {"VAULT_CACERT", "/nonexistent"},
                               {"VAULT_NAMESPACE", "team"},
                               {"VAULT_SKIP_VERIFY", "true"}});
    ASSERT_TRUE(target) << target.error().message;
    const auto& config = target->vaults[0].config;
    EXPECT_EQ(config.endpoint.url.host, "127.0.0.1");
    EXPECT_EQ(config.token.reveal(), "s.t0ken");
    EXPECT_EQ(config.namespace_name, "mine");
    EXPECT_TRUE(config.endpoint.tls.verify_peer);
}

TEST_F(TargetFile, OpenBaosVariablesStandInForVaults) {
    const auto target =
        parse("name: t\nclusters: fake\n", {{"VAULT_ADDR", "https://vault.example"},
                                            {"BAO_ADDR", "https://bao.example"},
                                            {"BAO_TOKEN", "s.fromenvironment"},
                                            {"VAULT_TOKEN", ""},
                                            {"BAO_TLS_SERVER_NAME", "vault.internal"}});
    ASSERT_TRUE(target) << target.error().message;
    const auto& config = target->vaults.at(0).config;
    EXPECT_EQ(config.endpoint.url.host, "vault.example");
    EXPECT_EQ(config.token.reveal(), "s.fromenvironment");
    EXPECT_EQ(config.endpoint.tls.server_name, "vault.internal");
    const auto written = parse(vault_lines + "    tls_server_name: v\nclusters: fake\n",
                               {{"VAULT_TLS_SERVER_NAME", "vault.internal"}});
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(written->vaults.at(0).config.endpoint.tls.server_name, "v");
}

TEST_F(TargetFile, WhatTheEnvironmentAsksForInVainIsSaidAloud) {
    testing::internal::CaptureStderr();
    EXPECT_TRUE(parse(vault_lines + "clusters: fake\n",
                      {{"HTTPS_PROXY", "http://proxy:3128"}, {"BAO_CLIENT_CERT", "a.pem"}}));
    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("HTTPS_PROXY is set, and not used: servers are reached directly"),
              std::string::npos)
        << said;
    EXPECT_NE(said.find("VAULT_CLIENT_CERT is set, and not used"), std::string::npos) << said;
    EXPECT_EQ(said.find("http://proxy"), std::string::npos) << "it may hold a password";
    for (const std::string name : {"VAULT_CAPATH", "VAULT_CACERT_BYTES", "VAULT_CLIENT_CERT",
                                   "VAULT_CLIENT_KEY", "VAULT_PROXY_ADDR", "VAULT_HTTP_PROXY",
                                   "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"}) {
        testing::internal::CaptureStderr();
        EXPECT_TRUE(parse(vault_lines + "clusters: fake\n", {{name, "set"}}));
        EXPECT_NE(testing::internal::GetCapturedStderr().find(name + " is set, and not used"),
                  std::string::npos)
            << name;
    }
    testing::internal::CaptureStderr();
    EXPECT_TRUE(parse(vault_lines + "clusters: fake\n"));
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(TargetFile, ATokenInThePlaceOfItsFileIsNotRepeated) {
    const auto said = told(
        "name: t\nvaults: [{address: 'https://127.0.0.1:1', token_file: "
        "hvs.CAESIabcdefghijklmnopqrstuvwx}]\nclusters: fake\n");
    EXPECT_EQ(said,
              ":2: vaults[0].token_file: expected the name of a file with the token, and this "
              "looks like a token");
}

TEST_F(TargetFile, ATokenThatOthersMayReadIsSaidAloud) {
    const auto said = [this](int mode) {
        std::filesystem::permissions(folder.path() + "/openbao.token",
                                     std::filesystem::perms(mode));
        testing::internal::CaptureStderr();
        EXPECT_TRUE(parse(vault_lines + "clusters: fake\n"));
        return testing::internal::GetCapturedStderr();
    };
    EXPECT_EQ(said(0600), "");
    EXPECT_EQ(said(0640), "");
    EXPECT_NE(said(0644).find("vaults[0].token_file: others may read "), std::string::npos);
    EXPECT_NE(said(0602).find("vaults[0].token_file: others may change "), std::string::npos);
}

TEST_F(TargetFile, TheSavedTokenIsTheLastResort) {
    folder.write("home/.vault-token", "s.saved\n");
    const std::string yaml =
        "name: t\nvaults: [{address: 'https://127.0.0.1:1'}]\nclusters: fake\n";
    const auto saved = parse(yaml, {{"HOME", folder.path() + "/home"}});
    ASSERT_TRUE(saved) << saved.error().message;
    EXPECT_EQ(saved->vaults[0].config.token.reveal(), "s.saved");
    const auto given = parse(yaml, {{"HOME", folder.path() + "/home"}, {"VAULT_TOKEN", "s.given"}});
    EXPECT_EQ(given->vaults[0].config.token.reveal(), "s.given");
    EXPECT_EQ(told(yaml, {{"HOME", folder.path()}}),
              ":2: vaults[0].token_file: missing: expected a file with a token, or VAULT_TOKEN");
}

TEST_F(TargetFile, SkippingVerificationIsSaidAloud) {
    testing::internal::CaptureStderr();
    const auto written = parse(vault_lines + "    skip_verify: true\nclusters: fake\n");
    const auto set = parse(vault_lines + "clusters: fake\n", {{"VAULT_SKIP_VERIFY", "1"}});
    const auto said = testing::internal::GetCapturedStderr();
    ASSERT_TRUE(written) << written.error().message;
    ASSERT_TRUE(set) << set.error().message;
    EXPECT_FALSE(written->vaults[0].config.endpoint.tls.verify_peer);
    EXPECT_FALSE(set->vaults[0].config.endpoint.tls.verify_peer);
    const auto first = said.find("warning: vaults[0].skip_verify");
    ASSERT_NE(first, std::string::npos) << said;
    EXPECT_NE(said.find("warning: vaults[0].skip_verify", first + 1), std::string::npos) << said;
}

TEST_F(TargetFile, PlainHttpToAnotherMachineIsSaidAloud) {
    testing::internal::CaptureStderr();
    const std::string rest = ", token_file: ../openbao.token}]\nclusters: fake\n";
    EXPECT_TRUE(parse("name: t\nvaults: [{address: 'http://127.0.0.1:8200'" + rest));
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    testing::internal::CaptureStderr();
    EXPECT_TRUE(parse("name: t\nvaults: [{address: 'http://vault.example:8200'" + rest));
    EXPECT_NE(testing::internal::GetCapturedStderr().find("unencrypted"), std::string::npos);
}

TEST_F(TargetFile, AllErrorsAreToldAtOnce) {
    const auto target = parse(R"(nmae: t
vaults:
- address: vault:8200
  token_file: ../gone
  skip_verify: maybe
  unseal_keys_file: ../gone
  allow_seal: true
- x
clusters: [{kubeconfig: ../gone}]
leaf_ttl: 4s
)");
    ASSERT_FALSE(target);
    std::vector<std::string> places;
    for (const auto& line : split(target.error().message, '\n')) {
        ASSERT_TRUE(line.starts_with(path() + ":")) << line;
        const auto rest = line.substr(path().size());
        places.push_back(rest.substr(0, rest.find(": ", rest.find(": ") + 2)));
    }
    EXPECT_EQ(places, (std::vector<std::string>{
                          ":1: nmae", ":1: name", ":10: leaf_ttl", ":3: vaults[0].address",
                          ":5: vaults[0].skip_verify", ":4: vaults[0].token_file",
                          ":6: vaults[0].unseal_keys_file", ":8: vaults[1]",
                          ":9: clusters[0].kubeconfig"}));
}

TEST_F(TargetFile, EveryErrorNamesLineAndField) {
    const std::string end = "clusters: fake\n";
    const std::pair<std::string, std::string> cases[] = {
        {"a: [", ":1: not YAML: "},
        {"", ":1: expected a target: a map with name, vaults and clusters"},
        {"- x", ":1: expected a target"},
        {"nmae: t\n", ":1: nmae: unknown field: did you mean name?"},
        {"name: t\nzebra: 1\n",
         ":2: zebra: unknown field: known are clusters, deviations, leaf_ttl"},
        {"name: t\nname: u\n", ":2: name: given twice"},
        {"[a, b]: c\n", ":1: target: expected names as keys"},
        {"vaults: fake\nclusters: []\n", ":1: name: missing: expected a word for reports"},
        {"name: [t]\n", ":1: name: expected a string, got a list"},
        {"name: ''\n", ":1: name: expected a string, got an empty one"},
        {"name: t\nmesh_namespace: {}\n", ":2: mesh_namespace: expected a string, got a map"},
        {"name: t\n" + end, ":1: vaults: missing: expected a list or the word fake, or VAULT_ADDR"},
        {"name: t\nvaults: real\n" + end, ":2: vaults: expected a list with at least one entry"},
        {"name: t\nvaults: []\n" + end, ":2: vaults: expected a list with at least one entry"},
        {"name: t\nvaults:\n- x\n" + end, ":3: vaults[0]: expected a map, got a word"},
        {"name: t\nvaults: fake\n",
         ":1: clusters: missing: expected a list or the word fake, or KUBECONFIG"},
        {"name: t\nvaults: fake\n" + end,
         ":3: clusters: vaults and clusters are both fake: use --target loopback"},
        {"name: t\nvaults: [{token_file: ../openbao.token}]\n" + end,
         ":2: vaults[0].address: missing: expected the Vault's URL, here or in VAULT_ADDR"},
        {"name: t\nvaults: [{address: 'vault:8200', token_file: ../openbao.token}]\n" + end,
         ":2: vaults[0].address: "},
        {"name: t\nvaults: [{address: 'https://v/v1', token_file: ../openbao.token}]\n" + end,
         ":2: vaults[0].address: expected the URL without /v1"},
        {vault_lines + "    tokenfile: x\n" + end,
         ":5: vaults[0].tokenfile: unknown field: did you mean token_file?"},
        {vault_lines + "    token: s.abcdefg\n" + end,
         ":5: vaults[0].token: a token does not belong in a target file: put it in a file of its "
         "own "
         "and name that in token_file"},
        {vault_lines + "    ca_file: gone.pem\n" + end, ":5: vaults[0].ca_file: cannot read "},
        {vault_lines + "    ca_file: ../openbao.token\n" + end, ":5: vaults[0].ca_file: "},
        {vault_lines + "    skip_verify: maybe\n" + end,
         ":5: vaults[0].skip_verify: expected true or false"},
        {vault_lines + "    allow_seal: maybe\n" + end,
         ":5: vaults[0].allow_seal: expected true or false"},
        {vault_lines + "    allow_seal: true\n" + end,
         ":5: vaults[0].allow_seal: needs unseal_keys_file"},
        {vault_lines + "    unseal_keys_file: ../empty\n" + end,
         ":5: vaults[0].unseal_keys_file: expected one key a line, got none"},
        {vault_lines + "    product: bao\n" + end,
         ":5: vaults[0].product: expected openbao or vault, got bao"},
        {vault_lines + "    namespace: [x]\n" + end,
         ":5: vaults[0].namespace: expected a string, got a list"},
        {"name: t\nvaults: [{address: 'https://v', token_file: ../gone}]\n" + end,
         ":2: vaults[0].token_file: cannot read "},
        {"name: t\nvaults: [{address: 'https://v', token_file: ../empty}]\n" + end,
         ":2: vaults[0].token_file: the token is empty"},
        {vault_lines + "clusters: [{context: alpha}]\n",
         ":5: clusters[0].kubeconfig: missing: expected a file, here or in KUBECONFIG"},
        {vault_lines + "clusters: [{kubeconfig: ../gone}]\n",
         ":5: clusters[0].kubeconfig: cannot read "},
        {vault_lines + "clusters: [{kubeconfig: ../kubeconfig, context: gamma}]\n",
         ":5: clusters[0].context: " + folder.path() +
             "/kubeconfig: there is no context gamma; it has alpha, beta"},
        {vault_lines + "clusters: [{kubeconfigs: x}]\n",
         ":5: clusters[0].kubeconfigs: unknown field: did you mean kubeconfig?"},
        {vault_lines + end + "leaf_ttl: soon\n",
         ":6: leaf_ttl: expected a duration from 5s to 24h, got soon"},
        {vault_lines + end + "leaf_ttl: 4s\n",
         ":6: leaf_ttl: expected a duration from 5s to 24h, got 4s"},
        {vault_lines + end + "leaf_ttl: 25h\n",
         ":6: leaf_ttl: expected a duration from 5s to 24h, got 25h"},
        {vault_lines + end + "deviations: [x]\n",
         ":6: deviations: expected a map of check to reason"},
        {vault_lines + end + "deviations:\n  a/b: ''\n",
         ":7: deviations.a/b: expected the reason, got an empty one"},
        {vault_lines + end + "deviations:\n  a/b: x\n  a/b: y\n",
         ":8: deviations.a/b: given twice"},
    };
    folder.write("empty", "\n");
    for (const auto& [yaml, message] : cases) {
        const auto said = told(yaml);
        EXPECT_TRUE(said.starts_with(message))
            << "for\n"
            << yaml << "\nsaid     " << said << "\nexpected " << message;
        EXPECT_EQ(said.find("s.abcdefg"), std::string::npos);
    }
}

// What goes into a header, and into the handshake: refused where its place is known, and never at
// the first request.
TEST_F(TargetFile, ATokenIsOneWordAndANameIsOfAHost) {
    const std::string end = "clusters: fake\n";
    for (const std::string token : {"s.t0ken\r\nX-Vault-Namespace: a", "s.t0ken\ns.other",
                                    "s.t0ken other", "s.t\tken", "s.t0k\x7f", "s.t0k\u00e9"}) {
        folder.write("openbao.token", token + "\n");
        const auto said = told(vault_lines + end);
        EXPECT_TRUE(said.starts_with(":4: vaults[0].token_file: expected one token")) << said;
        EXPECT_EQ(said.find("s.t"), std::string::npos) << said;
    }
    folder.write("openbao.token", std::string("s.t\0ken\n", 8));
    EXPECT_TRUE(
        told(vault_lines + end).starts_with(":4: vaults[0].token_file: expected one token"));
    EXPECT_TRUE(told("name: t\n" + end,
                     {{"VAULT_ADDR", "https://vault.example"}, {"VAULT_TOKEN", "s.a\ns.b"}})
                    .starts_with(": vaults[0].token_file: expected one token"));
    folder.write("openbao.token", "s.t0ken\n");
    for (const auto& name : {std::string("'a b'"), std::string("\"a\\0b\""), std::string("a/b"),
                             std::string("vault:8200"), std::string(10'000, 'a')}) {
        EXPECT_EQ(told(vault_lines + "    tls_server_name: " + name + "\n" + end),
                  ":5: vaults[0].tls_server_name: expected a host name or an IP address")
            << name.substr(0, 20);
    }
    EXPECT_EQ(told("name: t\n" + end, {{"VAULT_ADDR", "https://vault.example"},
                                       {"VAULT_TOKEN", "s.a"},
                                       {"VAULT_TLS_SERVER_NAME", "a b"}}),
              ": vaults[0].tls_server_name: VAULT_TLS_SERVER_NAME: expected a host name or an IP "
              "address");
}

TEST_F(TargetFile, ErrorsOfTheEnvironmentNameTheVariable) {
    const Values vault{{"VAULT_ADDR", "https://vault.example"}, {"VAULT_TOKEN", "s.x"}};
    const auto with = [&vault](const std::string& name, const std::string& value) {
        auto values = vault;
        values[name] = value;
        return values;
    };
    const std::string yaml = "name: t\nclusters: fake\n";
    EXPECT_EQ(told(yaml, with("VAULT_SKIP_VERIFY", "maybe")),
              ": vaults[0].skip_verify: VAULT_SKIP_VERIFY: expected true or false");
    EXPECT_TRUE(told(yaml, with("VAULT_CACERT", "/nonexistent"))
                    .starts_with(": vaults[0].ca_file: VAULT_CACERT: cannot read /nonexistent: "));
    EXPECT_TRUE(told(yaml, with("VAULT_ADDR", "nonsense"))
                    .starts_with(": vaults[0].address: VAULT_ADDR: \"nonsense\" is not a URL"));
    EXPECT_TRUE(told(vault_lines, {{"KUBECONFIG", "/nonexistent"}})
                    .starts_with(": clusters[0].kubeconfig: cannot read /nonexistent: "));
}

TEST_F(TargetFile, ATimeNeedsItsUnit) {
    const auto said = told(vault_lines + "clusters: fake\nleaf_ttl: 30\n");
    EXPECT_NE(said.find("leaf_ttl: expected a duration from 5s to 24h, got 30"), std::string::npos)
        << said;
}

TEST_F(TargetFile, TakesTheEdgesOfTheLeafsLife) {
    for (const auto* ttl : {"5s", "24h", "60s", "1h30m"}) {
        EXPECT_EQ(told(vault_lines + "clusters: fake\nleaf_ttl: " + ttl + "\n"), "(accepted)")
            << ttl;
    }
}

}  // namespace
}  // namespace meshproof::run
