#include <gtest/gtest.h>

#include "core/base/text.hpp"
#include "core/mesh/tests/stage.hpp"

namespace meshproof::mesh::testing {
namespace {

Task<void> pods_talk(Stage& stage) {
    const auto cluster = co_await two_pods(stage);
    const auto web = only(cluster, "web");
    const auto api = only(cluster, "api");
    EXPECT_EQ(web.id.text(), "spiffe://cluster.local/ns/default/sa/web");
    EXPECT_TRUE(web.ready);
    EXPECT_EQ(web.reason, "");
    EXPECT_TRUE(web.name.starts_with("web-"));
    const auto seen = co_await stage.mesh.request(web.name, api.name);
    EXPECT_TRUE(seen.ok) << seen.failure->message;
    EXPECT_EQ(stage.recorder.handshakes.size(), 1U);
    const auto& handshake = stage.recorder.handshakes.front();
    EXPECT_TRUE(handshake.accepted);
    EXPECT_EQ(handshake.expected_server.text(), "spiffe://cluster.local/ns/default/sa/api");
    EXPECT_EQ(*handshake.client.leaf, *web.leaf);
    EXPECT_EQ(*handshake.server.leaf, *api.leaf);
    EXPECT_EQ(handshake.server.intermediates.size(), 1U);  // the root is not sent

    const auto pod = require(co_await stage.admin->pod("default", web.name));
    EXPECT_TRUE(pod.ready);
    EXPECT_EQ(pod.phase, "Running");
    const auto config =
        require(co_await stage.admin->secret("istio-system", "meshproof-ca-config"));
    const auto json = nlohmann::json::parse(config.data.at("config.json"));
    EXPECT_EQ(json["pkiPath"], "pki_int/sign/web");
    EXPECT_EQ(json["generation"], 1);
    const auto root = require(co_await stage.admin->secret("istio-system", "meshproof-ca-root"));
    EXPECT_EQ(root.data.at("ca.pem"), stage.vault.bundle());
    EXPECT_TRUE(co_await stage.admin->service_account("istio-system", "vault-issuer"));
    EXPECT_EQ(stage.vault.logins, 2U);
}

TEST(Flow, OnboardedPodsTalkOverMutualTls) {
    run(pods_talk);
}

Task<void> unknown_pods(Stage& stage) {
    const auto cluster = co_await two_pods(stage);
    const auto seen = co_await stage.mesh.request(only(cluster, "web").name, "nobody");
    EXPECT_FALSE(seen.ok);
    EXPECT_EQ(seen.failure->kind, FailureKind::not_found);
    EXPECT_TRUE(stage.recorder.handshakes.empty());
}

TEST(Flow, ARequestToAnUnknownPodIsNoHandshake) {
    run(unknown_pods);
}

Task<void> renewals(Stage& stage) {
    const auto cluster = co_await two_pods(stage);
    const auto before = stage.clock.now();
    for (int i = 0; i < 100; ++i) {
        co_await stage.clock.sleep_for(1h);
        for (const auto& pod : cluster.pods()) {
            EXPECT_TRUE(pod.ready) << pod.reason;
        }
    }
    // Some 100 h at two thirds of 24 h, plus or minus a twentieth.
    for (const auto& pod : cluster.pods()) {
        EXPECT_GE(pod.leaves, 1U + static_cast<std::size_t>((stage.clock.now() - before) / 18h));
        EXPECT_LE(pod.leaves, 1U + static_cast<std::size_t>((stage.clock.now() - before) / 14h));
        EXPECT_LE(pod.logins, pod.leaves);
    }
    std::set<std::string> keys;
    for (const auto& leaf : stage.recorder.leaves) {
        EXPECT_TRUE(leaf.leaf.public_key() == leaf.requested_key);
        EXPECT_EQ(leaf.requested_ttl, Duration(24h));
        keys.insert(to_hex(leaf.requested_key.key_id()));
    }
    EXPECT_EQ(keys.size(), stage.recorder.leaves.size()) << "a key was used twice";
    EXPECT_EQ(stage.recorder.count("pod not ready"), 0U);
}

TEST(Flow, LeavesAreRenewedBeforeTheirEndWithFreshKeys) {
    run(renewals);
}

Task<void> token_reuse(Stage& stage) {
    stage.vault.token_ttl = 1000h;
    const auto cluster = co_await two_pods(stage);
    co_await stage.clock.sleep_for(72h);
    for (const auto& pod : cluster.pods()) {
        EXPECT_GE(pod.leaves, 4U);
        EXPECT_EQ(pod.logins, 1U);
    }
    stage.vault.forget_tokens();  // revoked behind their back: the next sign says so, and they log
                                  // in again
    co_await stage.clock.sleep_for(24h);
    for (const auto& pod : cluster.pods()) {
        EXPECT_TRUE(pod.ready);
        EXPECT_EQ(pod.logins, 2U);
    }
}

TEST(Flow, AVaultTokenIsUsedUntilItIsNoLongerGood) {
    run(token_reuse);
}

Task<void> login_each_time(Stage& stage) {
    stage.vault.token_ttl = 1000h;
    const auto cluster = co_await two_pods(stage);
    co_await stage.clock.sleep_for(72h);
    for (const auto& pod : cluster.pods()) {
        EXPECT_GE(pod.leaves, 4U);
        EXPECT_EQ(pod.logins, pod.leaves);
    }
}

TEST(Flow, WithoutReuseEveryLeafTakesALogin) {
    run(login_each_time, Stage::with("agent/logs-in-for-every-csr"));
}

Task<void> renew_at_once(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    const auto old = *only(cluster, "web").leaf;
    co_await stage.clock.sleep_for(1h);
    cluster.renew_now();
    co_await stage.clock.sleep_for(1s);
    EXPECT_EQ(only(cluster, "web").leaves, 2U);
    EXPECT_FALSE(*only(cluster, "web").leaf == old);
}

TEST(Flow, RenewNowDoesNotWaitForTheSchedule) {
    run(renew_at_once);
}

Task<void> restarted_agent(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    const auto before = only(cluster, "web");
    require(co_await cluster.restart_agent());
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    const auto after = only(cluster, "web");
    EXPECT_EQ(after.uid, before.uid);
    EXPECT_FALSE(after.leaf->public_key() == before.leaf->public_key());
    EXPECT_TRUE((co_await stage.mesh.request(after.name, only(cluster, "api").name)).ok);
    EXPECT_EQ(stage.recorder.count("pod added"), 4U);

    // What happens after it is seen, and what it cannot have it asks for until it comes.
    stage.vault_link->set(http::LinkMode::refuse);
    require(co_await cluster.restart_agent());
    require(co_await cluster.delete_pod(after.name));
    EXPECT_TRUE(co_await cluster.wait_replaced(after.name, 1h));
    EXPECT_FALSE(co_await cluster.wait_ready(6h));
    for (const auto& pod : cluster.pods()) {
        EXPECT_FALSE(pod.leaf) << pod.workload;
    }
    stage.vault_link->set(http::LinkMode::pass);
    EXPECT_TRUE(co_await cluster.wait_ready(3h)) << only(cluster, "web").reason;

    // It reads the configuration that was changed while nobody followed it.
    require(co_await stage.admin->delete_secret("istio-system", "meshproof-ca-config"));
    require(co_await cluster.restart_agent());
    EXPECT_TRUE(co_await cluster.wait_in_sync(3h)) << cluster.status();
    EXPECT_TRUE(co_await cluster.wait_ready(3h));
    require(co_await stage.mesh.offboard("c1"));
    EXPECT_EQ((co_await cluster.restart_agent()).error().kind, FailureKind::conflict);
}

TEST(Flow, ANodeAgentThatBeginsAnewTakesUpItsPods) {
    run(restarted_agent);
}

Task<void> takes_up_none(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    co_await stage.clock.sleep_for(1min);  // until their status is there: a change is an event
    require(co_await cluster.restart_agent());
    EXPECT_FALSE(co_await cluster.wait_ready(12h));
    EXPECT_TRUE(cluster.pods().empty());
}

TEST(Flow, ASaboteurTakesUpNoPod) {
    run(takes_up_none, Stage::with("cluster/takes-up-no-pod"));
}

Task<void> replaced(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    const auto old = only(cluster, "web");
    require(co_await cluster.delete_pod(old.name));
    EXPECT_FALSE(co_await cluster.wait_ready(0s));  // not counted any more
    const auto name = require(co_await cluster.wait_replaced(old.name, 1h));
    EXPECT_NE(name, old.name);
    EXPECT_TRUE(co_await cluster.wait_ready(1h, "web"));
    const auto pod = only(cluster, "web");
    EXPECT_EQ(pod.name, name);
    EXPECT_NE(pod.uid, old.uid);
    EXPECT_EQ(pod.id, old.id);
    EXPECT_FALSE(pod.leaf->public_key() == old.leaf->public_key());
    EXPECT_FALSE(co_await stage.admin->pod("default", old.name));
    const auto gone = co_await stage.mesh.request(name, old.name);
    EXPECT_FALSE(gone.ok);
    EXPECT_TRUE((co_await stage.mesh.request(name, only(cluster, "api").name)).ok);
    EXPECT_FALSE(co_await cluster.wait_replaced("nobody", 1h));
    const auto late = co_await cluster.wait_replaced(name, 1min);
    EXPECT_EQ(late.error().kind, FailureKind::timed_out);
}

TEST(Flow, ADeletedPodIsReplacedByANewOne) {
    run(replaced);
}

Task<void> replicas(Stage& stage) {
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = "frontend", .replicas = 3}));
    EXPECT_FALSE(co_await cluster.deploy({.name = "web", .service_account = {}}));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    const auto before = cluster.pods_of("web");
    EXPECT_EQ(before.size(), 3U);
    EXPECT_EQ(before.front().id.text(), "spiffe://cluster.local/ns/default/sa/frontend");
    require(co_await cluster.restart_all_pods());
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    const auto after = cluster.pods();
    EXPECT_EQ(after.size(), 3U);
    for (const auto& pod : after) {
        EXPECT_TRUE(
            std::ranges::none_of(before, [&](const PodView& old) { return old.uid == pod.uid; }));
    }
    // Someone else's hand: kubectl delete past us.
    require(co_await stage.admin->delete_pod("default", after.front().name));
    EXPECT_TRUE(co_await cluster.wait_replaced(after.front().name, 1h));
    EXPECT_EQ(require(co_await stage.admin->list_pods("default")).items.size(), 3U);
}

