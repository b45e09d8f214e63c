#include <gtest/gtest.h>

#include "core/mesh/tests/stage.hpp"
#include "core/mesh/workloads.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::mesh::testing {
namespace {

void expect_reason(const PodView& pod, std::string_view text) {
    EXPECT_FALSE(pod.ready);
    EXPECT_NE(pod.reason.find(text), std::string::npos) << pod.reason;
}

Task<void> refused_logins(Stage& stage) {
    stage.vault.login_refusal = {403, "permission denied"};
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    EXPECT_FALSE(co_await cluster.wait_ready(24h));
    expect_reason(only(cluster, "web"), "login refused");
    // From a 200th to a 20th of 24 h apart: never faster than the first step.
    EXPECT_GT(stage.vault.logins, 15U);
    EXPECT_LT(stage.vault.logins, 60U);
    for (std::size_t i = 1; i < stage.vault.login_times.size(); ++i) {
        EXPECT_GE(stage.vault.login_times[i] - stage.vault.login_times[i - 1], Duration(24h) / 200);
    }
    const auto pod = require(co_await stage.admin->pod("default", only(cluster, "web").name));
    EXPECT_FALSE(pod.ready);
    EXPECT_NE(pod.not_ready_reason.find("login refused"), std::string::npos);
    stage.vault.login_refusal.reset();
    EXPECT_TRUE(co_await cluster.wait_ready(24h / 10));
    EXPECT_EQ(only(cluster, "web").logins, 1U);
}

TEST(Trouble, RefusedLoginsAreRetriedSlowlyAndHealByThemselves) {
    run(refused_logins);
}

Task<void> tokens_that_never_work(Stage& stage) {
    // Signing answers "log in again" for ever: that must not become a login storm.
    stage.vault.sign_refusal = {403, "permission denied"};
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    EXPECT_FALSE(co_await cluster.wait_ready(24h));
    EXPECT_LT(stage.vault.logins, 60U);
    for (std::size_t i = 1; i < stage.vault.login_times.size(); ++i) {
        EXPECT_GE(stage.vault.login_times[i] - stage.vault.login_times[i - 1], Duration(24h) / 200);
    }
    // The wrapped text means the policy: no login at all for that.
    stage.vault.sign_refusal = {403, "1 error occurred:\n\t* permission denied\n\n"};
    co_await stage.clock.sleep_for(3h);
    const auto logins = stage.vault.logins;
    stage.vault.token_ttl = 1000h;
    co_await stage.clock.sleep_for(6h);
    EXPECT_LE(stage.vault.logins, logins + 2);
    expect_reason(only(cluster, "web"), "does not grant update on pki_int/sign/web");
}

TEST(Trouble, NoLoginStormWhateverSigningSays) {
    run(tokens_that_never_work);
}

Task<void> impatient(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    for (int i = 0; i < 200; ++i) {
        cluster.renew_now();
        co_await stage.clock.sleep_for(1min);
    }
    // 200 minutes with at least 7.2 between two logins of a pod.
    for (const auto& pod : cluster.pods()) {
        EXPECT_TRUE(pod.ready);
        EXPECT_GE(pod.logins, 10U);
        EXPECT_LE(pod.logins, 30U);
    }
}

TEST(Trouble, NoImpatienceMakesALoginStorm) {
    run(impatient, Stage::with("agent/logs-in-for-every-csr"));
}

Task<void> wrong_trust_domain(Stage& stage) {
    stage.vault.sign_refusal = {
        400,
        "URI Subject Alternative Names were provided via CSR which are not valid for this role"};
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    EXPECT_FALSE(co_await cluster.wait_ready(1h));
    expect_reason(only(cluster, "web"),
                  "role web does not allow spiffe://cluster.local/ns/default/sa/web: set "
                  "allowed_uri_sans to spiffe://cluster.local/*");
}

TEST(Trouble, ATrustDomainThatTheRoleDoesNotKnowIsNamed) {
    run(wrong_trust_domain);
}

// What the CA answers wrongly, the reason that the pod then gives.
struct WrongLeaf {
    std::string reason;
    void (*spoil)(LittleVault&);
};

Task<void> never_shown(Stage& stage, WrongLeaf wrong) {
    wrong.spoil(stage.vault);
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    EXPECT_FALSE(co_await cluster.wait_ready(12h));
    const auto pod = only(cluster, "web");
    expect_reason(pod, wrong.reason);
    EXPECT_FALSE(pod.leaf);
    EXPECT_EQ(pod.leaves, stage.recorder.leaves.size()) << "the observer sees rejected leaves too";
    EXPECT_GE(pod.leaves, 2U);
    EXPECT_LE(pod.leaves, 12U) << "a CA that answers badly was asked in a hot loop";
}

Task<void> never_shown_to_the_end(Stage& stage, WrongLeaf wrong) {
    co_await never_shown(stage, wrong);
    co_await stage.mesh.shut_down();
}

TEST(Trouble, AWrongLeafIsNeverShown) {
    const std::vector<WrongLeaf> leaves = {
        {"another key", [](auto& vault) { vault.foreign_key = true; }},
        {"does not chain", [](auto& vault) { vault.foreign_ca = true; }},
        {"another CA's chain", [](auto& vault) { vault.foreign_chain = true; }},
        {"instead of spiffe://cluster.local/ns/default/sa/web",
         [](auto& vault) {
             vault.distort = [](auto& spec) {
                 spec.alt_names.uris = {"spiffe://cluster.local/ns/default/sa/root"};
             };
         }},
        {"no SVID", [](auto& vault) { vault.distort = [](auto& spec) { spec.is_ca = true; }; }},
        {"expired at", [](auto& vault) { vault.leaf_ttl = -1s; }},
        {"valid only from",
         [](auto& vault) { vault.distort = [](auto& spec) { spec.not_before += 1h; }; }}};
    for (const auto& wrong : leaves) {
        Stage stage;
        stage.clock.run(never_shown_to_the_end(stage, wrong));
    }
}

Task<void> no_certificate_no_handshake(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    stage.vault_link->set(http::LinkMode::refuse);
    require(co_await cluster.deploy({.name = "late", .service_account = {}}));
    co_await stage.clock.sleep_for(1min);
    for (const auto& [from, to] : {std::pair("web", "late"), std::pair("late", "web")}) {
        const auto seen =
            co_await stage.mesh.request(only(cluster, from).name, only(cluster, to).name);
        EXPECT_FALSE(seen.ok);
        EXPECT_FALSE(seen.judged) << "nothing was shown that could be";
        EXPECT_NE(seen.failure->message.find("has no certificate"), std::string::npos);
    }
    EXPECT_TRUE(stage.recorder.handshakes.empty());
}

TEST(Trouble, APodWithoutACertificateTriesNoHandshake) {
    run(no_certificate_no_handshake);
}

Task<void> vault_away(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    const auto web = only(cluster, "web");
    const auto api = only(cluster, "api");
    stage.vault_link->set(http::LinkMode::stall);
    co_await stage.clock.sleep_until(std::min(web.leaf->not_after(), api.leaf->not_after()) - 1s);
    EXPECT_TRUE((co_await stage.mesh.request(web.name, api.name)).ok);
    co_await stage.clock.sleep_until(std::max(web.leaf->not_after(), api.leaf->not_after()) + 1s);
    EXPECT_EQ(stage.recorder.count("pod not ready"), 2U)
        << "the end of a leaf is told when it comes";
    expect_reason(only(cluster, "web"), "its certificate expired at");
    const auto refused = co_await stage.mesh.request(web.name, api.name);
    EXPECT_FALSE(refused.ok);
    EXPECT_FALSE(stage.recorder.handshakes.back().accepted);
    EXPECT_FALSE(require(co_await stage.admin->pod("default", web.name)).ready);
    stage.vault_link->set(http::LinkMode::pass);
    EXPECT_TRUE(co_await cluster.wait_ready(24h / 10));
    EXPECT_TRUE((co_await stage.mesh.request(web.name, api.name)).ok);
}

TEST(Trouble, WithoutVaultLeavesLastUntilTheirEndAndNoLonger) {
    run(vault_away);
}

Task<void> api_server_away(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    const auto old = only(cluster, "web");
    stage.kube_link->set(http::LinkMode::refuse);
    // Deleted while the cluster's agent cannot see it: it runs on, and goes when the API server is
    // back.
    require(co_await stage.admin->delete_pod("default", old.name));
    co_await stage.clock.sleep_for(2h);
    EXPECT_TRUE(only(cluster, "web").ready);
    EXPECT_TRUE((co_await stage.mesh.request(old.name, only(cluster, "api").name)).ok);
    EXPECT_FALSE(co_await cluster.delete_pod(only(cluster, "api").name));
    stage.kube_link->set(http::LinkMode::pass);
    EXPECT_TRUE(co_await cluster.wait_replaced(old.name, 2h));
    EXPECT_TRUE(co_await cluster.wait_ready(2h));
    EXPECT_EQ(require(co_await stage.admin->list_pods("default")).items.size(), 2U);
}

TEST(Trouble, WithoutTheApiServerRunningPodsGoOn) {
    run(api_server_away);
}

Task<void> silent_watch(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    const auto old = only(cluster, "web");
    stage.kube_link->set(http::LinkMode::stall);
    require(co_await stage.admin->delete_pod("default", old.name));
    co_await stage.clock.sleep_for(20h);
    stage.kube_link->set(http::LinkMode::pass);
    EXPECT_TRUE(co_await cluster.wait_replaced(old.name, 12h));
}

TEST(Trouble, AWatchThatWentSilentIsBegunAgain) {
    run(silent_watch);
}

Task<void> lost_answers(Stage& stage) {
    fakes::FaultPlan plan;
    plan.refuse = 0.1;
    plan.reset_before = 0.1;
    plan.reset_after = 0.2;  // created, and nobody told us
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}, .replicas = 3}));
    stage.network.set_plan(plan);
    for (int i = 0; i < 5; ++i) {
        const auto pods = cluster.pods();
        if (!pods.empty()) {
            std::ignore = co_await stage.admin->delete_pod("default", pods.front().name);
        }
        co_await stage.clock.sleep_for(6h);
    }
    stage.network.set_plan({});
    co_await stage.clock.sleep_for(12h);
    EXPECT_TRUE(co_await cluster.wait_ready(12h));
    EXPECT_EQ(cluster.pods().size(), 3U);
    EXPECT_EQ(require(co_await stage.admin->list_pods("default")).items.size(), 3U)
        << "a lost answer made one pod too many or too few";
}

