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
