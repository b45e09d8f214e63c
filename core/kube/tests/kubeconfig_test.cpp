#include "core/kube/kubeconfig.hpp"

#include <gtest/gtest.h>

#include "core/base/tests/temporary_folder.hpp"

namespace meshproof::kube {
namespace {

/// A cluster's CA and a client certificate, made once.
struct Credentials {
    crypto::ServerCredentials server = crypto::make_server_credentials(
        "kube", from_unix_seconds(1'700'000'000), std::chrono::hours(24));
    std::string ca = server.ca.pem();
    std::string leaf = server.identity.leaf.pem();
    std::string key = server.identity.key.pkcs8_pem();
    std::string other_key = crypto::Key::generate(crypto::KeyType::p256).pkcs8_pem();
};

const Credentials& credentials() {
    static const Credentials made;
    return made;
}

/// A kubeconfig with one context `c` whose cluster and user have these lines (each "key: value").
std::string config_of(const std::vector<std::string>& cluster,
                      const std::vector<std::string>& user) {
    std::string text =
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: k\n  cluster:\n";
    for (const auto& line : cluster) {
        text += "    " + line + "\n";
    }
    text += "users:\n- name: u\n  user:\n";
    for (const auto& line : user) {
        text += "    " + line + "\n";
    }
    return text + "contexts:\n- name: c\n  context: {cluster: k, user: u, namespace: mesh}\n";
}

Result<Access> access_of(const std::string& yaml, const std::string& folder = ".",
                         std::string_view context = {}) {
    const auto config = Kubeconfig::parse(yaml, folder);
    if (!config) {
        return propagate(config);
    }
    return config->access(context);
}

const std::string server_line = "server: https://kube.example:6443";

TEST(KubeconfigTest, ReadsInlineData) {
    const auto access = access_of(
        config_of({server_line, "certificate-authority-data: " + to_base64(credentials().ca),
                   "tls-server-name: kube"},
                  {"client-certificate-data: " + to_base64(credentials().leaf + credentials().ca),
                   "client-key-data: " + to_base64(credentials().key)}));
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->context, "c");
    EXPECT_EQ(access->cluster, "k");
    EXPECT_EQ(access->user, "u");
    EXPECT_EQ(access->namespace_name, "mesh");
    EXPECT_EQ(access->endpoint.url.text(), "https://kube.example:6443");
    EXPECT_EQ(access->ca_pem, credentials().ca);
    const auto& tls = access->endpoint.tls;
    ASSERT_EQ(tls.trust.size(), 1U);
    EXPECT_FALSE(tls.system_trust);
    EXPECT_TRUE(tls.verify_peer);
    EXPECT_EQ(tls.server_name, "kube");
    ASSERT_TRUE(tls.identity.has_value());
    EXPECT_TRUE(tls.identity->leaf == credentials().server.identity.leaf);
    EXPECT_EQ(tls.identity->intermediates.size(), 1U);
    EXPECT_TRUE(access->token.empty());
}

TEST(KubeconfigTest, ReadsFilesBesideIt) {
    const TemporaryFolder folder;
    folder.write("pki/ca.pem", credentials().ca);
    folder.write("pki/leaf.pem", credentials().leaf);
    folder.write("pki/key.pem", credentials().key);
    folder.write("token", "t0ken\n");
    const auto path = folder.write(
        "config", config_of({server_line, "certificate-authority: pki/ca.pem"},
                            {"client-certificate: pki/leaf.pem", "client-key: pki/key.pem",
                             "tokenFile: token", "token: older"}));
    const auto config = Kubeconfig::load(path);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->current_context(), "c");
    const auto access = config->access();
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->endpoint.tls.trust.size(), 1U);
    EXPECT_TRUE(access->endpoint.tls.identity.has_value());
    EXPECT_EQ(access->token.reveal(), "t0ken");
}

TEST(KubeconfigTest, TakesAbsolutePaths) {
    const TemporaryFolder folder;
    const auto ca = folder.write("ca.pem", credentials().ca);
    const auto access = access_of(
        config_of({server_line, "certificate-authority: " + ca}, {"token: t"}), "elsewhere");
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->endpoint.tls.trust.size(), 1U);
}

