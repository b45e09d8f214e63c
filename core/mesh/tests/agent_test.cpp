// What an agent's schedule goes by, and what it costs the servers.
#include <gtest/gtest.h>

#include "core/mesh/tests/stage.hpp"

namespace meshproof::mesh::testing {
namespace {

/// Plays the story and gives what it counts.
using Count = Task<std::size_t> (*)(Stage&);
Task<void> count_into(Stage& stage, Count story, std::size_t& counted) {
    counted = co_await story(stage);
}
Task<void> play_count(Stage& stage, Count story, std::size_t& counted) {
    std::exception_ptr failed;
    try {
        co_await count_into(stage, story, counted);
    } catch (...) {
        failed = std::current_exception();
    }
    co_await stage.mesh.shut_down();
    if (failed) {
        std::rethrow_exception(failed);
    }
}
std::size_t counted(Count story, std::string_view saboteur = {}) {
    Stage stage(saboteur.empty() ? Stage::usual() : Stage::with(saboteur));
    std::size_t count = 0;
    stage.clock.run(play_count(stage, story, count));
    return count;
}

// Asked for: 24 h. The role gives an hour.
Task<std::size_t> outages_with_short_leaves(Stage& stage) {
    stage.vault.leaf_ttl = 1h;
    const auto cluster = co_await two_pods(stage);
    co_await stage.clock.sleep_for(20h);
    for (const auto& pod : cluster.pods()) {
        EXPECT_LE(pod.leaves, 40U) << "two thirds of an hour, a twentieth more or less";
        EXPECT_LE(pod.logins, 40U);
    }
    co_return stage.recorder.count("pod not ready");
}

TEST(Agent, RenewsByTheLeafThatCame) {
    EXPECT_EQ(counted(outages_with_short_leaves), 0U);
    EXPECT_GT(counted(outages_with_short_leaves, "agent/renews-by-the-asked-life"), 10U);
}

Task<std::size_t> signs_of_an_ending_ca(Stage& stage) {
    const auto end = stage.vault.ca().intermediate.certificate.not_after();
    stage.vault.distort = [end](crypto::CertificateSpec& spec) {
        spec.not_after = std::min(spec.not_after, end);
        spec.not_before = std::min(spec.not_before, end - 1s);
    };
    auto cluster = co_await onboarded(stage);
    co_await stage.clock.sleep_until(end - 48h);
    require(co_await cluster.deploy({.name = "web", .service_account = {}, .replicas = 2}));
    co_await stage.clock.sleep_until(end - 24h);
    EXPECT_TRUE(co_await cluster.wait_ready(0s));
    const auto before = stage.vault.signs;
    co_await stage.clock.sleep_until(end + 24h);
    co_return stage.vault.signs - before;
}

TEST(Agent, DoesNotStormACaThatCutsLeavesEverShorter) {
    // Two pods: a dozen ever shorter leaves, then one attempt in the longest wait for a day.
    EXPECT_LT(counted(signs_of_an_ending_ca), 2U * (12 + 21));
}

// Vault dates these leaves back so far that a clock which steps back leaves them valid.
Task<std::size_t> renewals_after_a_step_back(Stage& stage) {
    stage.vault.distort = [](crypto::CertificateSpec& spec) { spec.not_before -= 12h; };
    const auto cluster = co_await two_pods(stage);
    co_await stage.clock.sleep_for(1h);
    stage.civil.step(-6h);
    co_await stage.clock.sleep_for(16h + 15min);  // 17 h 15 min since the leaf came
    std::size_t renewed = 0;
    for (const auto& pod : cluster.pods()) {
        renewed += pod.leaves - 1;
    }
    co_return renewed;
}

TEST(Agent, WaitsByElapsedTimeWhenTheCivilClockStepsBack) {
    EXPECT_EQ(counted(renewals_after_a_step_back), 2U);
    EXPECT_EQ(counted(renewals_after_a_step_back, "agent/waits-by-the-civil-clock"), 0U);
}

// Their leaves came when the date was ahead: they begin later than it is now.
TEST(Agent, ReplacesALeafThatHasNotBegunWhenTheCivilClockStepsBack) {
    const auto renewed_soon = [](Stage& stage) -> Task<std::size_t> {
        const auto cluster = co_await two_pods(stage);
        stage.vault.distort = [](crypto::CertificateSpec& spec) { spec.not_before -= 12h; };
        stage.civil.step(-6h);
        co_await stage.clock.sleep_for(2h);
        std::size_t renewed = 0;
        for (const auto& pod : cluster.pods()) {
            renewed += pod.ready ? pod.leaves - 1 : 0;
        }
        co_return renewed;
    };
    EXPECT_EQ(counted(renewed_soon), 2U);
}

Task<std::size_t> logins_after_a_step_back(Stage& stage) {
    stage.vault.distort = [](crypto::CertificateSpec& spec) { spec.not_before -= 12h; };
    stage.vault.sign_refusal = {403, "permission denied"};  // log in again, and again
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    co_await stage.clock.sleep_for(2h);
    stage.civil.step(-6h);
    const auto before = stage.vault.logins;
    co_await stage.clock.sleep_for(5h);
    co_return stage.vault.logins - before;
}

TEST(Agent, LogsInWhateverTheCivilClockDoes) {
    EXPECT_GE(counted(logins_after_a_step_back), 3U);
    EXPECT_EQ(counted(logins_after_a_step_back, "agent/waits-by-the-civil-clock"), 0U);
}

Task<std::size_t> renewals_after_a_step_ahead(Stage& stage) {
    const auto cluster = co_await two_pods(stage);
    co_await stage.clock.sleep_for(1h);
    stage.civil.step(20h);  // the leaf has three hours left by now
    co_await stage.clock.sleep_for(90min);
    std::size_t renewed = 0;
    for (const auto& pod : cluster.pods()) {
        EXPECT_TRUE(pod.ready) << pod.reason;
        renewed += pod.leaves > 1 ? 1 : 0;
    }
    EXPECT_EQ(stage.recorder.count("pod not ready"), 0U);
    co_return renewed;
}

TEST(Agent, NoticesThatTheCivilClockStepsAhead) {
    EXPECT_EQ(counted(renewals_after_a_step_ahead), 2U);
}

Task<std::size_t> signs_of_a_throttled_day(Stage& stage) {
    stage.vault.sign_refusal = {429, "rate limit quota exceeded", "10800"};  // three hours
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    co_await stage.clock.sleep_for(24h);
    const auto pod = only(cluster, "web");
    EXPECT_EQ(pod.sign_attempts, stage.vault.signs);
    EXPECT_EQ(pod.leaves, 0U);
    co_return stage.vault.signs;
}

TEST(Agent, LeavesAServerAloneForAsLongAsItAsks) {
    const auto signs = counted(signs_of_a_throttled_day);
    EXPECT_LE(signs, 9U);
    EXPECT_GE(signs, 5U) << "it waits for longer than it was asked to";
    EXPECT_GT(counted(signs_of_a_throttled_day, "agent/ignores-retry-after"), 15U);
}

TEST(Agent, IsPutOffByNoServerForEver) {
    const WaitRange wait{1s, 2s};
    EXPECT_EQ(no_sooner(wait, 10s, 1h), (WaitRange{10s, 11s}));
    EXPECT_EQ(no_sooner(wait, 500ms, 1h), wait);
    EXPECT_EQ(no_sooner(wait, 24h * 365, 1h), (WaitRange{1h, 1h + 1s}));
}

// A dozen pods begin at once, and four signatures may be made in an hour.
Task<std::size_t> signs_under_a_quota(Stage& stage) {
    stage.vault.quota = LittleVault::Quota{.most = 4, .span = 1h};
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}, .replicas = 12}));
    EXPECT_FALSE(co_await cluster.wait_ready(1h)) << "nobody was refused: nothing is shown";
    EXPECT_TRUE(co_await cluster.wait_ready(11h)) << "quota and waits hold somebody up for ever";
    co_return stage.vault.signs;
}

