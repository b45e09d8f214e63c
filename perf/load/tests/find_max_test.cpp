#include "perf/load/find_max.hpp"

#include <gtest/gtest.h>

#include "perf/load/tests/stage.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

Options looking() {
    Options options;
    options.profile = Profile::health;
    options.find_max = true;
    options.rate = 5;
    options.connections = 2;
    options.slo.latencies = {{95, 300ms}};
    return options;
}

/// Two connections of 100 ms carry 20 a second.
Duration after_98_ms(Duration now) {
    return now + 98ms;
}

TEST(MaxSearch, FindsTheRateThatItsServerCarries) {
    MaxSearch search(looking());
    std::size_t asked = 0;
    while (const auto step = search.next()) {
        Stage stage({after_98_ms});
        auto measured = stage.offer(*step);
        asked += measured.asked;
        search.learn(*step, std::move(measured));
    }
    EXPECT_NEAR(search.best().rate(), 20, 1);
    // Doubled until it failed, then halved the gap.
    ASSERT_GE(search.steps().size(), 4U);
    EXPECT_EQ(search.steps()[1].rate, 10);
    EXPECT_EQ(search.steps()[3].rate, 40);
    EXPECT_FALSE(search.steps()[3].kept);
    EXPECT_NE(search.steps()[3].why_not, "");
    EXPECT_LE(asked, MaxSearch::most_transactions(looking()));
}

TEST(MaxSearch, SaysWhereNoRateKeepsTheSlo) {
    auto options = looking();
    options.slo.latencies = {{95, 50ms}};
    MaxSearch search(options);
    while (const auto step = search.next()) {
        Stage stage({after_98_ms});
        search.learn(*step, stage.offer(*step));
    }
    EXPECT_EQ(search.best().asked, 0U);
    Outcome outcome;
    outcome.options = options;
    outcome.steps = search.steps();
    judge(outcome);
    EXPECT_EQ(outcome.verdict, run::Verdict::fail);
}

}  // namespace
}  // namespace meshproof::load
