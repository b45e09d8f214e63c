#include <gtest/gtest.h>

#include <boost/system/system_error.hpp>

#include "core/base/result.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/signal.hpp"
#include "core/time/sim_clock.hpp"
#include "core/time/task_group.hpp"
#include "core/time/within.hpp"

namespace meshproof {
namespace {

using namespace std::chrono_literals;

const Time start = from_unix_seconds(1'800'000'000);

struct Sim {
    boost::asio::io_context context;
    SimClock clock{context, start};
};

Task<void> sleep_and_note(Clock& clock, Duration duration, std::string name,
                          std::vector<std::string>& log) {
    co_await clock.sleep_for(duration);
    log.push_back(name);
}

Task<void> spawn_three(Clock& clock, std::vector<std::string>& log) {
    TaskGroup group;
    co_await group.spawn(sleep_and_note(clock, 2h, "second", log));
    co_await group.spawn(sleep_and_note(clock, 1h, "first", log));
    co_await group.spawn(sleep_and_note(clock, 2h, "third", log));
    co_await group.join();
}

TEST(SimClock, JumpsInOrderOfDeadlineThenOfArrival) {
    Sim sim;
    std::vector<std::string> log;
    sim.clock.run(spawn_three(sim.clock, log));
    EXPECT_EQ(log, (std::vector<std::string>{"first", "second", "third"}));
    EXPECT_EQ(sim.clock.now(), start + 2h);
    EXPECT_EQ(sim.clock.elapsed(), 2h);
}

Task<Result<int>> never(Clock& clock) {
    co_await clock.sleep_for(1000h);
    co_return 1;
}

Task<Result<int>> soon(Clock& clock) {
    co_await clock.sleep_for(1s);
    co_return 2;
}

TEST(Within, GivesTheValueOrTimesOut) {
    Sim sim;
    const auto late = sim.clock.run(within(sim.clock, 5s, never(sim.clock)));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, FailureKind::timed_out);
    EXPECT_EQ(sim.clock.elapsed(), 5s);
    const auto timely = sim.clock.run(within(sim.clock, 5s, soon(sim.clock)));
    ASSERT_TRUE(timely);
    EXPECT_EQ(*timely, 2);
    EXPECT_EQ(sim.clock.elapsed(), 6s);
}

Task<Result<int>> throw_after(Clock& clock, Duration duration, std::string text) {
    co_await clock.sleep_for(duration);
    throw CannotGoOn({FailureKind::invalid, std::move(text), 0, {}});
}

TEST(Within, ThrowsAtOnceWhatTheWorkThrows) {
    Sim sim;
    EXPECT_THROW(
        std::ignore = sim.clock.run(within(sim.clock, 5h, throw_after(sim.clock, 1s, "as told"))),
        CannotGoOn);
    EXPECT_EQ(sim.clock.elapsed(), 1s) << "it waited for its limit";
}

Task<void> wait_within(Clock& clock) {
    std::ignore = co_await within(clock, 5h, never(clock));
}

Task<void> cancel_within(Clock& clock) {
    TaskGroup group;
    co_await group.spawn(wait_within(clock));
    co_await clock.sleep_for(1s);
    group.cancel();
    co_await group.join();  // throws whatever is no cancellation
}

TEST(Within, EndsAsAnyWaitWhenItIsCancelled) {
    Sim sim;
    sim.clock.run(cancel_within(sim.clock));
    EXPECT_EQ(sim.clock.elapsed(), 1s);
}

Task<void> wait_for(Signal& signal, int& woken) {
    co_await signal.wait();
    ++woken;
}

Task<void> notify_later(Clock& clock, Signal& signal, int& woken) {
    TaskGroup group;
    co_await group.spawn(wait_for(signal, woken));
    co_await group.spawn(wait_for(signal, woken));
    co_await clock.sleep_for(1s);
    EXPECT_EQ(woken, 0);
    signal.notify_all();
    co_await group.join();
}

TEST(Signal, WakesAllWhoWait) {
    Sim sim;
    Signal signal;
    int woken = 0;
    sim.clock.run(notify_later(sim.clock, signal, woken));
    EXPECT_EQ(woken, 2);
}

Task<void> cancel_sleepers(Clock& clock, Signal& signal, int& woken) {
    TaskGroup group;
    std::vector<std::string> log;
    co_await group.spawn(sleep_and_note(clock, 100h, "never", log));
    co_await group.spawn(wait_for(signal, woken));
    co_await clock.sleep_for(1s);
    EXPECT_EQ(group.running(), 2U);
    group.cancel();
    co_await group.join();
    EXPECT_TRUE(log.empty());
}

TEST(TaskGroup, CancelEndsEveryWait) {
    Sim sim;
    Signal signal;
    int woken = 0;
    sim.clock.run(cancel_sleepers(sim.clock, signal, woken));
    EXPECT_EQ(woken, 0);
    EXPECT_EQ(sim.clock.elapsed(), 1s);
}

Task<void> throw_after(Clock& clock, Duration duration) {
    co_await clock.sleep_for(duration);
    throw CannotGoOn({FailureKind::invalid, "as told", 0, {}});
}

Task<void> join_thrower(Clock& clock) {
    TaskGroup group;
    co_await group.spawn(throw_after(clock, 1s));
    co_await group.join();
}

TEST(TaskGroup, JoinThrowsTheFirstException) {
    Sim sim;
    EXPECT_THROW(sim.clock.run(join_thrower(sim.clock)), CannotGoOn);
}

TEST(SimClock, SaysWhenNothingCanHappen) {
    Sim sim;
    Signal signal;
    int woken = 0;
    EXPECT_THROW(sim.clock.run(wait_for(signal, woken)), CannotGoOn);
}

TEST(SimClock, DestroysWhoeverStillSleeps) {
    boost::asio::io_context context;
    std::vector<std::string> log;
    {
        SimClock clock(context, start);
        boost::asio::co_spawn(context, sleep_and_note(clock, 1h, "never", log),
                              [](std::exception_ptr) {});
        context.poll();
    }
    EXPECT_TRUE(log.empty());
}

TEST(RealClock, SleepsAndGoesOn) {
    boost::asio::io_context context;
    RealClock clock;
    std::vector<std::string> log;
    run_real(context, sleep_and_note(clock, 1ms, "woken", log));
    EXPECT_EQ(log.size(), 1U);
    EXPECT_GE(clock.elapsed(), 1ms);
}

}  // namespace
}  // namespace meshproof
