#include "core/mesh/bell.hpp"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

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
    co_await bell.wait_past(bell.count(), clock, clock.elapsed() + limit);
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

Task<void> wait_for_ever(Clock& clock, Bell& bell, bool& went_on) {
    co_await bell.wait_past(bell.count(), clock, clock.elapsed() + 1h);
    went_on = true;
    co_await bell.wait_past(bell.count());
}

Task<void> cancel_a_waiter(Clock& clock, Bell& bell, bool& went_on) {
    TaskGroup group;
    co_await group.spawn(wait_for_ever(clock, bell, went_on));
    co_await clock.sleep_for(1s);
    group.cancel();
    co_await group.join();  // throws what was not a cancellation
}

TEST(Bell, EndsACancelledWaitAsEveryWaitDoes) {
    boost::asio::io_context context;
    SimClock clock(context, start);
    Bell bell;
    bool went_on = false;
    clock.run(cancel_a_waiter(clock, bell, went_on));
    EXPECT_EQ(clock.elapsed(), 1s);
    EXPECT_FALSE(went_on);
}

}  // namespace
}  // namespace meshproof::mesh
