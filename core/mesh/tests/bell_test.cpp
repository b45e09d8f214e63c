#include "core/mesh/bell.hpp"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "core/mesh/backoff.hpp"
#include "core/time/sim_clock.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::mesh {
namespace {

using namespace std::chrono_literals;

const Time start = from_unix_seconds(1'900'000'000);

Task<void> ring_later(Clock& clock, Bell& bell, Duration after) {
    co_await clock.sleep_for(after);
    bell.ring();
}

Task<void> rung_before_the_wait(Clock& clock, Bell& bell) {
    const auto seen = bell.count();
    bell.ring();
    co_await clock.sleep_for(1s);
    co_await bell.wait_past(seen);
}

TEST(Bell, RemembersARingThatCameBeforeTheWait) {
    boost::asio::io_context context;
    SimClock clock(context, start);
    Bell bell;
    clock.run(rung_before_the_wait(clock, bell));
    EXPECT_EQ(clock.elapsed(), 1s);
}

Task<void> wait_with_deadline(Clock& clock, Bell& bell, Duration ring, Duration limit) {
    TaskGroup group;
    co_await group.spawn(ring_later(clock, bell, ring));
    co_await bell.wait_past(bell.count(), clock, clock.now() + limit);
    group.cancel();
    co_await group.join();
}

TEST(Bell, EndsAtTheRingOrAtTheDeadline) {
    for (const auto& [ring, limit] : {std::pair(2s, 5s), std::pair(5s, 2s)}) {
        boost::asio::io_context context;
        SimClock clock(context, start);
        Bell bell;
        clock.run(wait_with_deadline(clock, bell, ring, limit));
        EXPECT_EQ(clock.elapsed(), 2s);
    }
}

Task<void> wait_for_ever(Clock& clock, Bell& bell) {
    co_await bell.wait_past(bell.count(), clock, clock.now() + 1h);
    co_await bell.wait_past(bell.count());
}

Task<void> cancel_a_waiter(Clock& clock, Bell& bell) {
    TaskGroup group;
    co_await group.spawn(wait_for_ever(clock, bell));
    co_await clock.sleep_for(1s);
    group.cancel();
    co_await group.join();  // throws what was not a cancellation
}

TEST(Bell, EndsACancelledWaitAsEveryWaitDoes) {
    boost::asio::io_context context;
    SimClock clock(context, start);
    Bell bell;
    clock.run(cancel_a_waiter(clock, bell));
    EXPECT_EQ(clock.elapsed(), 1s);
}

TEST(Backoff, GrowsFromTheFirstToTheLongestWait) {
    const ControlPlaneOptions options;
    const Duration life = 24h;
    Backoff backoff{Prng(7)};
    const auto first = Backoff::first(options, life);
    const auto most = Backoff::most(options, life);
    EXPECT_EQ(first, life / 200);
    EXPECT_EQ(most, life / 20);
    auto low = first;
    for (int i = 0; i < 40; ++i) {
        const auto wait = backoff.next(options, life);
        EXPECT_GE(wait, std::min(low, most / 2));
        EXPECT_LE(wait, std::min(low * 2, most));
        low = std::min(low * 2, most);
    }
    EXPECT_GE(backoff.slow(options, life), most);
    backoff.reset();
    EXPECT_LE(backoff.next(options, life), first * 2);
    EXPECT_EQ(Backoff::first(options, 1s), 50ms);  // never faster
    EXPECT_GE(Backoff::most(options, 100ms), Backoff::first(options, 100ms));
}

}  // namespace
}  // namespace meshproof::mesh
