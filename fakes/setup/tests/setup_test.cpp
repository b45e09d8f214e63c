// What a set-up file makes of served fakes, and what is said of one that is wrong.
#include "fakes/setup/setup.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "core/base/tests/temporary_folder.hpp"
#include "core/time/sim_clock.hpp"
#include "fakes/sim/sim_network.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;

/// A mesh's ground: a root, an intermediate that it signed, a role, and pods that may log in.
constexpr auto mesh = R"(
kubernetes:
  namespaces: [mesh, shop]
  service_accounts: [mesh/vault-issuer, shop/cart]
  objects:
    - apiVersion: rbac.authorization.k8s.io/v1
      kind: ClusterRoleBinding
      metadata: {name: vault-issuer}
      roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:auth-delegator"}
      subjects: [{kind: ServiceAccount, name: vault-issuer, namespace: mesh}]
  pods:
    - {namespace: shop, name: cart-0, service_account: cart, labels: {app: cart}}
vault:
  mounts:
    - {path: pki, type: pki, config: {max_lease_ttl: 87600h}}
    - {path: pki_int, type: pki}
  auth:
    - {path: kubernetes, type: kubernetes}
  policies:
    signer: |
      path "pki_int/sign/mesh" { capabilities = ["update"] }
  write:
    - {path: pki/root/generate/internal, data: {common_name: root, key_type: ec, ttl: 8760h}}
    - {path: pki_int/intermediate/generate/internal, data: {common_name: int, key_type: ec}, as: request}
    - {path: pki/root/sign-intermediate, data: {csr: $(request.csr), format: pem_bundle, ttl: 700h}, as: signed}
    - {path: pki_int/intermediate/set-signed, data: {certificate: $(signed.certificate)}}
    - {path: pki_int/roles/mesh, data: {key_type: any, allow_any_name: true, require_cn: false}}
    - path: auth/kubernetes/config
      data:
        kubernetes_host: $(KUBE_ADDRESS)
        kubernetes_ca_cert: $(KUBE_CA)
        token_reviewer_jwt: $(TOKEN mesh/vault-issuer)
    - path: auth/kubernetes/role/cart
      data: {bound_service_account_names: cart, bound_service_account_namespaces: shop, token_policies: signer}
)";

Task<Result<std::vector<std::string>>> set_up(FakeServers& servers, std::string text) {
    auto setup = parse_setup(text, "setup.yaml");
    if (!setup) {
        co_return propagate(setup);
    }
    co_return co_await apply_setup(std::move(*setup), servers);
}

class SetUpServers : public ::testing::Test {
  protected:
    void SetUp() override {
        FakeServersOptions options;
        options.vaults = options.clusters = 1;
        options.es256 = true;
        servers_ = require(clock_.run(FakeServers::start(std::move(options), clock_, network_)));
    }
    /// What is wrong with the set-up; "" = nothing.
    std::string problem(const std::string& text) {
        const auto done = clock_.run(set_up(*servers_, text));
        return done ? "" : done.error().message;
    }
    Json vault(std::string method, std::string path) {
        http::Request request;
        request.method = std::move(method);
        request.target = "/v1/" + std::move(path);
        request.headers = {{"X-Vault-Token", servers_->vault().root_token().reveal()}};
        return body_of(clock_.run(servers_->vault().handle(std::move(request), {"a", {}})));
    }
    Json kube(std::string path) {
        http::Request request;
        request.target = std::move(path);
        request.headers = {
            {"Authorization", "Bearer " + servers_->kube().options().admin_token.reveal()}};
        return body_of(clock_.run(servers_->kube().handle(std::move(request), {"a", {}})));
    }
    static Json body_of(const http::Response& response) {
        EXPECT_EQ(response.status, 200) << response.body;
        return Json::parse(response.body, nullptr, false);
    }