TEST(Agent, AQuotaHoldsNobodyUpForEver) {
    const auto signs = counted(signs_under_a_quota);
    EXPECT_GE(signs, 12U);
    EXPECT_LT(signs, 12U * 20) << "and nobody makes a storm of it";
}

// Its queue is longer than anybody waits at first, and it works on what was given up all the same.
Task<std::size_t> calls_of_a_crowd(Stage& stage) {
    auto cluster = co_await onboarded(stage);
    stage.vault.each = 1min;
    require(co_await cluster.deploy({.name = "web", .service_account = {}, .replicas = 10}));
    EXPECT_FALSE(co_await cluster.wait_ready(20min)) << "all were served: nothing is shown";
    EXPECT_TRUE(co_await cluster.wait_ready(12h)) << "they are too impatient for one of them";
    co_return stage.vault.logins + stage.vault.signs;
}

TEST(Agent, WhoComeTogetherToASlowVaultAreAllServed) {
    EXPECT_LT(counted(calls_of_a_crowd), 10U * 10);
}

// By the end of their leaves they have learnt to wait an hour for each answer.
Task<std::size_t> told_at_the_end_of_their_leaves(Stage& stage) {
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}, .replicas = 10}));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    stage.vault_link->set(http::LinkMode::stall);
    std::size_t told = 0;
    for (const auto& pod : cluster.pods()) {
        co_await stage.clock.sleep_until(
            std::max(stage.clock.now(), leaf_end(pod.leaf->not_after()) + 1s));
        told = stage.recorder.count("pod not ready");
    }
    co_return told;
}