TEST(Trouble, LostAnswersMakeNoPodTooMany) {
    run(lost_answers);
}

Task<void> list_in_flight(Stage& stage) {
    co_await open_ports(stage);
    Recorder recorder;
    const auto mesh =
        std::make_shared<Mesh>(stage.clock, stage.network, Prng(3), recorder, Stage::usual());
    const auto context = std::make_shared<ClusterContext>(mesh, stage.cluster());
    const auto workloads = std::make_shared<Workloads>(context);
    const auto list = workloads->list_begins();
    require(co_await Workloads::add(workloads, {.name = "web", .service_account = {}}));
    const auto pod = require(co_await stage.admin->list_pods("default")).items.front().meta.name;
    TaskGroup tasks;
    co_await tasks.spawn(Workloads::keep(workloads));
    workloads->listed(list, {});  // answered from before the pod was there
    co_await stage.clock.sleep_for(1min);
    EXPECT_FALSE(workloads->replacement_of(pod));
    workloads->listed(workloads->list_begins(), {});
    co_await stage.clock.sleep_for(1min);
    EXPECT_TRUE(workloads->replacement_of(pod));
    tasks.cancel();
    co_await tasks.join();
}

TEST(Trouble, AListThatBeganBeforeAPodWasMadeDoesNotLoseIt) {
    run(list_in_flight);
}

