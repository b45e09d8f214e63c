// Whom pods, agents and the health check take for what: bundles, public roots, identities,
// namespaces.
#include <gtest/gtest.h>

#include "core/mesh/tests/stage.hpp"

namespace meshproof::mesh::testing {
namespace {

/// Onboards with this account and deploys web and api.
Task<Cluster> deployed(Stage& stage, AccountSpec account) {
    require(stage.mesh.set_trust_domain("cluster.local"));
    require(stage.mesh.add_account(std::move(account)));
    auto cluster = require(co_await stage.mesh.onboard(stage.cluster()));
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    require(co_await cluster.deploy({.name = "api", .service_account = {}}));
    co_return cluster;
}

AccountSpec without_bundle(const Stage& stage) {
    auto account = stage.account();
    account.ca_chain_pem.clear();
    return account;
}

Task<void> public_root(Stage& stage) {
    co_await open_ports(stage);
    stage.mesh.trust_public_root(stage.vault.root());
    auto cluster = co_await deployed(stage, without_bundle(stage));
    EXPECT_TRUE(co_await cluster.wait_ready(1h)) << cluster.pods().front().reason;
    const auto web = only(cluster, "web").name, api = only(cluster, "api").name;
    const auto seen = co_await stage.mesh.request(web, api);
    EXPECT_TRUE(seen.ok) << seen.failure->message;
    EXPECT_TRUE((co_await stage.mesh.check_health("c1")).connected);
    // As with a bundle: without the account, the leaves are good until their end.
    require(co_await stage.mesh.delete_account("corporate", true));
    EXPECT_TRUE((co_await stage.mesh.request(web, api)).ok);
    EXPECT_TRUE(only(cluster, "web").ready) << only(cluster, "web").reason;
}

TEST(Trust, APubliclyTrustedRootNeedsNoBundle) {
    run(public_root);
}

Task<void> private_root(Stage& stage) {
    co_await open_ports(stage);
    auto cluster = co_await deployed(stage, without_bundle(stage));
    EXPECT_FALSE(co_await cluster.wait_ready(3h));
    EXPECT_NE(only(cluster, "web").reason.find("publicly trusted root"), std::string::npos)
        << only(cluster, "web").reason;
    EXPECT_NE((co_await stage.mesh.check_health("c1")).reason.find("publicly trusted root"),
              std::string::npos);
}

TEST(Trust, APrivateRootNeedsABundle) {
    run(private_root);
}

Task<void> from_public_to_private(Stage& stage) {
    co_await open_ports(stage);
    stage.mesh.trust_public_root(stage.vault.root());
    auto cluster = co_await deployed(stage, without_bundle(stage));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    auto next = stage.account("next");
    next.ca_chain_pem = stage.vault.foreign_bundle();
    require(stage.mesh.add_account(next));
    stage.vault.foreign_ca = true;
    require(co_await stage.mesh.connect_ca("c1", "Certificate Authority: next"));
    require(co_await cluster.delete_pod(only(cluster, "web").name));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    const auto mixed =
        co_await stage.mesh.request(only(cluster, "web").name, only(cluster, "api").name);
    EXPECT_TRUE(mixed.ok) << mixed.failure->message;
    require(co_await cluster.delete_pod(only(cluster, "api").name));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    co_await stage.clock.sleep_for(4h);
    EXPECT_EQ(cluster.trust_store().size(), 2U) << "the machines' own store still counts";
    EXPECT_EQ(cluster.status(), "in sync");
}

TEST(Trust, PublicRootsAreRetiredLikeAnyOther) {
    run(from_public_to_private);
}

/// A Vault behind HTTPS whose certificate is of the CA that signs the leaves.
Task<Cluster> behind_https(Stage& stage, std::string bundle) {
    co_await open_ports(stage);
    http::ListenSpec spec;
    spec.name = "vault-tls";
    spec.party = [&stage] {
        crypto::TlsParty party;
        party.identity = stage.vault.server_identity("vault-tls");
        party.verify_peer = false;
        return party;
    };
    stage.vault_port = require(co_await stage.network.listen(spec, stage.vault));
    auto account = stage.account();
    account.url = stage.vault_port->url().text();
    account.ca_chain_pem = std::move(bundle);
    co_return co_await deployed(stage, std::move(account));
}

Task<void> bundle_for_https(Stage& stage) {
    auto cluster = co_await behind_https(stage, stage.vault.bundle());
    EXPECT_TRUE(co_await cluster.wait_ready(1h)) << cluster.pods().front().reason;
}

TEST(Trust, TheBundleVouchesForVaultsHttpsToo) {
    run(bundle_for_https);
}

Task<void> stranger_at_https(Stage& stage) {
    auto cluster = co_await behind_https(stage, stage.vault.foreign_bundle());
    EXPECT_FALSE(co_await cluster.wait_ready(3h));
    EXPECT_EQ(stage.vault.logins, 0U) << "a token went to a server that nobody trusts";
    EXPECT_NE(only(cluster, "web").reason.find("gave no answer"), std::string::npos)
        << only(cluster, "web").reason;
}

TEST(Trust, AVaultThatNeitherBundleNorMachineKnowsGetsNoToken) {
    run(stranger_at_https);
}

Task<void> health_of_pods(Stage& stage) {
    const auto cluster = co_await two_pods(stage);
    stage.vault.only_for = "/ns/default/";
    auto health = co_await stage.mesh.check_health("c1");
    EXPECT_TRUE(health.connected) << health.reason;
    EXPECT_EQ(health.text(), "CA: Connected");
    stage.vault.only_for = "/ns/istio-system/";
    health = co_await stage.mesh.check_health("c1");
    EXPECT_FALSE(health.connected) << "told of an identity that no pod has";
    EXPECT_NE(health.reason.find("allowed_uri_sans"), std::string::npos) << health.reason;
    stage.vault.only_for = "/sa/api";
    health = co_await stage.mesh.check_health("c1");
    EXPECT_FALSE(health.connected) << "one of the workloads gets nothing";
    EXPECT_NE(health.reason.find("/sa/web"), std::string::npos) << health.reason;
}

TEST(Trust, HealthIsFoundWithTheIdentitiesOfThePods) {
    run(health_of_pods);
}

Task<void> in_a_namespace(Stage& stage) {
    co_await open_ports(stage);
    auto account = stage.account();
    account.vault_namespace = "team/mesh";
    auto cluster = co_await deployed(stage, account);
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    EXPECT_EQ(stage.vault.last_namespace, "team/mesh");
    // A product that takes it for nothing is named.
    stage.vault.version = "1.19.2";
    auto health = co_await stage.mesh.check_health("c1");
    EXPECT_TRUE(health.connected);
    EXPECT_EQ(health.warnings.size(), 1U);
    EXPECT_NE(health.warnings.at(0).find("ignores \"team/mesh\""), std::string::npos)
        << health.warnings.at(0);
    stage.vault.login_refusal = {404, "no handler for route \"auth/kubernetes/login\""};
    health = co_await stage.mesh.check_health("c1");
    EXPECT_NE(health.reason.find("names the namespace \"team/mesh\""), std::string::npos)
        << health.reason;
    EXPECT_NE(health.reason.find("has no namespaces"), std::string::npos) << health.reason;
    stage.vault.version = "1.19.2+ent";
    EXPECT_TRUE((co_await stage.mesh.check_health("c1")).warnings.empty());
}

TEST(Trust, TheAccountsNamespaceReachesTheWire) {
    run(in_a_namespace);
}

}  // namespace
}  // namespace meshproof::mesh::testing