TEST(KubeconfigTest, WithoutACaTheMachinesOwnStoreCounts) {
    const auto access = access_of(config_of({server_line}, {"token: t"}));
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_TRUE(access->endpoint.tls.system_trust);
    EXPECT_TRUE(access->endpoint.tls.verify_peer);
    EXPECT_TRUE(access->ca_pem.empty());
}

TEST(KubeconfigTest, AllowsPlainHttp) {
    const auto access = access_of(config_of({"server: http://127.0.0.1:8080"}, {"token: t"}));
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->endpoint.url.scheme, "http");
}

TEST(KubeconfigTest, SkipsVerificationOnlyWithAWarning) {
    testing::internal::CaptureStderr();
    const auto access =
        access_of(config_of({server_line, "insecure-skip-tls-verify: true"}, {"token: t"}));
    const auto told = testing::internal::GetCapturedStderr();
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_FALSE(access->endpoint.tls.verify_peer);
    EXPECT_NE(told.find("warning: cluster k: insecure-skip-tls-verify"), std::string::npos) << told;
}

TEST(KubeconfigTest, WarnsOfATokenOverHttp) {
    testing::internal::CaptureStderr();
    EXPECT_TRUE(access_of(config_of({"server: http://kube.example:8080"}, {"token: t0psecret"})));
    const auto told = testing::internal::GetCapturedStderr();
    EXPECT_NE(told.find("unencrypted"), std::string::npos) << told;
    EXPECT_EQ(told.find("t0psecret"), std::string::npos);
}

struct Refused {
    std::vector<std::string> cluster, user;
    std::string message;
};

void expect_refused(std::span<const Refused> cases) {
    for (const auto& c : cases) {
        const auto access = access_of(config_of(c.cluster, c.user));
        ASSERT_FALSE(access) << c.message;
        EXPECT_EQ(access.error().kind, FailureKind::invalid);
        EXPECT_TRUE(access.error().message.starts_with(c.message)) << access.error().message;
        EXPECT_EQ(access.error().message.find('\n'), std::string::npos);
        EXPECT_EQ(access.error().message.find("hunter2"), std::string::npos);
    }
}