Task<void> add_many(std::shared_ptr<Workloads> workloads, bool& added) {
    added =
        (co_await Workloads::add(workloads, {.name = "web", .service_account = {}, .replicas = 20}))
            .has_value();
}

Task<std::string> first_pod(Stage& stage) {
    auto pods = require(co_await stage.admin->list_pods("default")).items;
    while (pods.empty()) {
        co_await stage.clock.sleep_for(100us);
        pods = require(co_await stage.admin->list_pods("default")).items;
    }
    co_return pods.front().meta.name;
}

// A pod of a workload is lost, the last of the workload's pods cannot be made, so it is not defined
// after all, and then it is.
Task<void> lost_while_redefined(Stage& stage) {
    co_await open_ports(stage);
    const auto mesh =
        std::make_shared<Mesh>(stage.clock, stage.network, Prng(3), stage.recorder, Stage::usual());
    const auto context = std::make_shared<ClusterContext>(mesh, stage.cluster());
    const auto workloads = std::make_shared<Workloads>(context);
    TaskGroup keeper, adder;
    co_await keeper.spawn(Workloads::keep(workloads));
    bool added = true;
    co_await adder.spawn(add_many(workloads, added));
    const auto pod = co_await first_pod(stage);
    while (!workloads->knows(pod)) {
        co_await stage.clock.sleep_for(100us);
    }
    stage.kube_link->set(http::LinkMode::refuse);
    workloads->lost(pod);
    co_await adder.join();
    EXPECT_FALSE(added);
    co_await stage.clock.sleep_for(3h);  // the replacement is tried again meanwhile
    stage.kube_link->set(http::LinkMode::pass);
    EXPECT_EQ(keeper.running(), 1U) << "the controller has ended";
    EXPECT_FALSE(workloads->replacement_of(pod)) << "nobody wants it";
    co_await add_many(workloads, added);
    EXPECT_TRUE(added);
    const auto pods = require(co_await stage.admin->list_pods("default")).items;
    const auto ours = std::ranges::find_if(
        pods, [&](const kube::Pod& one) { return workloads->knows(one.meta.name); });
    if (ours == pods.end()) {
        throw CannotGoOn({FailureKind::not_found, "none of the new pods is known", 0, {}});
    }
    workloads->lost(ours->meta.name);
    co_await stage.clock.sleep_for(2h);
    EXPECT_TRUE(workloads->replacement_of(ours->meta.name));
    EXPECT_EQ(require(co_await stage.admin->list_pods("default")).items.size(), pods.size() + 1)
        << "another pod has a replacement, too";
    keeper.cancel();
    co_await keeper.join();
}

