#include "core/run/ending.hpp"

#include <gtest/gtest.h>

#include "core/run/socket_environment.hpp"

namespace meshproof::run {
namespace {

Task<void> one_turn(Clock& clock) {
    (void)co_await clock.rest(Duration::zero());
}

// The request comes from another thread, so what it posts may be behind the end of whom it is for.
TEST(Stopping, MayHaveEndedWhenARequestArrives) {
    SocketEnvironment environment("test", Target{});
    StopSource source;
    {
        const Stopping stop(&source, environment);
        source.request();
    }
    environment.drive(one_turn(environment.clock()));
    EXPECT_TRUE(source.requested());
}

Task<void> until_stopped(Stopping& stop, int& stopped) {
    co_await stop.wait();
    ++stopped;
}

TEST(Stopping, EndsAWaitWheneverItIsAsked) {
    SocketEnvironment environment("test", Target{});
    StopSource source;
    Stopping before(&source, environment);
    int stopped = 0;
    environment.post([&source] { source.request(); });
    environment.drive(until_stopped(before, stopped));
    Stopping after(&source, environment);
    environment.drive(until_stopped(after, stopped));
    EXPECT_EQ(stopped, 2);
}

}  // namespace
}  // namespace meshproof::run