TEST(KubeconfigTest, SaysWhatNoRequestCanCarry) {
    const Refused cases[] = {
        {{server_line, "certificate-authority-data: " + to_base64(credentials().ca),
          "insecure-skip-tls-verify: true"},
         {"token: t"},
         "clusters[k].cluster.insecure-skip-tls-verify: beside a certificate-authority"},
        {{server_line, "tls-server-name: 'a b'"},
         {"token: t"},
         "clusters[k].cluster.tls-server-name: expected a host name"},
        {{server_line, "tls-server-name: " + std::string(10'000, 'a')},
         {"token: t"},
         "clusters[k].cluster.tls-server-name: expected a host name"},
        {{server_line},
         {"token: 'hunter2 and more'"},
         "users[u].user.token: expected one token, and this has a blank"},
        {{server_line},
         {R"(token: "hunter2\r\nX-Remote-User: a")"},
         "users[u].user.token: expected one token"},
    };
    expect_refused(cases);
}

TEST(KubeconfigTest, SaysWhatItCannotUse) {
    const std::string bad_pem = to_base64("no PEM");
    const auto leaf = "client-certificate-data: " + to_base64(credentials().leaf);
    const Refused cases[] = {
        {{"server: ''"}, {"token: t"}, "clusters[k].cluster.server: missing"},
        {{"server: [x]"}, {"token: t"}, "clusters[k].cluster.server: expected a string"},
        {{"server: kube"}, {"token: t"}, "clusters[k].cluster.server: \"kube\" is not a URL"},
        {{server_line, "proxy-url: http://p"},
         {"token: t"},
         "clusters[k].cluster.proxy-url: proxies"},
        {{server_line, "certificate-authority-data: '***'"},
         {"token: t"},
         "clusters[k].cluster.certificate-authority-data: expected base64"},
        {{server_line, "certificate-authority-data: " + bad_pem},
         {"token: t"},
         "clusters[k].cluster.certificate-authority: "},
        {{server_line, "certificate-authority: gone.pem"},
         {"token: t"},
         "clusters[k].cluster.certificate-authority: cannot read ./gone.pem: No such file"},
        {{server_line, "insecure-skip-tls-verify: perhaps"},
         {"token: t"},
         "clusters[k].cluster.insecure-skip-tls-verify: expected true or false"},
        {{server_line},
         {"exec: {command: aws}"},
         "users[u].user.exec: credential plugins are not run unless --allow-exec says so"},
        {{server_line},
         {"auth-provider: {name: gcp}"},
         "users[u].user.auth-provider: credential plugins"},
        {{server_line},
         {"username: joe"},
         "users[u].user.username: Kubernetes no longer takes passwords"},
        {{server_line},
         {"password: hunter2"},
         "users[u].user.password: Kubernetes no longer takes"},
        {{server_line}, {"as: root"}, "users[u].user.as: impersonation is not supported"},
        {{server_line}, {"tokenFile: gone"}, "users[u].user.tokenFile: cannot read ./gone"},
        {{server_line}, {"token: [t]"}, "users[u].user.token: expected a string"},
        {{server_line}, {leaf}, "users[u].user.client-key: missing beside client-certificate"},
        {{server_line},
         {"client-key-data: " + to_base64(credentials().key)},
         "users[u].user.client-certificate: missing beside client-key"},
        {{server_line},
         {leaf, "client-key-data: " + to_base64(credentials().other_key)},
         "users[u].user.client-key: does not belong to client-certificate"},
        {{server_line}, {leaf, "client-key-data: " + bad_pem}, "users[u].user.client-key: "},
        {{server_line},
         {"client-certificate-data: " + bad_pem,
          "client-key-data: " + to_base64(credentials().key)},
         "users[u].user.client-certificate: "},
    };
    expect_refused(cases);
}

TEST(KubeconfigTest, SaysWhatIsWrongWithTheFile) {
    const std::pair<std::string, std::string> cases[] = {
        {"a: [", "kubeconfig:1: not YAML: "},
        {"", "kubeconfig: not a kubeconfig"},
        {"just words", "kubeconfig: not a kubeconfig"},
        {"clusters: 5", "clusters: expected a list"},
        {"users: [5]", "users[0].name: expected a string"},
        {"contexts: [{name: c, context: 5}]", "contexts[c].context: expected a map"},
        {"current-context: [c]", "kubeconfig: current-context: expected a string"},
    };
    for (const auto& [yaml, message] : cases) {
        const auto config = Kubeconfig::parse(yaml, ".");
        ASSERT_FALSE(config) << yaml;
        EXPECT_TRUE(config.error().message.starts_with(message)) << config.error().message;
    }
    const auto missing = Kubeconfig::load("/nonexistent/config");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().message,
              "cannot read /nonexistent/config: No such file or directory");
}

TEST(KubeconfigTest, NamesTheContextsThatExist) {
    const auto yaml = config_of({server_line}, {"token: t"}) +
                      "- name: d\n  context: {cluster: gone, user: u}\n"
                      "- name: e\n  context: {cluster: k, user: gone}\n- name: f\n";
    EXPECT_EQ(access_of(yaml, ".", "x").error().message,
              "kubeconfig: there is no context x; it has c, d, e, f");
    EXPECT_EQ(access_of(yaml, ".", "d").error().message,
              "contexts[d].context.cluster: there is no cluster \"gone\"; it has k");
    EXPECT_EQ(access_of(yaml, ".", "e").error().message,
              "contexts[e].context.user: there is no user \"gone\"; it has u");
    EXPECT_FALSE(access_of(yaml, ".", "f"));
    EXPECT_EQ(access_of("clusters: []").error().message,
              "kubeconfig: current-context: missing, and no context was named; it has none");
    EXPECT_EQ(Kubeconfig::parse(yaml, ".").value().contexts(),
              (std::vector<std::string>{"c", "d", "e", "f"}));
}

TEST(KubeconfigTest, MergesAListOfFilesAndTheFirstWins) {
    const TemporaryFolder folder;
    folder.write("one/token", "first");
    const auto one = folder.write("one/config", config_of({server_line}, {"tokenFile: token"}));
    const auto two = folder.write("two/config",
                                  "current-context: d\n"
                                  "clusters: [{name: k, cluster: {server: 'https://other:1'}}]\n"
                                  "users: [{name: v, user: {token: second}}]\n"
                                  "contexts: [{name: d, context: {cluster: k, user: v}},\n"
                                  "           {name: c, context: {cluster: gone, user: gone}}]\n");
    const auto config = Kubeconfig::load(one + ":" + folder.path() + "/missing::" + two);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->contexts(), (std::vector<std::string>{"c", "d"}));
    EXPECT_EQ(config->current_context(), "c");
    EXPECT_EQ(config->access().value().token.reveal(), "first");
    const auto d = config->access("d");
    ASSERT_TRUE(d) << d.error().message;
    EXPECT_EQ(d->token.reveal(), "second");
    EXPECT_EQ(d->endpoint.url.host, "kube.example");

    EXPECT_FALSE(Kubeconfig::load(folder.path() + "/a:" + folder.path() + "/b"));
    EXPECT_FALSE(Kubeconfig::load(folder.path() + "/a:" + std::string(5000, 'b')));  // no path
}

