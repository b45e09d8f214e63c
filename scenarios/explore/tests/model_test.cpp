#include "scenarios/explore/model.hpp"

#include <gtest/gtest.h>

namespace meshproof::scenarios::explore {
namespace {

constexpr Duration life = std::chrono::hours(24);
const Time noon = from_unix_seconds(1'800'000'000);
constexpr Duration near = std::chrono::milliseconds(100);

Model sample_model() {
    Model model(life);
    for (const auto* name : {"alpha", "beta"}) {
        ModelCa ca;
        ca.vault = "vault-0";
        ca.kube = std::string("kube-") + (name[0] == 'a' ? "0" : "1");
        ca.service_accounts = {"issuer"};
        model.cas[name] = ca;
        model.accounts[name] = {.ca = name, .service_account = "issuer", .label = name};
        ModelCluster cluster;
        cluster.kube = ca.kube;
        cluster.account = name;
        cluster.ever = {name};
        model.clusters[name] = cluster;
    }
    return model;
}

SeenPod pod(std::string cluster, Duration since, Duration left) {
    SeenPod seen;
    seen.ca = cluster;
    seen.cluster = std::move(cluster);
    seen.from = noon - since;
    seen.until = noon + left;
    return seen;
}

TEST(Model, ACaWorksUntilAnyCallOfItsPathDoesNot) {
    EXPECT_TRUE(sample_model().works("alpha"));
    EXPECT_EQ(sample_model().connected("alpha"), Must::be);
    const auto broken = [](auto change) {
        auto model = sample_model();
        change(model);
        return !model.works("alpha") && model.works("beta");
    };
    EXPECT_TRUE(broken([](Model& m) { m.cas["alpha"].has_issuer = false; }));
    EXPECT_TRUE(broken([](Model& m) { m.cas["alpha"].may_sign = false; }));
    EXPECT_TRUE(broken([](Model& m) { m.cas["alpha"].may_log_in = false; }));
    EXPECT_TRUE(broken([](Model& m) { m.cas["alpha"].has_policy = false; }));
    EXPECT_TRUE(broken([](Model& m) { m.accounts["alpha"].service_account = "stranger"; }));
    EXPECT_TRUE(broken([](Model& m) { m.troubles.insert("vault>kube-0"); }));
    EXPECT_TRUE(broken([](Model& m) { m.troubles.insert("alpha>kube-0"); }));
    EXPECT_TRUE(broken([](Model& m) { m.clusters["alpha"].account.clear(); }));
    EXPECT_TRUE(broken([](Model& m) { m.wrong_dates.insert("kube-0"); }));
}

TEST(Model, SaysNothingOfWhatAServerWithAWrongDateSigns) {
    auto model = sample_model();
    model.now = [] { return noon; };
    model.cas["alpha"].issuer_until = noon + life / 2;
    EXPECT_TRUE(model.cannot("alpha"));
    model.wrong_dates.insert("vault-0");
    EXPECT_FALSE(model.dates_agree());
    for (const auto* name : {"alpha", "beta"}) {
        EXPECT_FALSE(model.works(name));
        EXPECT_FALSE(model.cannot(name)) << name;
        EXPECT_EQ(model.connected(name), Must::say_nothing) << name;
    }
    model.sealed.insert("vault-0");
    EXPECT_TRUE(model.cannot("beta")) << "whatever its date";
}

// Whatever is wanted there: without the API server health gets no token.
TEST(Model, AClusterWhoseApiServerIsAwayIsNotConnected) {
    auto model = sample_model();
    model.clusters["alpha"].unsure = true;
    EXPECT_EQ(model.connected("alpha"), Must::say_nothing);
    model.troubles.insert("alpha>kube-0");
    EXPECT_EQ(model.connected("alpha"), Must::not_be);
    EXPECT_EQ(model.connected("beta"), Must::be);
}

TEST(Model, ATokenInHandOutlivesTheWayToALogin) {
    auto model = sample_model();
    model.troubles.insert("vault>kube-0");
    EXPECT_FALSE(model.works("alpha"));
    EXPECT_FALSE(model.cannot("alpha")) << "its Vault token still serves";
    model.sealed.insert("vault-0");
    EXPECT_TRUE(model.cannot("alpha"));
    EXPECT_TRUE(model.cannot("beta"));
    model.clusters["alpha"].unsure = true;
    EXPECT_FALSE(model.cannot("alpha"));
}

// What would outlive its issuer is not signed, and before that there is a time that the model
// leaves open: somebody who waits may come too late.
TEST(Model, AnIssuerThatEndsSignsNothingThatOutlivesIt) {
    auto model = sample_model();
    model.now = [] { return noon; };
    auto& ca = model.cas["alpha"];
    const auto with = [&](Duration left) {
        ca.issuer_until = noon + left;
        return std::pair(model.works("alpha"), model.cannot("alpha"));
    };
    EXPECT_EQ(with(2 * life), std::pair(true, false));
    EXPECT_EQ(with(life + model.recovery()), std::pair(false, false));
    EXPECT_EQ(model.connected("alpha"), Must::say_nothing);
    EXPECT_EQ(with(life - std::chrono::minutes(1)), std::pair(false, true));
    EXPECT_EQ(model.connected("alpha"), Must::not_be);
    ca.shortened = 2;
    EXPECT_EQ(with(life - std::chrono::minutes(1)), std::pair(true, false));
    EXPECT_EQ(with(life / 2 + model.recovery()), std::pair(false, false));
    EXPECT_TRUE(model.works("beta"));
}

TEST(Model, AQuotaLeavesOpenWhoComesThrough) {
    auto model = sample_model();
    model.cas["alpha"].limited = true;
    EXPECT_FALSE(model.works("alpha"));
    EXPECT_FALSE(model.cannot("alpha"));
    EXPECT_EQ(model.connected("alpha"), Must::say_nothing);
    model.cas["alpha"].may_log_in = false;
    EXPECT_EQ(model.connected("alpha"), Must::not_be) << "nobody comes as far as the quota";
}

TEST(Model, AnotherAudienceEndsLoginsAndNoToken) {
    auto model = sample_model();
    model.cas["alpha"].other_audience = true;
    EXPECT_FALSE(model.works("alpha"));
    EXPECT_FALSE(model.cannot("alpha"));
    EXPECT_EQ(model.connected("alpha"), Must::not_be);
}

TEST(Model, TokensOfFewUsesServeAPodAndMaybeNotHealth) {
    auto model = sample_model();
    model.cas["alpha"].few_uses = true;
    EXPECT_TRUE(model.works("alpha"));
    EXPECT_EQ(model.connected("alpha"), Must::say_nothing);
}

// What is done to the PKI befalls both, and what is done to an auth mount only its own.
TEST(Model, ASharedPkiIsBothAccountsAndALoginEachOnesOwn) {
    auto model = sample_model();
    model.cas["beta"].pki = "alpha";
    model.accounts["beta"].anchor = "alpha";
    EXPECT_EQ(model.pki_of("beta"), "alpha");
    EXPECT_EQ(model.anchor_of_leaves("beta"), "alpha");
    EXPECT_TRUE(model.works("alpha") && model.works("beta"));
    auto denied = model;
    denied.cas["alpha"].may_log_in = false;
    EXPECT_FALSE(denied.works("alpha"));
    EXPECT_TRUE(denied.works("beta"));
    auto gone = model;
    gone.cas["alpha"].has_issuer = false;
    EXPECT_TRUE(gone.cannot("alpha") && gone.cannot("beta"));
}

// Without overlap the bundle of an account that was added before holds no anchor above new leaves.
TEST(Model, AReplacedRootNeedsAnAccountWithItsBundle) {
    auto model = sample_model();
    model.cas["alpha"].anchor = "alpha+2";
    EXPECT_TRUE(model.cannot("alpha"));
    EXPECT_EQ(model.connected("alpha"), Must::not_be);
    const auto old = pod("alpha", life, life);
    EXPECT_EQ(model.ready(old, noon, near), Must::be) << "what it has is as good as before";
    auto fresh = old;
    fresh.ca = "alpha+2";
    EXPECT_EQ(model.ready(fresh, noon, near), Must::not_be);
    EXPECT_EQ(model.talk(old, fresh, {old, fresh}, noon, near), Must::not_be);
    model.accounts["alpha"].anchor = "alpha+2";
    model.clusters["alpha"].ever.insert("alpha+2");
    EXPECT_TRUE(model.works("alpha"));
    EXPECT_EQ(model.talk(old, fresh, {old, fresh}, noon, near), Must::be);
}

TEST(Model, ALeafIsAcceptedExactlyInItsTime) {
    const auto model = sample_model();
    const auto good = pod("alpha", life, life);
    const auto ended = pod("alpha", 2 * life, -near);
    const auto edge = pod("alpha", life, near / 2);
    EXPECT_EQ(model.ready(good, noon, near), Must::be);
    EXPECT_EQ(model.ready(ended, noon, near), Must::not_be);
    EXPECT_EQ(model.ready(edge, noon, near), Must::say_nothing);
    EXPECT_EQ(model.ready(SeenPod{}, noon, near), Must::not_be);
    EXPECT_EQ(model.talk(good, good, {good}, noon, near), Must::be);
    EXPECT_EQ(model.talk(good, ended, {good, ended}, noon, near), Must::not_be);
}

TEST(Model, GoesByTheMeshsDate) {
    auto model = sample_model();
    model.skew = 2 * life;
    EXPECT_EQ(model.ready(pod("alpha", life, life), noon, near), Must::not_be);
    EXPECT_EQ(model.connected("alpha"), Must::say_nothing);
}

// With a wrong date the mesh may have let go of an anchor whose leaves live by the right one.
TEST(Model, SaysNothingOfARetiredCaAfterAWrongDate) {
    auto model = sample_model();
    model.clusters["beta"].account = "alpha";
    model.clusters["beta"].ever.insert("alpha");
    const auto old = pod("beta", life, life);
    EXPECT_EQ(model.ready(old, noon, near), Must::be);
    model.skewed_once = true;
    EXPECT_EQ(model.ready(old, noon, near), Must::say_nothing);
    EXPECT_EQ(model.talk(old, old, {old}, noon, near), Must::say_nothing);
}

TEST(Model, TrustIsOfTheCasThatAClusterHad) {
    auto model = sample_model();
    const auto here = pod("alpha", life, life), there = pod("beta", life, life);
    EXPECT_EQ(model.talk(here, there, {here, there}, noon, near), Must::not_be);
    // Both are connected to alpha's CA now; beta's pod still has its old leaf.
    model.clusters["beta"].account = "alpha";
    model.clusters["beta"].ever.insert("alpha");
    EXPECT_EQ(model.talk(here, there, {here, there}, noon, near), Must::not_be);
    EXPECT_EQ(model.talk(there, there, {here, there}, noon, near), Must::be);
    auto renewed = there;
    renewed.ca = "alpha";
    EXPECT_EQ(model.talk(here, renewed, {here, renewed}, noon, near), Must::be);
    model.troubles.insert("pods>pods");
    EXPECT_EQ(model.talk(here, renewed, {here, renewed}, noon, near), Must::say_nothing);
}

TEST(Model, NamesTheUsersOfAnAccount) {
    auto model = sample_model();
    EXPECT_EQ(model.users("alpha"), std::vector<std::string>{"alpha"});
    model.clusters["beta"].account = "alpha";
    EXPECT_EQ(model.users("alpha"), (std::vector<std::string>{"alpha", "beta"}));
    EXPECT_TRUE(model.users("beta").empty());
}

TEST(Model, AStormIsMoreThanFortyRefusalsALife) {
    const auto model = sample_model();
    EXPECT_GT(model.most_attempts(life, 1), 40U);
    EXPECT_LT(model.most_attempts(life, 1), 80U);
    EXPECT_LT(model.most_attempts({}, 0), 12U);
}

// What is asked for while all works, beside a few that were begun before.
TEST(Model, RenewalsAndLoginsHaveTheirTime) {
    auto model = sample_model();
    EXPECT_EQ(model.most_renewals({}), 3U);
    EXPECT_EQ(model.most_renewals(6 * life) - model.most_renewals({}), 10U);
    EXPECT_EQ(model.most_logins(6 * life, 3 * life), 4U) << "a token serves for 2.7 lives";
    EXPECT_EQ(model.most_logins(6 * life, life / 24), model.most_renewals(6 * life))
        << "nobody logs in for nothing";
    model.cas["beta"].shortened = 4;
    EXPECT_EQ(model.shortest_life(), life / 4);
    model.cas["alpha"].fastest = 8;
    EXPECT_EQ(model.shortest_life(), life / 8) << "an agent may still go by it";
    model.cas["alpha"].fastest = 1;
    EXPECT_EQ(model.most_renewals(3 * life) - model.most_renewals({}), 20U);
    model.cas["alpha"].few_uses = true;
    EXPECT_EQ(model.most_renewals(3 * life) - model.most_renewals({}), 40U);
    EXPECT_EQ(model.most_logins(3 * life, 3 * life), model.most_renewals(3 * life));
}

TEST(Model, WhoIsAskedToBeQuietAsksAsSeldom) {
    auto model = sample_model();
    EXPECT_EQ(model.most_in_quiet(life, life / 10), 14U);
    model.cas["alpha"].shortened = 20;
    EXPECT_EQ(model.most_in_quiet(life, life / 10), 24U) << "for no longer than a life";
}

// A wish that nobody can tell the cluster of: it goes on with what it runs, and is a user of that.
TEST(Model, AClusterThatCannotBeToldRunsWhatItRan) {
    auto model = sample_model();
    model.want("beta", "alpha");
    EXPECT_EQ(model.clusters["beta"].still_runs, "");
    EXPECT_EQ(model.users_and_runners("beta"), std::vector<std::string>{});
    model.troubles.insert("alpha>kube-0");
    model.want("alpha", "beta");
    EXPECT_TRUE(model.clusters["alpha"].unsure);
    EXPECT_EQ(model.users("alpha"), std::vector<std::string>{"beta"});
    EXPECT_EQ(model.users_and_runners("alpha"), (std::vector<std::string>{"alpha", "beta"}));
    model.want("alpha", "");
    EXPECT_EQ(model.clusters["alpha"].still_runs, "alpha") << "the wish between was never told";
}

TEST(Model, AGlobalNamespaceIsHealthyWhereAllIsApplied) {
    auto model = sample_model();
    model.namespaces["shop"] = {"alpha", "beta"};
    EXPECT_EQ(model.healthy("shop"), Must::be);
    model.clusters["alpha"].unsure = true;
    EXPECT_EQ(model.healthy("shop"), Must::say_nothing);
    model.troubles.insert("beta>kube-1");
    EXPECT_EQ(model.healthy("shop"), Must::not_be) << "beta's cannot be read back";
    EXPECT_EQ(model.healthy("none"), Must::say_nothing);
}

}  // namespace
}  // namespace meshproof::scenarios::explore
