// Who meets which fault, how often, and that it is the seed's word.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "core/time/sim_clock.hpp"
#include "core/yaml/section.hpp"
#include "fakes/chaos/chaos.hpp"
#include "fakes/chaos/moved_clock.hpp"

namespace meshproof::fakes {
namespace {

using namespace std::chrono_literals;

class ChaosTest : public ::testing::Test {
  protected:
    Chaos made(const std::string& yaml, std::uint64_t seed = 1) {
        Chaos chaos(seed, clock_);
        chaos.set(parse_chaos(yaml, "test").value());
        return chaos;
    }
    static Asked asked(std::string path = "/v1/pki/sign/web") {
        return {.server = "vault-0",
                .method = "POST",
                .path = std::move(path),
                .address = "127.0.0.1",
                .user_agent = "curl/8",
                .accessor = "acc",
                .subject = "sub",
                .on_kept_connection = false,
                .signs = true};
    }
    static std::vector<bool> struck(Chaos& chaos, std::size_t count) {
        std::vector<bool> out;
        for (std::size_t i = 0; i < count; ++i) {
            out.push_back(!chaos.strike(asked()).rules.empty());
        }
        return out;
    }

    boost::asio::io_context context_;
    SimClock base_{context_, from_unix_seconds(1'800'000'000)};
    MovedClock clock_{base_};
};

TEST_F(ChaosTest, TheSameSeedStrikesTheSame) {
    const auto* const yaml = "rules: [{name: a, probability: 0.3, status: 500}]";
    auto one = made(yaml), same = made(yaml), other = made(yaml, 2);
    const auto first = struck(one, 400);
    EXPECT_EQ(first, struck(same, 400));
    EXPECT_NE(first, struck(other, 400));
    const auto hits = std::ranges::count(first, true);
    EXPECT_EQ(hits, 125);  // of 400 by 0.3: the seed's own number
    EXPECT_EQ(one.counts().front().met, 400U);
    EXPECT_EQ(one.counts().front().struck, static_cast<std::uint64_t>(hits));
    one.set(one.rules());
    EXPECT_EQ(first, struck(one, 400)) << "a plan that is set begins anew";
}

TEST_F(ChaosTest, ARuleIsNotDisturbedByAnother) {
    auto alone = made("rules: [{name: a, probability: 0.3, status: 500}]");
    auto beside = made(
        "rules: [{name: b, probability: 0.5, latency: {uniform: [1ms, 2ms]}}, "
        "{name: a, probability: 0.3, status: 500}]");
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(alone.strike(asked()).status, beside.strike(asked()).status);
    }
}

TEST_F(ChaosTest, NeverAndAlways) {
    auto never = made("rules: [{probability: 0, status: 500}]");
    auto always = made("rules: [{status: 500}]");
    for (int i = 0; i < 1000; ++i) {
        EXPECT_FALSE(never.strike(asked()).status);
        EXPECT_EQ(always.strike(asked()).status, 500);
    }
}

TEST_F(ChaosTest, TheFirstFewAndThenNoMore) {
    auto chaos = made("rules: [{first: 3, status: 503}]");
    EXPECT_EQ(struck(chaos, 6), (std::vector<bool>{true, true, true, false, false, false}));
}

TEST_F(ChaosTest, WindowsFollowTheFakesClock) {
    auto chaos = made("rules: [{from: 10s, until: 20s, status: 503}]");
    clock_.freeze();
    EXPECT_FALSE(chaos.strike(asked()).status);
    clock_.advance(10s);
    EXPECT_TRUE(chaos.strike(asked()).status);
    clock_.advance(9999ms);
    EXPECT_TRUE(chaos.strike(asked()).status);
    clock_.advance(1ms);
    EXPECT_FALSE(chaos.strike(asked()).status);
    EXPECT_EQ(chaos.counts().front().met, 2U) << "outside its window a rule meets nobody";
}

TEST_F(ChaosTest, ClockSkewIsAServersAndHasItsWindow) {
    auto chaos = made(
        "rules: [{server: vault, clock_skew: -5m, from: 1s}, {clock_skew: 1m}, {server: vault-1, "
        "clock_skew: 2s}]");
    clock_.freeze();
    EXPECT_EQ(chaos.skew("vault-0"), 1min);
    clock_.advance(1s);
    EXPECT_EQ(chaos.skew("vault-0"), -4min);
    EXPECT_EQ(chaos.skew("vault-1"), -4min + 2s);
    EXPECT_EQ(chaos.skew("kube-0"), 1min);
}

TEST_F(ChaosTest, SkewsOfSeveralRulesAreACenturyAtMost) {
    // Their plain sum is no time that can be held: three of them were a date of 1833.
    const auto sum = [this](std::string_view each, int count) {
        std::string text = "rules:\n";
        for (int i = 0; i < count; ++i) {
            text += fmt::format("  - clock_skew: {}\n", each);
        }
        return made(text).skew("vault-0");
    };
    const auto century = DurationLimits().longest;
    EXPECT_EQ(sum("876600h", 1), century);
    for (const int count : {2, 3, 5000}) {
        EXPECT_EQ(sum("876600h", count), century) << count;
        EXPECT_EQ(sum("-876600h", count), -century) << count;
    }
    EXPECT_EQ(sum("1500ms", 3), 4500ms);
    EXPECT_EQ(made("rules: [{clock_skew: 876600h}, {clock_skew: 876600h}, {clock_skew: -876600h}]")
                  .skew("vault-0"),
              century);
}

TEST_F(ChaosTest, MeetsOnlyWhomItNames) {
    struct Case {
        const char* fields;
        bool met;
    };
    for (const auto& [fields, met] : std::vector<Case>{
             {"server: vault", true},
             {"server: vault-0", true},
             {"server: vault-1", false},
             {"server: kube", false},
             {"method: post", true},
             {"method: [GET, PUT]", false},
             {"path: /v1/pki", true},
             {"path: /v1/pki/", true},
             {"path: /v1/pk", false},
             {"path: /v1/pki/sign/web", true},
             {"path: /v1/pki/sign/web/", false},
             {"path: /v1/*/sign/*", true},
             {"path: \"*/issue/*\"", false},
             {"caller: {address: 127.0.0.1}", true},
             {"caller: {address: 10.*}", false},
             {"caller: {user_agent: curl/*}", true},
             {"caller: {user_agent: Go-http-client/*}", false},
             {"caller: {accessor: acc}", true},
             {"caller: {accessor: ac}", false},
             {"caller: {subject: s*b}", true},
             {"caller: {subject: x}", false},
         }) {
        auto chaos = made(fmt::format("rules: [{{{}, status: 500}}]", fields));
        EXPECT_EQ(chaos.strike(asked()).status.has_value(), met) << fields;
    }
    auto stale = made("rules: [{stale: true}]");
    EXPECT_FALSE(stale.strike(asked()).stale);
    auto kept = asked();
    kept.on_kept_connection = true;
    EXPECT_TRUE(stale.strike(kept).stale);
    auto certificate = made("rules: [{certificate: expired}]");
    auto read = asked();
    read.signs = false;
    EXPECT_FALSE(certificate.strike(read).certificate);
    EXPECT_TRUE(certificate.strike(asked()).certificate);
    EXPECT_TRUE(made("rules: [{tls_alert: internal_error}]").strike(asked()).rules.empty());
}

TEST_F(ChaosTest, RulesAddUpAndTheFirstOneDecides) {
    auto chaos = made(
        "rules: [{name: a, latency: 1ms}, {name: b, status: 503, retry_after: 2s}, "
        "{name: c, latency: 2ms, status: 500}]");
    const auto faults = chaos.strike(asked());
    EXPECT_EQ(faults.latency, 3ms);
    EXPECT_EQ(faults.status, 503);
    EXPECT_EQ(faults.retry_after, Duration(2s));
    EXPECT_EQ(faults.rules, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(ChaosTest, LatenciesHaveTheirShape) {
    auto uniform = made("rules: [{latency: {uniform: [10ms, 20ms]}}]");
    auto lognormal = made("rules: [{latency: {lognormal: {median: 10ms, sigma: 0.5}}}]");
    Duration low = 1h, high{};
    int below = 0;
    for (int i = 0; i < 2000; ++i) {
        const auto u = uniform.strike(asked()).latency;
        low = std::min(low, u);
        high = std::max(high, u);
        below += lognormal.strike(asked()).latency < 10ms ? 1 : 0;
    }
    EXPECT_GE(low, 10ms);
    EXPECT_LT(low, 10100us);
    EXPECT_LE(high, 20ms);
    EXPECT_GT(high, 19900us);
    // Half of them lie below the median; the seed makes it this many.
    EXPECT_NEAR(below, 1000, 50);
    auto sure = made("rules: [{latency: {lognormal: {median: 10ms, sigma: 0}}}]");
    EXPECT_EQ(sure.strike(asked()).latency, 10ms);
}

TEST_F(ChaosTest, AClockIsMovedByHand) {
    const auto start = base_.now();
    EXPECT_EQ(clock_.now(), start);
    clock_.freeze();
    base_.run(base_.sleep_for(10s));
    EXPECT_EQ(clock_.now(), start);
    clock_.advance(1h);
    EXPECT_EQ(clock_.now(), start + 1h);
    EXPECT_EQ(clock_.elapsed(), 10s);
    clock_.resume();
    EXPECT_EQ(clock_.now(), start + 1h) << "it goes on from where it stands";
    base_.run(base_.sleep_for(1s));
    EXPECT_EQ(clock_.now(), start + 1h + 1s);
    clock_.skew(-5min);
    EXPECT_EQ(clock_.now(), base_.now() - 5min);
    EXPECT_EQ(clock_.offset(), -5min);
    clock_.reset();
    EXPECT_EQ(clock_.now(), base_.now());
}

}  // namespace
}  // namespace meshproof::fakes