TEST(Flow, TheNumberOfPodsIsKept) {
    run(replicas);
}

Task<void> defined_anew(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    const auto before = only(cluster, "web");
    EXPECT_EQ((co_await cluster.redefine({.name = "job", .service_account = {}})).error().kind,
              FailureKind::not_found);
    require(
        co_await cluster.redefine({.name = "web", .service_account = "frontend", .replicas = 2}));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    co_await stage.clock.sleep_for(1min);
    const auto after = cluster.pods_of("web");
    EXPECT_EQ(after.size(), 2U);
    for (const auto& pod : after) {
        EXPECT_NE(pod.uid, before.uid);
        EXPECT_EQ(pod.id.text(), "spiffe://cluster.local/ns/default/sa/frontend");
    }
    EXPECT_EQ(require(co_await stage.admin->list_pods("default")).items.size(), 3U);
    EXPECT_TRUE((co_await stage.mesh.request(after.front().name, only(cluster, "api").name)).ok);

    // One that cannot be made: all stays, and is kept as it was.
    stage.kube_front.refusal = {.kind = "pods", .body = "\"name\":\"web-"};
    EXPECT_FALSE(co_await cluster.redefine({.name = "web", .service_account = {}}));
    stage.kube_front.refusal.reset();
    EXPECT_EQ(cluster.pods_of("web").size(), 2U);
    require(co_await cluster.delete_pod(after.front().name));
    const auto name = require(co_await cluster.wait_replaced(after.front().name, 1h));
    EXPECT_EQ(cluster.pod(name)->id, after.front().id);

    // Fewer of them: none of those that go is replaced.
    co_await stage.clock.sleep_for(1min);
    require(co_await cluster.redefine({.name = "web", .service_account = {}, .replicas = 1}));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    co_await stage.clock.sleep_for(2h);
    EXPECT_EQ(only(cluster, "web").id.text(), "spiffe://cluster.local/ns/default/sa/web");
    EXPECT_EQ(require(co_await stage.admin->list_pods("default")).items.size(), 2U);
}