    boost::asio::io_context context_;
    SimClock clock_{context_, from_unix_seconds(1'900'000'000)};
    SimNetwork network_{clock_, Prng(1)};
    std::unique_ptr<FakeServers> servers_;
};

TEST_F(SetUpServers, HoldWhatTheFileSays) {
    ASSERT_EQ(problem(mesh), "");
    EXPECT_EQ(vault("GET", "pki_int/roles/mesh")["data"]["key_type"], "any");
    EXPECT_EQ(vault("LIST", "pki_int/issuers")["data"]["keys"].size(), 2U)
        << "the intermediate and the root above it";
    EXPECT_EQ(vault("GET", "sys/mounts/pki/tune")["data"]["max_lease_ttl"], 87600 * 3600);
    EXPECT_TRUE(
        vault("GET", "sys/policies/acl/signer")["data"]["policy"].get<std::string>().starts_with(
            "path \"pki_int/sign/mesh\""));
    const auto config = vault("GET", "auth/kubernetes/config")["data"];
    EXPECT_EQ(config["kubernetes_host"], servers_->kube_listener().url().text());
    EXPECT_EQ(config["kubernetes_ca_cert"], servers_->ca().pem());
    const auto pod = kube("/api/v1/namespaces/shop/pods/cart-0");
    EXPECT_EQ(pod["spec"]["serviceAccountName"], "cart");
    EXPECT_EQ(pod["metadata"]["labels"]["app"], "cart");
    EXPECT_EQ(kube("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/"
                   "vault-issuer")["subjects"][0]["name"],
              "vault-issuer");
}

TEST_F(SetUpServers, ArePlayedAgainAfterAReset) {
    ASSERT_EQ(problem(mesh), "");
    servers_->reset();
    EXPECT_EQ(problem(mesh), "") << "nothing is left that it would meet";
}

TEST_F(SetUpServers, TellWhatTheServerRefusedAndWhere) {
    const auto refusal = problem(R"(
vault:
  mounts:
    - {path: pki, type: pki}
    - {path: pki, type: pki}
)");
    EXPECT_EQ(refusal,
              "setup.yaml:5: vault.mounts[1].path: write sys/mounts/pki: the Vault answers 400: "
              "path is already in use at pki/");
    EXPECT_NE(problem("vault: {write: [{path: nowhere/a}]}").find("the Vault answers 404: "),
              std::string::npos);
    EXPECT_NE(problem("kubernetes: {pods: [{namespace: absent, name: a}]}")
                  .find("the API server answers 404: namespaces \"absent\" not found"),
              std::string::npos);
    EXPECT_EQ(problem("kubernetes:\n  objects:\n  - {apiVersion: v1, kind: Pot, metadata: {name: "
                      "a}}"),
              "setup.yaml:3: kubernetes.objects[0].kind: the API server has no kind Pot in v1: did "
              "you mean Pod?");
    EXPECT_EQ(problem("kubernetes:\n  objects:\n  - {apiVersion: v9, kind: Pod, metadata: {name: "
                      "a}}"),
              "setup.yaml:3: kubernetes.objects[0].kind: the API server has no apiVersion v9");
    EXPECT_NE(problem("vault:\n  write:\n  - {path: a, data: {b: $(TOKEN default/absent)}}")
                  .find("setup.yaml:3: vault.write[0].path: $(TOKEN default/absent): "),
              std::string::npos);
}

TEST_F(SetUpServers, WarnAsTheVaultWarns) {
    const auto done = clock_.run(set_up(*servers_, R"(
vault:
  mounts: [{path: pki, type: pki}]
  write: [{path: pki/roles/a, data: {allow_any_nam: true}}]
)"));
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(done->size(), 1U);
    EXPECT_TRUE(done->front().starts_with("setup.yaml:4: vault.write[0].path: write pki/roles/a: "))
        << done->front();
    EXPECT_NE(done->front().find("allow_any_nam"), std::string::npos);
}

/// The mesh's mounts with issuers whose keys are elsewhere: a root, and an intermediate with a key.
std::string with_issuers(const crypto::Certificate& root, const crypto::Certificate& intermediate) {
    const auto quoted = [](const crypto::Certificate& one) { return Json(one.pem()).dump(); };
    return fmt::format(
        "vault:\n  product: openbao\n  mounts: [{{path: pki_int, type: pki}}]\n  issuers:\n"
        "  - {{mount: pki_int, certificate: {}, key: false}}\n"
        "  - {{mount: pki_int, certificate: {}, above: {}, default: true, as: int,\n"
        "     data: {{issuer_name: int, leaf_not_after_behavior: truncate}}}}\n"
        "  write:\n  - {{path: pki_int/roles/mesh, data: {{issuer_ref: $(int.issuer_id)}}}}\n",
        quoted(root), quoted(intermediate), quoted(root));
}

TEST_F(SetUpServers, HoldStandInsOfIssuers) {
    const auto make = [](const std::string& name, const crypto::Key& key, const crypto::Key& by,
                         const crypto::Certificate* issuer) {
        crypto::CertificateSpec spec;
        spec.subject.common_name = name;
        spec.not_before = from_unix_seconds(1'890'000'000);
        spec.not_after = from_unix_seconds(1'990'000'000);
        spec.is_ca = true;
        spec.key_usage = crypto::cert_sign | crypto::crl_sign;
        return crypto::sign_certificate(spec, key.public_key(), by, issuer);
    };
    const auto root_key = crypto::Key::generate(crypto::KeyType::p256);
    const auto key = crypto::Key::generate(crypto::KeyType::p256);
    const auto root = make("root", root_key, root_key, nullptr);
    const auto intermediate = make("int", key, root_key, &root);
    ASSERT_EQ(problem(with_issuers(root, intermediate)), "");
    const auto issuer = vault("GET", "pki_int/issuer/int")["data"];
    const auto stand_in =
        require(crypto::Certificate::from_pem(issuer["certificate"].get<std::string>()));
    EXPECT_EQ(stand_in.subject_der(), intermediate.subject_der());
    EXPECT_FALSE(stand_in == intermediate);
    EXPECT_NE(issuer["key_id"], "");
    EXPECT_EQ(issuer["leaf_not_after_behavior"], "truncate");
    EXPECT_EQ(issuer["ca_chain"].size(), 2U) << "the root's stand-in has signed it";
    EXPECT_EQ(vault("GET", "pki_int/config/issuers")["data"]["default"], issuer["issuer_id"]);
    EXPECT_EQ(vault("GET", "pki_int/roles/mesh")["data"]["issuer_ref"], issuer["issuer_id"]);
    EXPECT_EQ(vault("LIST", "pki_int/issuers")["data"]["keys"].size(), 2U);
}

TEST_F(SetUpServers, ArePatchedAndLoseWhatIsDeleted) {
    ASSERT_EQ(problem(mesh), "");
    ASSERT_EQ(problem(R"(
kubernetes:
  delete:
    - {apiVersion: v1, kind: ServiceAccount, metadata: {name: cart, namespace: shop}}
vault:
  patch:
    - {path: pki_int/roles/mesh, data: {max_ttl: 1h}}
  delete:
    - {path: auth/kubernetes/role/cart}
)"),
              "");
    const auto role = vault("GET", "pki_int/roles/mesh")["data"];
    EXPECT_EQ(role["max_ttl"], 3600);
    EXPECT_EQ(role["key_type"], "any") << "a patch leaves the rest";
    EXPECT_NE(problem("vault: {patch: [{path: pki_int/roles/absent, data: {max_ttl: 1h}}]}")
                  .find("patch pki_int/roles/absent: the Vault answers 400: Unable to fetch role"),
              std::string::npos);
    const auto gone = problem(
        "kubernetes: {delete: [{apiVersion: v1, kind: ServiceAccount, metadata: {name: cart, "
        "namespace: shop}}]}");
    EXPECT_NE(gone.find("the API server answers 404"), std::string::npos) << gone;
}

TEST_F(SetUpServers, OfAnotherProductAreRefused) {
    EXPECT_EQ(problem("vault: {product: vault}"),
              "the set-up is for vault and this is openbao: --product vault plays it");
}

TEST(SetupParts, AreAddedOnceAndKnowTheirAccounts) {
    auto setup = require(parse_setup(mesh, "a.yaml"));
    const auto objects = setup.objects.size(), writes = setup.writes.size();
    setup.add(require(parse_setup(mesh, "b.yaml")));
    EXPECT_EQ(setup.objects.size(), objects);
    EXPECT_EQ(setup.writes.size(), writes);
    setup.add(require(parse_setup("vault: {write: [{path: a}, {path: a}]}", "c.yaml")));
    EXPECT_EQ(setup.writes.size(), writes + 2) << "twice in one file is meant";
    EXPECT_EQ(setup.service_accounts(),
              (std::vector<std::string>{"mesh/vault-issuer", "shop/cart"}));
}

/// The first thing that is wrong with it.
std::string refusal_of(std::string_view text, const std::string& path = "s.yaml") {
    const auto read = parse_setup(text, path);
    return read ? "" : read.error().message.substr(0, read.error().message.find('\n'));
}

TEST(SetupFile, IsReadStrictly) {
    EXPECT_EQ(refusal_of(""), "");
    EXPECT_EQ(refusal_of("[]"), "s.yaml:1: expected a map of vault and kubernetes");
    EXPECT_EQ(refusal_of("valt: {}"), "s.yaml:1: valt: unknown field: did you mean vault?");
    EXPECT_EQ(refusal_of("vault:\n  mount: []"),
              "s.yaml:2: vault.mount: unknown field: did you mean mounts?");
    EXPECT_EQ(refusal_of("vault:\n  mounts:\n  - {path: pki}"),
              "s.yaml:3: vault.mounts[0].type: missing: expected pki, kubernetes, or another type");
    EXPECT_EQ(refusal_of("kubernetes:\n  service_accounts: [cart]"),
              "s.yaml:2: kubernetes.service_accounts: expected NAMESPACE/NAME, got cart");
    EXPECT_EQ(refusal_of("kubernetes:\n  objects:\n  - {kind: Pod}"),
              "s.yaml:3: kubernetes.objects[0]: expected an object with apiVersion, kind and "
              "metadata.name");
    EXPECT_EQ(refusal_of("vault:\n  write:\n  - {path: a, data: {b: [$(KUBE_ADRESS)]}}"),
              "s.yaml:3: vault.write[0].data: $(KUBE_ADRESS): unknown: did you mean KUBE_ADDRESS?");
    EXPECT_EQ(refusal_of("vault:\n  write:\n  - {path: a, data: {b: $(TOKEN cart)}}"),
              "s.yaml:3: vault.write[0].data: $(TOKEN cart): expected $(TOKEN NAMESPACE/NAME)");
    EXPECT_NE(refusal_of("vault: {write: [{path: a, data: {b: $(c.d)}}, {path: e, as: c}]}"), "")
        << "an answer that comes later";
}

TEST(SetupFile, TakesObjectsFromFiles) {
    const TemporaryFolder folder;
    const auto file = folder.write("objects.yaml",
                                   "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n"
                                   "apiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n");
    const auto path = folder.path() + "/setup.yaml";
    const auto setup = require(parse_setup("kubernetes: {files: [objects.yaml]}", path));
    ASSERT_EQ(setup.objects.size(), 2U);
    EXPECT_EQ(setup.objects[1].manifest["metadata"]["name"], "b");
    EXPECT_EQ(setup.objects[1].where, file + ":5");
    EXPECT_NE(refusal_of("kubernetes: {files: [absent.yaml]}", path).find("cannot read"),
              std::string::npos);
    (void)folder.write("objects.yaml", "kind: Pod\n");
    EXPECT_NE(refusal_of("kubernetes: {files: [objects.yaml]}", path)
                  .find("objects.yaml:1: expected an object with apiVersion"),
              std::string::npos);
}

}  // namespace
}  // namespace meshproof::fakes