TEST(Trouble, AWorkloadThatIsDefinedAnewStillReplacesItsPods) {
    run(lost_while_redefined);
}

Task<void> define_anew(std::shared_ptr<Workloads> workloads, std::string service_account,
                       int replicas, bool& defined) {
    defined =
        (co_await Workloads::redefine(
             workloads,
             {.name = "web", .service_account = std::move(service_account), .replicas = replicas}))
            .has_value();
}

Task<std::string> known_besides(Stage& stage, std::shared_ptr<Workloads> workloads,
                                std::string other) {
    while (true) {
        const auto pods = require(co_await stage.admin->list_pods("default")).items;
        for (const auto& one : pods) {
            if (one.meta.name != other && workloads->knows(one.meta.name)) {
                co_return one.meta.name;
            }
        }
        co_await stage.clock.sleep_for(100us);
    }
}

/// The workload web, of one pod.
Task<std::shared_ptr<Workloads>> web_alone(Stage& stage) {
    co_await open_ports(stage);
    const auto mesh =
        std::make_shared<Mesh>(stage.clock, stage.network, Prng(3), stage.recorder, Stage::usual());
    const auto context = std::make_shared<ClusterContext>(mesh, stage.cluster());
    const auto workloads = std::make_shared<Workloads>(context);
    require(co_await Workloads::add(workloads, {.name = "web", .service_account = {}}));
    co_return workloads;
}

// A pod of a definition that is still coming goes, and its replacement is refused before the
// definition is there. The front holds what makes the next pod, so that only the replacement meets
// the refusal.
Task<void> lost_from_a_coming_definition(Stage& stage) {
    const auto workloads = co_await web_alone(stage);
    const auto before = co_await first_pod(stage);
    TaskGroup keeper, definer;
    co_await keeper.spawn(Workloads::keep(workloads));
    bool defined = false;
    co_await definer.spawn(define_anew(workloads, "frontend", 20, defined));
    const auto pod = co_await known_besides(stage, workloads, before);
    stage.kube_front.next_pod = 5s;
    while (stage.kube_front.next_pod) {
        co_await stage.clock.sleep_for(100us);
    }
    stage.kube_front.refusal = {.kind = "pods", .body = "\"name\":\"web-"};
    require(co_await stage.admin->delete_pod("default", pod));
    workloads->lost(pod);
    while (stage.kube_front.refused == 0) {
        co_await stage.clock.sleep_for(100us);
    }
    stage.kube_front.refusal.reset();
    EXPECT_EQ(definer.running(), 1U) << "the definition was there already: nothing is shown";
    co_await definer.join();
    EXPECT_TRUE(defined);
    co_await stage.clock.sleep_for(3h);
    EXPECT_TRUE(workloads->replacement_of(pod));
    EXPECT_FALSE(workloads->replacement_of(before)) << "nobody wants it";
    EXPECT_EQ(require(co_await stage.admin->list_pods("default")).items.size(), 20U);
    keeper.cancel();
    co_await keeper.join();
}