TEST(Flow, AWorkloadThatIsDefinedAnewHasPodsByThatAlone) {
    run(defined_anew);
}

Task<void> clean_end(Stage& stage) {
    co_await two_pods(stage);
    co_await stage.mesh.shut_down();
    EXPECT_TRUE(require(co_await stage.admin->list_pods("default")).items.empty());
    EXPECT_FALSE(co_await stage.admin->secret("istio-system", "meshproof-ca-config"));
    EXPECT_FALSE(co_await stage.admin->secret("istio-system", "meshproof-ca-root"));
    EXPECT_FALSE(co_await stage.admin->service_account("istio-system", "vault-issuer"));
    EXPECT_FALSE(co_await stage.admin->service_account("default", "web"));
    EXPECT_TRUE(stage.mesh.clusters().empty());
    const auto signs = stage.vault.signs;
    co_await stage.clock.sleep_for(48h);
    EXPECT_EQ(stage.vault.signs, signs);
}

TEST(Flow, ShutDownRemovesWhatWasMadeAndStopsAll) {
    run(clean_end);
}

Task<void> offboarded(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    EXPECT_EQ((co_await stage.mesh.offboard("c9")).error().kind, FailureKind::not_found);
    stage.kube_link->set(http::LinkMode::refuse);
    EXPECT_EQ((co_await stage.mesh.offboard("c1")).error().kind, FailureKind::unreachable);
    stage.kube_link->set(http::LinkMode::pass);
    EXPECT_EQ(stage.mesh.clusters().size(), 1U);
    EXPECT_TRUE(co_await cluster.wait_ready(1min)) << "what was refused has ended something";

    require(co_await stage.mesh.offboard("c1"));
    EXPECT_TRUE(stage.mesh.clusters().empty());
    EXPECT_TRUE(require(co_await stage.admin->list_pods("default")).items.empty());
    EXPECT_FALSE(co_await stage.admin->secret("istio-system", "meshproof-ca-config"));
    EXPECT_FALSE(co_await stage.admin->secret("istio-system", "meshproof-ca-root"));
    EXPECT_FALSE(co_await stage.admin->service_account("istio-system", "vault-issuer"));
    const auto signs = stage.vault.signs;
    co_await stage.clock.sleep_for(48h);
    EXPECT_EQ(stage.vault.signs, signs) << "somebody renews on";
    EXPECT_TRUE(co_await stage.mesh.delete_account("corporate")) << "nobody uses it any more";

    require(stage.mesh.add_account(stage.account()));
    auto again = require(co_await stage.mesh.onboard(stage.cluster()));
    require(co_await again.deploy({.name = "web", .service_account = {}}));
    EXPECT_TRUE(co_await again.wait_ready(1h)) << only(again, "web").reason;
}

