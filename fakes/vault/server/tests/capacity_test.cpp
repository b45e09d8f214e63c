#include "fakes/vault/server/capacity.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "core/time/sim_clock.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::fakes::vault {
namespace {

using namespace std::chrono_literals;

Task<void> serve_all(Capacity& capacity, Clock& clock, Capacity::Work work, int count) {
    TaskGroup group;
    for (int i = 0; i < count; ++i) {
        co_await group.spawn(capacity.serve(clock, work));
    }
    co_await group.join();
}

/// How long so many of one kind take that come at one moment.
Duration taken(const FakeVaultOptions& options, Capacity::Work work, int count) {
    boost::asio::io_context context{1};
    SimClock clock(context, from_unix_seconds(1'767'225'600));
    Capacity capacity(options);
    clock.run(serve_all(capacity, clock, work, count));
    return clock.elapsed();
}

/// Half of the logins take 10 to 20 ms, the others 20 to 40: 22.5 ms on average.
FakeVaultOptions measured() {
    FakeVaultOptions options;
    options.service_times.workers = 3;
    options.service_times.login.points = {{0, 10ms}, {0.5, 20ms}, {1, 40ms}};
    return options;
}

TEST(Capacity, MeasuredTimesKeepAsManyWorkersBusy) {
    const auto options = measured();
    EXPECT_TRUE(Capacity(options).limited());
    const auto all = taken(options, Capacity::Work::login, 900);
    EXPECT_GT(all, 900 * 22.5ms / 3 * 0.95);
    EXPECT_LT(all, 900 * 22.5ms / 3 * 1.05);
    const auto one = taken(options, Capacity::Work::login, 1);
    EXPECT_GE(one, 10ms);
    EXPECT_LE(one, 40ms);
}

TEST(Capacity, AnotherSeedDrawsOtherTimes) {
    auto other = measured();
    other.seed = 2;
    EXPECT_EQ(taken(measured(), Capacity::Work::login, 5),
              taken(measured(), Capacity::Work::login, 5));
    EXPECT_NE(taken(measured(), Capacity::Work::login, 5), taken(other, Capacity::Work::login, 5));
}

TEST(Capacity, WhatWasNotMeasuredTakesNoTime) {
    EXPECT_EQ(taken(measured(), Capacity::Work::sign, 100), 0s);
    EXPECT_FALSE(Capacity(FakeVaultOptions()).limited());
}

}  // namespace
}  // namespace meshproof::fakes::vault