TEST(Trouble, APodOfAComingDefinitionIsReplacedInItToo) {
    run(lost_from_a_coming_definition);
}

// Two define a workload at once, the first with more pods than the second, or with fewer: so either
// is the first to have them.
Task<void> defined_twice_at_once(Stage& stage) {
    const auto workloads = co_await web_alone(stage);
    TaskGroup keeper;
    co_await keeper.spawn(Workloads::keep(workloads));
    for (const auto& [first, second] : {std::pair(20, 2), std::pair(2, 20)}) {
        TaskGroup definers;
        bool one = false, other = false;
        co_await definers.spawn(define_anew(workloads, "earlier", first, one));
        co_await definers.spawn(define_anew(workloads, "later", second, other));
        co_await definers.join();
        EXPECT_TRUE(one && other);
        co_await stage.clock.sleep_for(3h);
        const auto pods = require(co_await stage.admin->list_pods("default")).items;
        EXPECT_EQ(pods.size(), static_cast<std::size_t>(second));
        for (const auto& pod : pods) {
            EXPECT_EQ(pod.service_account, "later");
            EXPECT_TRUE(workloads->knows(pod.meta.name));
        }
        EXPECT_EQ(workloads->specs().at("web").service_account, "later");
    }
    keeper.cancel();
    co_await keeper.join();
}

TEST(Trouble, OfTwoDefinitionsAtOnceTheLaterHolds) {
    run(defined_twice_at_once);
}

Task<void> refused_pod(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    const auto web = only(cluster, "web").name, api = only(cluster, "api").name;
    stage.kube_front.refusal = {.kind = "pods", .body = "\"name\":\"web-"};
    require(co_await cluster.delete_pod(web));
    co_await stage.clock.sleep_for(3h);
    EXPECT_GT(stage.kube_front.refused, 1U) << "nothing was refused: nothing is shown";
    EXPECT_LT(stage.kube_front.refused, 20U) << "it is asked for in a hot loop";
    require(co_await cluster.delete_pod(api));
    EXPECT_TRUE(co_await cluster.wait_replaced(api, 1min)) << "it waits behind another";
    EXPECT_FALSE(co_await cluster.wait_replaced(web, 1min));
    stage.kube_front.refusal.reset();
    EXPECT_TRUE(co_await cluster.wait_replaced(web, 2h));
    EXPECT_TRUE(co_await cluster.wait_ready(2h));
    EXPECT_EQ(require(co_await stage.admin->list_pods("default")).items.size(), 2U);
}

TEST(Trouble, APodThatIsRefusedHoldsUpNoOther) {
    run(refused_pod);
}

Task<void> deletion(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    const auto web = only(cluster, "web");
    const auto api = only(cluster, "api");
    const auto refused = co_await stage.mesh.delete_account("corporate");
    EXPECT_EQ(refused.error().kind, FailureKind::conflict);
    EXPECT_NE(refused.error().message.find("c1"), std::string::npos);
    EXPECT_EQ(stage.mesh.accounts().size(), 1U);
    require(co_await stage.mesh.delete_account("corporate", true));
    EXPECT_TRUE(stage.mesh.accounts().empty());
    EXPECT_EQ(cluster.ca_label(), "");
    EXPECT_FALSE(co_await stage.admin->secret("istio-system", "meshproof-ca-config"));
    EXPECT_EQ(cluster.trust_store().size(), 2U) << "the trust store stays";
    EXPECT_EQ((co_await stage.mesh.check_health("c1")).reason, "no CA is connected");

    require(co_await cluster.delete_pod(web.name));
    const auto heir = require(co_await cluster.wait_replaced(web.name, 1h));
    co_await stage.clock.sleep_for(1min);
    expect_reason(only(cluster, "web"), "no CA is connected");
    EXPECT_TRUE(only(cluster, "api").ready);
    const auto signs = stage.vault.signs;
    co_await stage.clock.sleep_until(api.leaf->not_after() + 1s);
    expect_reason(only(cluster, "api"), "no CA is connected");
    expect_reason(only(cluster, "api"), "its certificate expired at");
    EXPECT_EQ(*only(cluster, "api").leaf, *api.leaf);
    EXPECT_EQ(stage.vault.signs, signs) << "without a CA nobody is asked";

    require(stage.mesh.add_account(stage.account("next")));
    require(co_await stage.mesh.connect_ca("c1", "Certificate Authority: next"));
    EXPECT_TRUE(co_await cluster.wait_ready(1min)) << "waiting agents take the new CA at once";
    EXPECT_EQ(only(cluster, "web").name, heir);
}