std::string plugin_line(const std::string& script) {
    return "exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, '" +
           script + "'], env: [{name: WORD, value: given}]}";
}

Result<Access> with_plugin(const std::string& script) {
    return Kubeconfig::parse(config_of({server_line}, {plugin_line(script)}), ".")
        .value()
        .access("", ExecPlugins::run);
}

TEST(KubeconfigTest, RunsAPluginWhereThatIsAllowed) {
    const auto access =
        with_plugin(R"(echo "{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"$WORD\"}}")");
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->token.reveal(), "given");
    const std::pair<const char*, const char*> wrong[] = {
        {"exit 3", "users[u].user.exec: sh: exit code 3"},
        {"echo secret", "users[u].user.exec: sh: expected an ExecCredential"},
        {R"(echo "{\"kind\":\"ExecCredential\",\"status\":{}}")",
         "users[u].user.exec: sh: expected an ExecCredential"}};
    for (const auto& [script, why] : wrong) {
        const auto refused = with_plugin(script);
        ASSERT_FALSE(refused) << script;
        EXPECT_NE(refused.error().message.find(why), std::string::npos) << refused.error().message;
        EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
    }
    const auto absent =
        Kubeconfig::parse(config_of({server_line}, {"exec: {command: no-such-plugin}"}), ".")
            .value()
            .access("", ExecPlugins::run);
    ASSERT_FALSE(absent);
    EXPECT_NE(absent.error().message.find("cannot run no-such-plugin"), std::string::npos);
}

TEST(KubeconfigTest, FailuresNameTheFile) {
    const TemporaryFolder folder;
    const auto path = folder.write("config", config_of({server_line}, {"exec: {}"}));
    EXPECT_TRUE(Kubeconfig::load(path).value().access().error().message.starts_with(
        path + ": users[u].user.exec: "));
}

TEST(KubeconfigTest, WritesWhatItReads) {
    const auto first = access_of(
        config_of({server_line, "certificate-authority-data: " + to_base64(credentials().ca),
                   "tls-server-name: kube"},
                  {"client-certificate-data: " + to_base64(credentials().leaf + credentials().ca),
                   "client-key-data: " + to_base64(credentials().key), "token: 'yes:\"no\"'"}));
    ASSERT_TRUE(first) << first.error().message;
    const auto second = access_of(write_kubeconfig(*first));
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(second->context, first->context);
    EXPECT_EQ(second->namespace_name, first->namespace_name);
    EXPECT_EQ(second->endpoint.url, first->endpoint.url);
    EXPECT_EQ(second->ca_pem, first->ca_pem);
    EXPECT_EQ(second->token, first->token);
    EXPECT_EQ(second->endpoint.tls.server_name, "kube");
    EXPECT_TRUE(second->endpoint.tls.identity->leaf == first->endpoint.tls.identity->leaf);
    EXPECT_EQ(second->endpoint.tls.identity->intermediates.size(), 1U);

    Access bare;
    bare.endpoint.url = *http::Url::parse("https://kube.example:6443");
    bare.endpoint.tls.verify_peer = false;
    const auto written = access_of(write_kubeconfig(bare));
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(written->context, "meshproof");
    EXPECT_FALSE(written->endpoint.tls.verify_peer);
}

}  // namespace
}  // namespace meshproof::kube
