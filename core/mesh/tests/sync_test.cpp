// What is wanted of a cluster gets there, whatever happens on the way.
#include <gtest/gtest.h>

#include "core/mesh/tests/stage.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::mesh::testing {
namespace {

constexpr const char* next_label = "Certificate Authority: next";

/// A second account, of another CA, that signs from now on.
void add_other_ca(Stage& stage) {
    auto next = stage.account("next");
    next.ca_chain_pem = stage.vault.foreign_bundle();
    require(stage.mesh.add_account(next));
}

Task<CaConfig> stored_config(Stage& stage) {
    const auto secret =
        require(co_await stage.admin->secret("istio-system", "meshproof-ca-config"));
    co_return require(CaConfig::parse(secret.data.at("config.json")));
}

Task<void> expect_talk(Stage& stage, Cluster cluster, std::string when) {
    for (const auto& [from, to] : {std::pair("web", "api"), std::pair("api", "web")}) {
        const auto seen =
            co_await stage.mesh.request(only(cluster, from).name, only(cluster, to).name);
        EXPECT_TRUE(seen.ok) << when << ": " << from << " to " << to << ": "
                             << (seen.failure ? seen.failure->message : "");
    }
}

void expect_out_of_sync(const Cluster& cluster, std::string_view why) {
    EXPECT_TRUE(cluster.status().starts_with("out of sync: ")) << cluster.status();
    EXPECT_NE(cluster.status().find(why), std::string::npos) << cluster.status();
}

Task<void> another_ca(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    const auto old = *only(cluster, "api").leaf;
    add_other_ca(stage);
    stage.vault.foreign_ca = true;
    require(co_await stage.mesh.connect_ca("c1", next_label));
    EXPECT_EQ(cluster.status(), "in sync");
    EXPECT_EQ(cluster.trust_store().size(), 4U);
    co_await expect_talk(stage, cluster, "between two old leaves");
    require(co_await cluster.delete_pod(only(cluster, "web").name));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    EXPECT_TRUE(*only(cluster, "api").leaf == old);
    co_await expect_talk(stage, cluster, "between an old leaf and a new one");
    co_await stage.clock.sleep_for(4h);
    EXPECT_EQ(cluster.trust_store().size(), 4U) << "an anchor went before the leaf below it";
    require(co_await cluster.delete_pod(only(cluster, "api").name));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    co_await expect_talk(stage, cluster, "between two new leaves");
    co_await stage.clock.sleep_for(4h);
    EXPECT_EQ(cluster.trust_store().size(), 2U) << "an anchor stayed without a leaf below it";
    EXPECT_EQ(cluster.status(), "in sync");
    EXPECT_EQ(stage.recorder.count("pod not ready"), 0U);
}

TEST(Sync, AnotherCaEndsNoMtlsThatIsGood) {
    run(another_ca);
}

Task<void> the_old_ca_signs_on(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    add_other_ca(stage);
    require(co_await stage.mesh.connect_ca("c1", next_label));
    require(co_await cluster.delete_pod(only(cluster, "web").name));
    EXPECT_FALSE(co_await cluster.wait_ready(3h));
    EXPECT_NE(only(cluster, "web").reason.find("does not chain"), std::string::npos)
        << only(cluster, "web").reason;
}

TEST(Sync, NewLeavesChainToTheConnectedCaOnly) {
    run(the_old_ca_signs_on);
}

Task<void> foreign_trust(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    auto root = require(co_await stage.admin->secret("istio-system", "meshproof-ca-root"));
    root.data["ca.pem"] = stage.vault.foreign_bundle();
    require(co_await stage.admin->replace_secret(root));
    co_await stage.clock.sleep_for(1s);
    for (const auto& pod : cluster.pods()) {
        EXPECT_FALSE(pod.ready) << "ready though no peer takes its leaf";
        EXPECT_NE(pod.reason.find("do not trust its certificate"), std::string::npos) << pod.reason;
    }
    EXPECT_FALSE(
        (co_await stage.mesh.request(only(cluster, "web").name, only(cluster, "api").name)).ok);
    expect_out_of_sync(cluster, "trust store");
    EXPECT_TRUE(co_await cluster.wait_in_sync(3h)) << cluster.status();
    EXPECT_TRUE(co_await cluster.wait_ready(1min));
    co_await expect_talk(stage, cluster, "after the repair");
    EXPECT_EQ(stage.recorder.count("out of sync"), 1U);
    EXPECT_EQ(stage.recorder.count("in sync"), 1U);
}

TEST(Sync, ReadyMeansThatPeersTrustTheLeaf) {
    run(foreign_trust);
}

Task<void> half_a_deletion(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    stage.kube_link->set(http::LinkMode::refuse);
    require(co_await stage.mesh.delete_account("corporate", true));
    EXPECT_TRUE(stage.mesh.accounts().empty());
    expect_out_of_sync(cluster, "still has the CA configuration of account \"corporate\"");
    const auto health = co_await stage.mesh.check_health("c1");
    EXPECT_EQ(health.warnings.size(), 1U);
    // The same account again: what the cluster still runs counts.
    require(stage.mesh.add_account(stage.account()));
    const auto warned = co_await stage.mesh.delete_account("corporate");
    EXPECT_FALSE(warned);
    EXPECT_NE(warned.error().message.find("c1"), std::string::npos) << warned.error().message;
    stage.kube_link->set(http::LinkMode::pass);
    EXPECT_TRUE(co_await cluster.wait_in_sync(3h)) << cluster.status();
    EXPECT_FALSE(co_await stage.admin->secret("istio-system", "meshproof-ca-config"));
    EXPECT_FALSE(co_await stage.admin->service_account("istio-system", "vault-issuer"));
    EXPECT_TRUE(co_await stage.mesh.delete_account("corporate"));
    const auto signs = stage.vault.signs;
    co_await stage.clock.sleep_for(48h);
    EXPECT_EQ(stage.vault.signs, signs) << "a deleted account signs on";
}

TEST(Sync, AHalfDoneDeletionIsFinished) {
    run(half_a_deletion);
}

Task<void> half_a_connection(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    add_other_ca(stage);
    stage.kube_link->set(http::LinkMode::refuse);
    require(co_await stage.mesh.connect_ca("c1", next_label));
    EXPECT_EQ(cluster.ca_label(), next_label);
    expect_out_of_sync(cluster, "generation 1: expected 2");
    EXPECT_EQ((co_await stage.mesh.delete_account("corporate")).error().kind,
              FailureKind::conflict);
    EXPECT_EQ((co_await stage.mesh.delete_account("next")).error().kind, FailureKind::conflict);
    co_await stage.clock.sleep_for(6h);
    const auto tries = stage.recorder.count("out of sync");
    EXPECT_EQ(tries, 1U) << "told once, however often it is tried";
    stage.vault.foreign_ca = true;
    stage.kube_link->set(http::LinkMode::pass);
    EXPECT_TRUE(co_await cluster.wait_in_sync(3h)) << cluster.status();
    EXPECT_EQ((co_await stored_config(stage)).account, "next");
    EXPECT_TRUE(co_await stage.mesh.delete_account("corporate"));
    co_await expect_talk(stage, cluster, "after the delay");
}

TEST(Sync, AHalfDoneConnectionIsFinished) {
    run(half_a_connection);
}

Task<Result<void>> connect_to(Stage& stage, std::string label) {
    co_return co_await stage.mesh.connect_ca("c1", label);
}

Task<void> ignoring(Task<Result<void>> call) {
    require(co_await std::move(call));
}

Task<void> two_at_once(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    add_other_ca(stage);
    TaskGroup calls;
    co_await calls.spawn(ignoring(connect_to(stage, next_label)));
    co_await calls.spawn(ignoring(connect_to(stage, Stage::label)));
    co_await calls.join();
    EXPECT_TRUE(co_await cluster.wait_in_sync(1h)) << cluster.status();
    EXPECT_EQ(cluster.ca_label(), Stage::label);
    EXPECT_EQ((co_await stored_config(stage)).account, "corporate") << "the later call holds";
}

TEST(Sync, OfTwoCallsAtOnceTheLaterHolds) {
    run(two_at_once);
}

Task<Result<void>> rename_to(Stage& stage, std::string service_account) {
    co_return co_await stage.mesh.edit_account("corporate", {{}, std::move(service_account)});
}

// The cluster is not told of the first edit yet when the second one comes.
Task<void> edited_while_edited(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    stage.kube_link->set(http::LinkMode::stall);
    TaskGroup calls;
    co_await calls.spawn(ignoring(rename_to(stage, "issuer-b")));
    co_await stage.clock.sleep_for(1ms);
    EXPECT_EQ(calls.running(), 1U) << "it has ended already: nothing is shown";
    require(co_await stage.mesh.edit_account("corporate", {"for the mesh", {}}));
    stage.kube_link->set(http::LinkMode::pass);
    co_await calls.join();
    EXPECT_TRUE(co_await cluster.wait_in_sync(3h)) << cluster.status();
    const auto account = stage.mesh.accounts().front();
    EXPECT_EQ(account.description(), "for the mesh") << "an earlier edit undid it";
    EXPECT_EQ(account.service_account(), "issuer-b");
    EXPECT_EQ((co_await stored_config(stage)).service_account, "issuer-b");
}

TEST(Sync, AnEditUndoesNoOtherThatCameMeanwhile) {
    run(edited_while_edited);
}

// Of two clusters one cannot be told of an edit. The other is at once, and that one later.
Task<void> half_an_edit(Stage& stage) {
    const auto first = co_await onboarded(stage);
    auto spec = stage.cluster("c2");
    spec.mesh_namespace = "istio-b";
    auto second = require(co_await stage.mesh.onboard(spec));
    stage.kube_front.refusal = {.kind = "serviceaccounts", .body = "\"c2\""};
    require(co_await stage.mesh.edit_account("corporate", {{}, "issuer-b"}));
    EXPECT_GT(stage.kube_front.refused, 0U) << "nothing was refused: nothing is shown";
    EXPECT_EQ(first.status(), "in sync");
    EXPECT_TRUE(co_await stage.admin->service_account("istio-system", "issuer-b"));
    EXPECT_TRUE(second.status().starts_with("out of sync: ")) << second.status();
    EXPECT_EQ((co_await stage.mesh.check_health("c2")).warnings.size(), 1U);
    stage.kube_front.refusal.reset();
    EXPECT_TRUE(co_await second.wait_in_sync(3h)) << second.status();
    EXPECT_TRUE(co_await stage.admin->service_account("istio-b", "issuer-b"));
    EXPECT_FALSE(co_await stage.admin->service_account("istio-b", "vault-issuer"));
}

TEST(Sync, AnEditReachesEveryClusterInItsTime) {
    run(half_an_edit);
}

Task<void> onboard_one(Stage& stage) {
    require(co_await stage.mesh.onboard(stage.cluster()));
}

Task<void> deleted_while_onboarding(Stage& stage) {
    co_await open_ports(stage);
    require(stage.mesh.set_trust_domain("cluster.local"));
    require(stage.mesh.add_account(stage.account()));
    TaskGroup calls;
    co_await calls.spawn(onboard_one(stage));
    co_await stage.clock.sleep_for(100us);
    EXPECT_EQ((co_await stage.mesh.delete_account("corporate")).error().kind,
              FailureKind::conflict);
    require(co_await stage.mesh.delete_account("corporate", true));
    co_await calls.join();
    auto cluster = stage.mesh.clusters().front();
    EXPECT_TRUE(co_await cluster.wait_in_sync(1h)) << cluster.status();
    EXPECT_EQ(cluster.ca_label(), "");
    EXPECT_FALSE(co_await stage.admin->secret("istio-system", "meshproof-ca-config"));
}

TEST(Sync, AnAccountThatGoesDuringOnboardingIsNotConnected) {
    run(deleted_while_onboarding);
}

Task<void> somebodys_hand(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    const auto configured = co_await stored_config(stage);
    require(co_await stage.admin->delete_secret("istio-system", "meshproof-ca-config"));
    co_await stage.clock.sleep_for(1s);
    EXPECT_EQ(stage.recorder.count("ca disconnected"), 1U) << "nobody looked";
    expect_out_of_sync(cluster, "CA configuration is not there");
    EXPECT_TRUE(co_await cluster.wait_in_sync(3h)) << cluster.status();
    EXPECT_EQ(co_await stored_config(stage), configured);
    // What cannot be read is not applied: the pods go on with what they have.
    kube::SecretObject spoilt =
        require(co_await stage.admin->secret("istio-system", "meshproof-ca-config"));
    spoilt.data["config.json"] = "{";
    require(co_await stage.admin->replace_secret(spoilt));
    co_await stage.clock.sleep_for(1s);
    EXPECT_EQ(stage.recorder.count("ca disconnected"), 1U);
    expect_out_of_sync(cluster, "no JSON object");
    EXPECT_TRUE(co_await cluster.wait_in_sync(3h)) << cluster.status();
    EXPECT_EQ(co_await stored_config(stage), configured);
    EXPECT_EQ(stage.recorder.count("pod not ready"), 0U);
}

TEST(Sync, WhatSomebodyChangesByHandIsSeenAndRepaired) {
    run(somebodys_hand);
}

Task<void> health_observes(Stage& stage) {
    co_await two_pods(stage);
    require(co_await stage.mesh.create_global_namespace("g", {"c1"}));
    require(co_await stage.admin->delete_secret("istio-system", "meshproof-ca-config"));
    co_await stage.clock.sleep_for(1s);
    const auto health = require(co_await stage.mesh.global_namespace_health("g"));
    EXPECT_FALSE(health.healthy);
    EXPECT_NE(health.reason.find("out of sync"), std::string::npos) << health.reason;
    EXPECT_EQ(stage.recorder.count("ca disconnected"), 0U) << "asking for health applied it";
}

TEST(Sync, HealthAppliesNothing) {
    auto options = Stage::usual();
    options.seams.watches_configuration = false;
    run(health_observes, options);
}

Task<void> quiet_is_kept(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    add_other_ca(stage);
    auto& front = stage.kube_front;
    front.refusal = {.kind = "secrets", .body = {}, .status = 429, .retry_after = "10800"};  // 3 h
    require(co_await stage.mesh.connect_ca("c1", next_label));
    expect_out_of_sync(cluster, "generation 1: expected 2");
    const auto first = front.refused;
    co_await stage.clock.sleep_for(13h);
    EXPECT_LE(front.refused - first, 4U) << "the API server asked to be left alone";
    EXPECT_GE(front.refused - first, 2U) << "it waits for longer than it was asked to";
    front.refusal.reset();
    EXPECT_TRUE(co_await cluster.wait_in_sync(4h)) << cluster.status();
}

TEST(Sync, AnApiServerIsLeftAloneForAsLongAsItAsks) {
    run(quiet_is_kept);
}

Task<void> slow_read(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    add_other_ca(stage);
    stage.kube_front.next_list = 20s;
    auto root = require(co_await stage.admin->secret("istio-system", "meshproof-ca-root"));
    root.data["note"] = "looked at";
    require(co_await stage.admin->replace_secret(root));
    co_await stage.clock.sleep_for(1s);
    EXPECT_FALSE(stage.kube_front.next_list) << "nobody read";
    require(co_await stage.mesh.connect_ca("c1", next_label));
    co_await stage.clock.sleep_for(1min);
    EXPECT_EQ(cluster.status(), "in sync");
    EXPECT_EQ(cluster.trust_store().size(), 4U);
    EXPECT_EQ(stage.recorder.count("ca connected"), 2U) << "an older one came back";
}

TEST(Sync, ASlowReadBringsNoOlderConfigurationBack) {
    run(slow_read);
}

}  // namespace
}  // namespace meshproof::mesh::testing
