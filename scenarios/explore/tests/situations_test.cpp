// Each command that makes a situation possible, in a small history of its own: an honest mesh keeps
// what the model says of it, and the situation is reached.
#include <gtest/gtest.h>

#include "scenarios/explore/player.hpp"
#include "scenarios/explore/tests/sim.hpp"

namespace meshproof::scenarios::explore {
namespace {

using With = std::map<std::string, std::string>;

const With alpha{{"account", "alpha"}};

With with_edge(std::string edge) {
    return {{"edge", std::move(edge)}};
}

With with_tokens(std::string tokens) {
    return {{"account", "alpha"}, {"tokens", std::move(tokens)}};
}

PlayedTrace played(std::vector<Step> steps, int clusters = 1) {
    History history;
    history.name = "situation";
    history.world.clusters = clusters;
    history.steps = std::move(steps);
    return play(
        history, sim_of(history),
        {.run_id = "player", .seams = {}, .hidden_skew = {}, .stop = nullptr, .keep_trace = false});
}

// Plays it, and expects that every step applied, that nothing was wrong, and what it reached.
void expect_reached(std::vector<Step> steps, std::string_view mark, int clusters = 1) {
    const auto seen = played(std::move(steps), clusters);
    EXPECT_TRUE(seen.good()) << fmt::format("{}", fmt::join(seen.failures, "\n")) << seen.blocked;
    for (const auto& step : seen.record.steps) {
        EXPECT_EQ(step.skipped, "") << step.text;
    }
    EXPECT_TRUE(seen.record.reached.contains(mark)) << mark << " was not reached";
}

TEST(Situations, AnIssuerEnds) {
    expect_reached({{"rotate-to-short-issuer", 0, {{"account", "alpha"}, {"lives", "2"}}},
                    {"wait", 0.9, {}},
                    {"wait", 0.7, {}},
                    {"ask-health", 0, {{"cluster", "alpha"}}},
                    {"wait-for-edge", 0, with_edge("issuer-end")},
                    {"rotate-issuer", 0.1, alpha},
                    {"wait", 0.5, {}}},
                   "an issuer ended");
}

// More pods and fewer; also where none can get a leaf, and beside a pod made by hand.
TEST(Situations, AWorkloadIsDefinedAnew) {
    const auto redefine = [](std::string replicas) {
        return Step{"redefine-workload",
                    0.1,
                    {{"cluster", "alpha"}, {"workload", "web"}, {"replicas", std::move(replicas)}}};
    };
    const With web{{"cluster", "alpha"}, {"workload", "web"}};
    expect_reached({redefine("3"),
                    {"wait", 1, {}},
                    redefine("1"),
                    {"scale-up", 0, web},
                    {"delete-issuer", 0, alpha},
                    redefine("2"),
                    {"wait", 1, {}},
                    {"restart-pod", 0, web},
                    {"scale-down", 0, web}},
                   "a workload was defined anew");
}

// Every pod asks for its next leaf meanwhile: it comes dated wrongly, or not at all.
TEST(Situations, AServersDateJumps) {
    for (const auto* server : {"vault", "kube"}) {
        std::vector<Step> steps;
        for (const auto* ahead : {"0.25", "-0.25", "0.5", "-0.5", "2", "-2"}) {
            steps.push_back({fmt::format("jump-{}-clock", server),
                             0.1,
                             {{"vault", "0"}, {"cluster", "alpha"}, {"ahead", ahead}}});
            steps.push_back({"ask-health", 0.3, {{"cluster", "alpha"}}});
        }
        steps.push_back({"wait", 1, {}});
        expect_reached(steps, "a server's date jumped away and back");
    }
}

// Before and after its CA can sign, and while nobody answers.
TEST(Situations, ANodeAgentIsRestarted) {
    const Step restart{"restart-node-agent", 0.1, {{"cluster", "alpha"}}};
    expect_reached({restart,
                    {"wait", 0.5, {}},
                    {"seal", 0, {{"vault", "0"}}},
                    restart,
                    {"wait", 0.5, {}},
                    {"unseal", 0, {{"vault", "0"}}},
                    {"delete-pod", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                    restart,
                    {"delete-issuer", 0, alpha},
                    {"wait", 0.25, {}},
                    restart,
                    {"wait", 1, {}},
                    {"ask-health", 0, {{"cluster", "alpha"}}}},
                   "a node agent was restarted");
}

TEST(Situations, AnIssuerIsRevoked) {
    expect_reached({{"revoke-issuer", 0.1, alpha},
                    {"restart-pod", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                    {"wait", 1, {}},
                    {"rotate-issuer", 0, alpha}},
                   "an issuer was revoked");
}

TEST(Situations, ARootIsRotatedAndNoRequestIsLost) {
    expect_reached({{"cross-sign-root", 0.1, alpha},
                    {"restart-pod", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                    {"ask-health", 0, {{"cluster", "alpha"}}},
                    {"wait", 1, {}},
                    {"cross-sign-root", 0, alpha},
                    {"wait", 1, {}}},
                   "a root was rotated with cross-signing");
}

TEST(Situations, ARootIsReplacedAndAnAccountWithItsBundleFollows) {
    expect_reached({{"replace-root", 0.1, alpha},
                    {"ask-health", 0, {{"cluster", "alpha"}}},
                    {"wait", 0.3, {}},
                    {"add-shared-account",
                     0,
                     {{"account", "spare"}, {"other", "alpha"}, {"cluster", "alpha"}}},
                    {"connect-ca", 0, {{"cluster", "alpha"}, {"account", "spare"}}},
                    {"restart-pod", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                    {"wait", 1, {}},
                    {"wait", 1, {}}},
                   "a root was replaced without overlap");
}

TEST(Situations, TwoClustersShareAPki) {
    expect_reached(
        {{"add-shared-account", 0, {{"account", "spare"}, {"other", "alpha"}, {"cluster", "beta"}}},
         {"connect-ca", 0, {{"cluster", "beta"}, {"account", "spare"}}},
         {"restart-all", 0.1, {{"cluster", "beta"}}},
         {"deny-logins", 0, alpha},
         {"wait", 1, {}}},
        "two clusters talked", 2);
}

TEST(Situations, ATokenEnds) {
    expect_reached({{"change-tokens", 0, with_tokens("long")},
                    {"restart-pod", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                    {"wait-for-edge", 0.5, with_edge("token-end")}},
                   "a token ended while its pod lived");
}

TEST(Situations, TokensOfEveryKindServe) {
    for (const auto* kind : {"usual", "short", "batch", "one-use", "two-uses"}) {
        expect_reached({{"change-tokens", 0, with_tokens(kind)},
                        {"restart-all", 0, {{"cluster", "alpha"}}},
                        {"wait", 1, {}},
                        {"wait", 1, {}}},
                       "logins began to give other tokens");
    }
}

TEST(Situations, AnAudienceIsWanted) {
    expect_reached({{"want-other-audience", 0, alpha},
                    {"ask-health", 0, {{"cluster", "alpha"}}},
                    {"wait", 1.2, {}},
                    {"want-any-audience", 0, alpha},
                    {"ask-health", 0.1, {{"cluster", "alpha"}}}},
                   "an auth role asked for another audience");
}

TEST(Situations, AQuotaIsSetAndRemoved) {
    expect_reached({{"limit-signing", 0.1, alpha},
                    {"restart-all", 0, {{"cluster", "alpha"}}},
                    {"wait", 1, {}},
                    {"unlimit-signing", 0, alpha},
                    {"ask-health", 0, {{"cluster", "alpha"}}}},
                   "a quota limited the signatures");
}

TEST(Situations, AWorkloadIsScaled) {
    expect_reached({{"scale-up", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                    {"scale-up", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                    {"restart-pod", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                    {"wait", 1, {}},
                    {"scale-down", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                    {"scale-down", 0, {{"cluster", "alpha"}, {"workload", "web"}}}},
                   "a workload was scaled up");
}

TEST(Situations, APodIsDeletedBehindTheMeshsBack) {
    expect_reached({{"kube-refuses", 0, {{"cluster", "alpha"}}},
                    {"delete-pod", 0.5, {{"cluster", "alpha"}, {"workload", "web"}}},
                    {"heal-kube", 0.2, {{"cluster", "alpha"}}},
                    {"restart-pod", 0, {{"cluster", "alpha"}, {"workload", "web"}}}},
                   "a pod was deleted while its mesh could not see it");
}

TEST(Situations, AnAccountIsDeletedBesideOtherCalls) {
    expect_reached(
        {{"add-account", 0, {{"account", "spare"}, {"vault", "0"}, {"cluster", "alpha"}}},
         {"connect-and-delete", 0, {{"cluster", "alpha"}, {"account", "spare"}}},
         {"connect-ca", 0.1, {{"cluster", "alpha"}, {"account", "alpha"}}},
         {"edit-and-delete", 0.1, {{"account", "alpha"}, {"to", "second"}}},
         {"wait", 1, {}}},
        "an account was deleted beside another call");
}

const Step add_spare{
    "add-account", 0, {{"account", "spare"}, {"vault", "0"}, {"cluster", "alpha"}}};
const With alpha_to_spare{{"cluster", "alpha"}, {"account", "spare"}};

TEST(Situations, AClusterLeavesAndComesBack) {
    const std::vector<Step> steps = {
        {"offboard", 0.1, {{"cluster", "beta"}}},
        {"ask-namespace", 0.1, {{"namespace", "all"}}},
        {"wait", 1, {}},
        {"delete-account", 0, {{"account", "beta"}}},
        {"onboard", 0, {{"cluster", "beta"}, {"account", "alpha"}}},
        {"offboard", 0, {{"cluster", "beta"}}},
        {"add-account", 0, {{"account", "beta"}, {"vault", "0"}, {"cluster", "alpha"}}},
        {"onboard", 0.1, {{"cluster", "beta"}, {"account", "beta"}}},
        {"restart-pod", 0.1, {{"cluster", "beta"}, {"workload", "web"}}},
        {"ask-namespace", 0.1, {{"namespace", "all"}}},
        {"wait", 1, {}}};
    expect_reached(steps, "a cluster was offboarded", 2);
    expect_reached(steps, "an offboarded cluster came back", 2);
    const auto seen = played({{"offboard", 0, {{"cluster", "alpha"}}}});
    ASSERT_TRUE(seen.good());
    EXPECT_EQ(seen.record.steps.at(0).skipped, "it is the only cluster");
}

TEST(Situations, AServiceAccountIsDeletedByHand) {
    expect_reached({{"delete-service-account", 0.1, {{"cluster", "alpha"}, {"workload", "web"}}},
                    {"ask-health", 0, {{"cluster", "alpha"}}},
                    {"rename-service-account", 0, {{"account", "alpha"}, {"to", "second"}}},
                    {"delete-service-account", 0, {{"cluster", "alpha"}, {"workload", "api"}}},
                    {"wait", 1, {}}},
                   "somebody deleted a service account");
}

TEST(Situations, ALeafIsRevoked) {
    expect_reached({{"revoke-leaf", 0.1, alpha}, {"wait", 1, {}}}, "a leaf was revoked");
}

TEST(Situations, ACaIsMended) {
    expect_reached({{"forbid-signing", 0, alpha},
                    {"deny-logins", 0, alpha},
                    {"want-other-audience", 0, alpha},
                    {"remove-policy", 0, alpha},
                    {"limit-signing", 0, alpha},
                    {"delete-issuer", 0, alpha},
                    {"restart-all", 0.3, {{"cluster", "alpha"}}},
                    {"mend-ca", 0.1, alpha},
                    {"ask-health", 0, {{"cluster", "alpha"}}},
                    {"wait", 1, {}}},
                   "somebody mended a CA");
}

TEST(Situations, LeavesAreVeryShort) {
    expect_reached({{"short-leaves", 0.1, alpha},
                    {"seal", 0, {{"vault", "0"}}},
                    {"wait", 0.5, {}},
                    {"unseal", 0, {{"vault", "0"}}},
                    {"wait", 1, {}}},
                   "leaves were very short for a while");
}

TEST(Situations, AVaultAsksToBeLeftAlone) {
    expect_reached({{"vault-asks-for-quiet", 0, {{"vault", "0"}}},
                    {"wait", 2, {}},
                    {"ask-health", 0, {{"cluster", "alpha"}}},
                    {"heal-vault", 0.1, {{"vault", "0"}}},
                    {"wait", 1, {}}},
                   "a server asked to be left alone");
}

TEST(Situations, AVaultThatIsAwaySaysUntilWhen) {
    expect_reached({{"vault-says-when-back", 0, {{"vault", "0"}}},
                    {"wait", 2, {}},
                    {"ask-health", 0, {{"cluster", "alpha"}}},
                    {"heal-vault", 0.1, {{"vault", "0"}}},
                    {"wait", 1, {}}},
                   "a server that was away said until when");
}

TEST(Situations, ManySignAtOnce) {
    const Step many{"sign-at-once", 0.1, {{"account", "alpha"}, {"clients", "8"}, {"each", "3"}}};
    expect_reached({many, {"restart-all", 0, {{"cluster", "alpha"}}}, many},
                   "many asked one Vault for signatures at once");
    const auto seen = played({{"forbid-signing", 0, alpha}, many});
    ASSERT_TRUE(seen.good());
    EXPECT_EQ(seen.record.steps.at(1).skipped, "it may not sign for the pods' ids");
}

// As soon as so many signers can sign for all; where fewer do the work than it is told, too late.
TEST(Situations, AllPodsComeAnewAtABusyVault) {
    History history;
    history.name = "situation";
    history.world.replicas = 4;
    history.world.signers = 2;
    history.world.signing_ms = 100;
    history.steps = {{"restart-all", 0.1, {{"cluster", "alpha"}}}};
    const auto seen = play(history, sim_of(history), {});
    EXPECT_TRUE(seen.good()) << fmt::format("{}", fmt::join(seen.failures, "\n")) << seen.blocked;
    EXPECT_TRUE(seen.record.reached.contains("all pods came anew at a busy Vault"));
    auto slower = history;
    slower.world.signers = 1;
    const auto late = play(history, sim_of(slower), {});
    EXPECT_NE(fmt::format("{}", fmt::join(late.failures, "\n")).find("after a restart of all"),
              std::string::npos);
}

TEST(Situations, AMonthAndAHalfGoBy) {
    expect_reached({{"wait", 45, {}},
                    {"restart-pod", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                    {"wait-for-edge", 0, with_edge("renewal")}},
                   "a leaf was renewed");
}

TEST(Situations, TheWireBetweenPodsIsBad) {
    for (const auto* trouble :
         {"pods-refuse", "pods-reset", "pods-stall", "pods-lose-answers", "pods-are-slow"}) {
        expect_reached({{trouble, 0.1, {}},
                        {"restart-pod", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                        {"seal", 0, {{"vault", "0"}}},
                        {"wait-for-edge", 0, with_edge("leaf-end")},
                        {"heal-pods", 0, {}},
                        {"unseal", 0, {{"vault", "0"}}},
                        {"wait", 0.5, {}}},
                       "a request met a troubled wire");
    }
}

// Its queue is longer than anybody waits for an answer, and what was given up is worked on all the
// same. Who asks again finds it free: nobody's retries hold up the others'.
TEST(Situations, AllPodsComeAnewAtAVaultThatIsSlowerThanTheyWait) {
    History history;
    history.name = "situation";
    history.world.workloads = {"web", "api", "job", "shop", "cart", "mail", "till", "bank"};
    history.world.replicas = 5;
    history.world.signers = 1;
    history.world.signing_ms = 1000;
    history.steps = {{"restart-all", 0.1, {{"cluster", "alpha"}}}, {"wait", 0.1, {}}};
    const auto seen = play(
        history, sim_of(history),
        {.run_id = "player", .seams = {}, .hidden_skew = {}, .stop = nullptr, .keep_trace = true});
    EXPECT_TRUE(seen.good()) << fmt::format("{}", fmt::join(seen.failures, "\n")) << seen.blocked;
    EXPECT_TRUE(seen.record.reached.contains("all pods came anew at a busy Vault"));
    const auto given_up =
        std::ranges::count(seen.trace, std::string("login refused"), &run::TraceEvent::kind);
    EXPECT_GT(given_up, 0) << "nobody waited too long: nothing is shown";
}

TEST(Situations, AConnectionIsKeptForLongerThanItsLeaves) {
    // What has not changed is asked for in each third round only.
    std::vector<Step> steps(8, Step{"wait", 0.01, {}});
    steps.insert(steps.end(),
                 {{"seal", 0, {{"vault", "0"}}}, {"wait-for-edge", 0, with_edge("leaf-end")}});
    expect_reached(steps, "a kept connection carried a request");
    expect_reached(steps, "a kept connection outlived the right to it");
}

TEST(Situations, StrangersAskEverybody) {
    for (const auto* who : {"nobody", "impostor", "foreign"}) {
        expect_reached(
            {{"stranger-asks", 0, {{"cluster", "alpha"}, {"workload", "api"}, {"who", who}}}},
            "a stranger was refused");
    }
    expect_reached({{"lead-astray", 0, {{"cluster", "alpha"}, {"workload", "api"}}}},
                   "a request was led astray");
    expect_reached({{"stranger-logs-in", 0, alpha}, {"stranger-logs-in", 0, alpha}},
                   "a service account that is not named was refused its login");
}

TEST(Situations, AnotherCaIsConnectedDuringAnOutage) {
    const std::vector<Step> steps = {
        add_spare, {"connect-in-outage", 0.1, alpha_to_spare}, {"wait", 1, {}}};
    expect_reached(steps, "another CA was connected during an outage");
    expect_reached(steps, "an account whose CA a cluster still runs was refused its deletion");
}

TEST(Situations, ACaIsConnectedToPodsWithoutALeaf) {
    expect_reached({add_spare, {"connect-anew", 0.1, alpha_to_spare}, {"wait", 1, {}}},
                   "a CA was connected to pods without a leaf");
}

TEST(Situations, SomebodyHoldsTheTrustStore) {
    expect_reached({{"hold-trust", 0.1, {}}, {"wait", 1, {}}, {"hold-trust", 0, {}}},
                   "somebody held another trust store in a cluster");
}

TEST(Situations, TheDateJumps) {
    for (const auto* ahead : {"2", "0.5", "-0.5", "-2"}) {
        expect_reached({{"jump-clock", 0.3, {{"ahead", ahead}}}, {"wait", 1, {}}},
                       "the mesh's date jumped ahead and back");
    }
}

TEST(Situations, HealthWarnsOfAClusterThatCannotBeTold) {
    expect_reached({{"kube-refuses", 0, {{"cluster", "alpha"}}},
                    {"rename-service-account", 0, {{"account", "alpha"}, {"to", "second"}}},
                    {"ask-health", 0, {{"cluster", "alpha"}}},
                    {"heal-kube", 0.1, {{"cluster", "alpha"}}}},
                   "health warned of a cluster that is out of sync");
}

// What a world may be from its beginning, and what is done in it then.
TEST(Situations, WorldsOfOtherKinds) {
    const auto reached = [](auto change, std::string_view mark) {
        History history;
        history.name = "situation";
        change(history.world);
        history.steps = {{"restart-pod", 0.1, {{"cluster", "alpha"}, {"workload", "web"}}},
                         add_spare,
                         {"connect-ca", 0, alpha_to_spare},
                         {"wait", 1, {}},
                         {"wait", 1, {}},
                         {"delete-secret", 0, {{"which", "trust"}}},
                         {"hold-trust", 0, {}}};
        const auto seen = play(history, sim_of(history), {});
        EXPECT_TRUE(seen.good()) << mark << ": "
                                 << fmt::format("{}", fmt::join(seen.failures, "\n"))
                                 << seen.blocked << seen.skip;
        EXPECT_TRUE(seen.record.reached.contains(mark)) << mark;
    };
    reached([](Beginning& world) { world.tokens = "long"; },
            "a CA's tokens outlived several leaves");
    reached([](Beginning& world) { world.replicas = 3; }, "workloads had several pods");
    reached([](Beginning& world) { world.replicas = 3; }, "renewals of many pods were spread");
    reached([](Beginning& world) { world.nodes = 3; }, "a leaf was renewed");
    reached(
        [](Beginning& world) {
            world.signers = 1;
            world.signing_ms = 200;
        },
        "a leaf was renewed");
    reached([](Beginning& world) { world.vault_namespace = true; },
            "leaves came from a namespace of Vault");
    reached([](Beginning& world) { world.public_root = true; }, "an account had no bundle");
}

// Whose agents ask while nobody leads, and go on when somebody does; also when who led before is
// asked for the one who does.
TEST(Situations, ALeaderStepsDown) {
    for (const auto product : {vault::Product::openbao, vault::Product::vault}) {
        History history;
        history.name = "situation";
        history.world.nodes = 3;
        history.world.product = product;
        const Step down{"step-down", 0.1, {{"vault", "0"}}};
        history.steps = {down,
                         {"restart-pod", 0, {{"cluster", "alpha"}, {"workload", "web"}}},
                         {"wait", 1, {}},
                         down,
                         {"ask-health", 0, {{"cluster", "alpha"}}},
                         down,
                         {"wait", 1, {}},
                         {"seal", 0, {{"vault", "0"}}}};
        const auto seen = play(history, sim_of(history), {});
        EXPECT_TRUE(seen.good()) << fmt::format("{}", fmt::join(seen.failures, "\n"))
                                 << seen.blocked;
        EXPECT_TRUE(seen.record.reached.contains("a Vault's leader stepped down"));
        ASSERT_EQ(seen.record.steps.size(), history.steps.size());
        EXPECT_EQ(seen.record.steps.front().skipped, "");
        EXPECT_EQ(seen.record.steps.back().skipped,
                  "it has several nodes, which go on without the sealed one");
    }
}

// One node has nobody who could lead instead, and a history says so.
TEST(Situations, ALoneVaultCannotStepDown) {
    const auto seen = played({{"step-down", 0, {{"vault", "0"}}}});
    ASSERT_TRUE(seen.good());
    EXPECT_EQ(seen.record.steps.at(0).skipped, "it has one node, and nobody to lead instead");
}

// Histories go on for months: who waits for an end that is far away waits in vain.
TEST(Situations, NobodyWaitsForAFarEnd) {
    const auto seen = played({{"wait-for-edge", 0, with_edge("issuer-end")}});
    ASSERT_TRUE(seen.good());
    EXPECT_EQ(seen.record.steps.at(0).skipped, "no issuer ends soon");
}

}  // namespace
}  // namespace meshproof::scenarios::explore