TEST(Flow, AnOffboardedClusterLeavesNothingAndMayComeBack) {
    run(offboarded);
}

Task<void> others_keep_theirs(Stage& stage) {
    co_await open_ports(stage);
    kube::ObjectMeta theirs;
    theirs.namespace_name = "istio-system";
    theirs.name = "vault-issuer";
    require(co_await stage.admin->create_service_account(theirs));
    require(stage.mesh.set_trust_domain("cluster.local"));
    require(stage.mesh.add_account(stage.account()));
    require(co_await stage.mesh.onboard(stage.cluster()));
    co_await stage.mesh.shut_down();
    EXPECT_TRUE(co_await stage.admin->service_account("istio-system", "vault-issuer"));
}

TEST(Flow, AServiceAccountThatWasThereBeforeStays) {
    run(others_keep_theirs);
}

Task<void> onboarding_rules(Stage& stage) {
    co_await open_ports(stage);
    const auto early = co_await stage.mesh.onboard(stage.cluster());
    EXPECT_NE(early.error().message.find("trust domain is required"), std::string::npos);
    require(stage.mesh.set_trust_domain("cluster.local"));
    EXPECT_EQ((co_await stage.mesh.onboard(stage.cluster())).error().kind, FailureKind::not_found);
    require(stage.mesh.add_account(stage.account()));
    EXPECT_EQ(stage.mesh.add_account(stage.account()).error().kind, FailureKind::conflict);
    auto same_label = stage.account("other");
    same_label.label = Stage::label;
    EXPECT_EQ(stage.mesh.add_account(same_label).error().kind, FailureKind::conflict);
    EXPECT_EQ((co_await stage.mesh.onboard(stage.cluster("-"))).error().kind, FailureKind::invalid);
    require(co_await stage.mesh.onboard(stage.cluster()));
    EXPECT_EQ((co_await stage.mesh.onboard(stage.cluster())).error().kind, FailureKind::conflict);
    EXPECT_EQ((co_await stage.mesh.onboard(stage.cluster("c2"))).error().kind,
              FailureKind::conflict);
    EXPECT_EQ(stage.mesh.set_trust_domain("other.local").error().kind, FailureKind::conflict);
    EXPECT_TRUE(stage.mesh.set_trust_domain("cluster.local"));

    // One that cannot be reached leaves nothing behind in the mesh.
    stage.kube_link->set(http::LinkMode::refuse);
    auto unreachable = stage.cluster("c3");
    unreachable.mesh_namespace = "kube-system";
    EXPECT_EQ((co_await stage.mesh.onboard(unreachable)).error().kind, FailureKind::unreachable);
    EXPECT_EQ(stage.mesh.clusters().size(), 1U);
}