TEST(Trouble, AfterADeletionPodsKeepTheirLeavesUntilAnotherCaIsConnected) {
    run(deletion);
}

Task<void> rename(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    EXPECT_FALSE(co_await stage.mesh.edit_account("corporate", {{}, "Bad Name"}));
    EXPECT_FALSE(co_await stage.mesh.edit_account("nobody", {"text", {}}));
    require(co_await stage.mesh.edit_account("corporate", {"for the mesh", "issuer-b"}));
    EXPECT_EQ(stage.mesh.accounts().front().description(), "for the mesh");
    EXPECT_TRUE(co_await stage.admin->service_account("istio-system", "issuer-b"));
    EXPECT_FALSE(co_await stage.admin->service_account("istio-system", "vault-issuer"));
    EXPECT_EQ(only(cluster, "web").leaves, 1U) << "an edit renews nothing by itself";
    co_await stage.clock.sleep_for(24h);
    EXPECT_TRUE(only(cluster, "web").ready);
    EXPECT_EQ(only(cluster, "web").leaves, 2U);
    // Where the API server is away it is done later, and shown as not done until then.
    stage.kube_link->set(http::LinkMode::refuse);
    require(co_await stage.mesh.edit_account("corporate", {{}, "issuer-c"}));
    EXPECT_EQ(stage.mesh.accounts().front().service_account(), "issuer-c");
    EXPECT_TRUE(cluster.status().starts_with("out of sync: ")) << cluster.status();
    stage.kube_link->set(http::LinkMode::pass);
    EXPECT_TRUE(co_await cluster.wait_in_sync(3h)) << cluster.status();
    EXPECT_TRUE(co_await stage.admin->service_account("istio-system", "issuer-c"));
    EXPECT_FALSE(co_await stage.admin->service_account("istio-system", "issuer-b"));
}

TEST(Trouble, ARenamedServiceAccountIsUsedFromTheNextLogin) {
    run(rename);
}

Task<void> missing_service_account(Stage& stage) {
    auto cluster = co_await onboarded(stage);
    require(co_await stage.admin->delete_service_account("istio-system", "vault-issuer"));
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    EXPECT_FALSE(co_await cluster.wait_ready(1h));
    expect_reason(only(cluster, "web"), "service account vault-issuer is not in the cluster");
    EXPECT_EQ(stage.vault.logins, 0U);
    EXPECT_GT(stage.recorder.count("token request refused"), 0U);
}

TEST(Trouble, AMissingServiceAccountIsNamed) {
    run(missing_service_account, Stage::with("control-plane/forgets-service-accounts"));
}

Task<void> service_account_comes_back(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    require(co_await stage.admin->delete_service_account("istio-system", "vault-issuer"));
    require(co_await cluster.delete_pod(only(cluster, "web").name));
    EXPECT_FALSE(co_await cluster.wait_ready(1min));
    expect_reason(only(cluster, "web"), "service account vault-issuer is not in the cluster");
    EXPECT_EQ(cluster.status(), "out of sync: service account vault-issuer is not there");
    EXPECT_TRUE(co_await cluster.wait_in_sync(3h)) << cluster.status();
    EXPECT_TRUE(co_await stage.admin->service_account("istio-system", "vault-issuer"));
    EXPECT_TRUE(co_await cluster.wait_ready(3h)) << only(cluster, "web").reason;
    EXPECT_EQ(stage.recorder.count("out of sync"), 1U);
    EXPECT_EQ(stage.recorder.count("in sync"), 1U);
}

TEST(Trouble, AServiceAccountThatSomebodyDeletesComesBack) {
    run(service_account_comes_back);
}

Task<void> end_in_the_middle(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    stage.vault_link->set(http::LinkMode::stall);
    cluster.renew_now();
    co_await stage.clock.sleep_for(1ms);
    const auto before = stage.clock.elapsed();
    co_await stage.mesh.shut_down();
    EXPECT_LT(stage.clock.elapsed() - before, Duration(2s)) << "a stalled Vault held up the end";
}

TEST(Trouble, ShutDownWaitsForNobody) {
    run(end_in_the_middle);
}

}  // namespace
}  // namespace meshproof::mesh::testing