TEST(Agent, TellsThatItsLeafEndedWhileItWaitsForAnAnswer) {
    EXPECT_EQ(counted(told_at_the_end_of_their_leaves), 10U);
}

// They wait for answers that do not come; what there is to ask of whom is another thing now.
Task<std::size_t> ready_soon_after_an_edit(Stage& stage) {
    auto cluster = co_await onboarded(stage);
    stage.vault.each = 100h;
    require(co_await cluster.deploy({.name = "web", .service_account = {}, .replicas = 10}));
    co_await stage.clock.sleep_for(24h);
    stage.vault.each = 0s;
    require(co_await stage.mesh.edit_account("corporate", {{}, "issuer-b"}));
    co_await stage.clock.sleep_for(10min);
    co_return static_cast<std::size_t>(std::ranges::count_if(cluster.pods(), &PodView::ready));
}

TEST(Agent, GivesUpWaitingForAnAnswerWhereTheAccountChanges) {
    EXPECT_EQ(counted(ready_soon_after_an_edit), 10U);
}

Task<std::size_t> seconds_between_renewals(Stage& stage) {
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}, .replicas = 20}));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    const auto first = stage.recorder.leaves.size();
    co_await stage.clock.sleep_for(20h);
    const auto& leaves = stage.recorder.leaves;
    EXPECT_EQ(leaves.size(), 2 * first);
    const auto [least, most] = std::ranges::minmax(std::span(leaves).subspan(first), {},
                                                   [](const LeafIssued& leaf) { return leaf.at; });
    co_return static_cast<std::size_t>((most.at - least.at) / 1s);
}

TEST(Agent, PodsThatBeganTogetherDoNotRenewTogether) {
    EXPECT_GT(counted(seconds_between_renewals), 3600U);
    EXPECT_LT(counted(seconds_between_renewals, "agent/forgets-jitter"), 60U);
}

// A kept connection that closes unanswered: whether the request was acted on, nobody knows.
Task<std::size_t> signatures_beyond_the_attempts(Stage& stage) {
    stage.vault.closes_kept = true;
    const auto cluster = co_await two_pods(stage);
    std::size_t attempts = 0;
    for (const auto& pod : cluster.pods()) {
        EXPECT_GT(pod.sign_attempts, pod.leaves) << "no answer was lost: nothing was shown";
        attempts += pod.sign_attempts;
    }
    co_return stage.vault.signs - attempts;
}

TEST(Agent, OneAttemptMakesOneSignature) {
    EXPECT_EQ(counted(signatures_beyond_the_attempts), 0U);
}

Task<std::size_t> refused_logins_counted(Stage& stage) {
    stage.vault.login_refusal = {403, "permission denied"};
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    co_await stage.clock.sleep_for(6h);
    EXPECT_EQ(only(cluster, "web").logins, 0U);
    EXPECT_EQ(only(cluster, "web").login_attempts, stage.vault.logins);
    co_return stage.vault.logins;
}

TEST(Agent, CountsTheLoginsThatAreRefusedToo) {
    EXPECT_GT(counted(refused_logins_counted), 5U);
}

Task<void> one_token_for_many_logins(Stage& stage) {
    auto cluster = co_await onboarded(stage);
    stage.vault.login_refusal = {503, "Vault is sealed"};
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    const auto& tokens = stage.kube_front.asked_for_tokens;
    co_await stage.clock.sleep_for(9h);
    EXPECT_GT(only(cluster, "web").login_attempts, 5U);
    EXPECT_EQ(tokens, 1U) << "an answer that is not about the token";
    co_await stage.clock.sleep_for(3h);
    EXPECT_EQ(tokens, 2U) << "at eight tenths of its life there is another";

    stage.vault.login_refusal = {403, "permission denied"};
    const auto logins = only(cluster, "web").login_attempts;
    co_await stage.clock.sleep_for(6h);
    const auto refused = only(cluster, "web").login_attempts - logins;
    EXPECT_GT(refused, 3U);
    EXPECT_EQ(tokens - 2, refused - 1) << "each that may be at fault is shown once";
}

TEST(Agent, KeepsAProjectedTokenAsTheKubeletDoes) {
    run(one_token_for_many_logins);
}

}  // namespace
}  // namespace meshproof::mesh::testing