TEST(Flow, OnboardingHasItsRules) {
    run(onboarding_rules);
}

Task<void> health(Stage& stage) {
    co_await onboarded(stage);
    auto health = co_await stage.mesh.check_health("c1");
    EXPECT_EQ(health.text(), "CA: Connected") << health.reason;
    EXPECT_EQ(stage.vault.revoked, 1U);
    EXPECT_EQ(stage.recorder.leaves.back().requested_id.text(),
              "spiffe://cluster.local/ns/default/sa/default")
        << "without pods, the identity that any pod has where nobody chose another";
    stage.vault.sign_refusal = {503, "Vault is sealed"};
    health = co_await stage.mesh.check_health("c1");
    EXPECT_EQ(health.text(), "CA: Unknown");
    EXPECT_NE(health.reason.find("sealed"), std::string::npos);
    stage.vault.sign_refusal.reset();
    stage.vault.foreign_ca = true;
    health = co_await stage.mesh.check_health("c1");
    EXPECT_NE(health.reason.find("does not chain"), std::string::npos) << health.reason;
    stage.vault_link->set(http::LinkMode::stall);
    const auto asked = stage.clock.elapsed();
    EXPECT_FALSE((co_await stage.mesh.check_health("c1")).connected);
    EXPECT_LE(stage.clock.elapsed() - asked, Duration(65s));
    EXPECT_FALSE((co_await stage.mesh.check_health("c9")).connected);
    EXPECT_EQ(stage.recorder.count("ca health"), 2U);  // changes only
}

TEST(Flow, HealthIsWhatAPodWouldFind) {
    run(health);
}

Task<void> global_namespace(Stage& stage) {
    co_await onboarded(stage);
    EXPECT_FALSE(co_await stage.mesh.create_global_namespace("g", {"c9"}));
    require(co_await stage.mesh.create_global_namespace("g", {"c1"}));
    EXPECT_FALSE(co_await stage.mesh.create_global_namespace("g", {"c1"}));
    auto health = require(co_await stage.mesh.global_namespace_health("g"));
    EXPECT_TRUE(health.healthy) << health.reason;
    EXPECT_TRUE(health.clusters.at("c1").connected);
    require(co_await stage.admin->delete_secret("istio-system", "meshproof-ca-config"));
    co_await stage.clock.sleep_for(1s);
    health = require(co_await stage.mesh.global_namespace_health("g"));
    EXPECT_FALSE(health.healthy);
    EXPECT_NE(health.reason.find("c1"), std::string::npos);
    EXPECT_FALSE(health.clusters.at("c1").connected);
    require(co_await stage.mesh.connect_ca("c1", Stage::label));
    EXPECT_TRUE(require(co_await stage.mesh.global_namespace_health("g")).healthy);
    auto root = require(co_await stage.admin->secret("istio-system", "meshproof-ca-root"));
    root.data["ca.pem"] = stage.vault.foreign_bundle();
    require(co_await stage.admin->replace_secret(root));
    health = require(co_await stage.mesh.global_namespace_health("g"));
    EXPECT_FALSE(health.healthy) << "a foreign trust store was not seen";
    EXPECT_NE(health.reason.find("trust store"), std::string::npos) << health.reason;
    require(co_await stage.mesh.connect_ca("c1", Stage::label));
    stage.kube_link->set(http::LinkMode::refuse);
    EXPECT_FALSE(require(co_await stage.mesh.global_namespace_health("g")).healthy);
    EXPECT_FALSE(co_await stage.mesh.global_namespace_health("h"));
}

TEST(Flow, AGlobalNamespaceIsHealthyWhileItsConfigurationIsApplied) {
    run(global_namespace);
}

Task<void> whole_story(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    require(co_await cluster.delete_pod(only(cluster, "api").name));
    co_await stage.clock.sleep_for(30h);
    stage.vault.login_refusal = {403, "permission denied"};
    co_await stage.clock.sleep_for(48h);
    stage.vault.login_refusal.reset();
    co_await stage.clock.sleep_for(24h);
}

TEST(Flow, IsAFunctionOfTheSeed) {
    const auto told = [](std::uint64_t seed) {
        Stage stage(Stage::usual(), seed);
        stage.clock.run(play(stage, whole_story));
        return stage.recorder.text();
    };
    const auto first = told(1);
    EXPECT_EQ(first, told(1));
    EXPECT_NE(first, told(2));
    EXPECT_EQ(first.find("token-"), std::string::npos) << "a token reached an event";
}

}  // namespace
}  // namespace meshproof::mesh::testing
