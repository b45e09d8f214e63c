// Looks until all is well: in virtual time.
#include "conformance/preflight/wait.hpp"

#include <gtest/gtest.h>

#include "conformance/preflight/tests/site.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::preflight {
namespace {

using namespace std::chrono_literals;

struct Waited {
    Report report;
    std::vector<Duration> left;  ///< what was told
    Duration took{};
};

Task<void> mend_later(Site& site, Duration after) {
    co_await site.world.clock().sleep_for(after);
    co_await site.type("bao patch %mount%/roles/%role% key_type=any key_bits=0");
}

Task<void> wait_for(Site& site, WaitOptions options, Duration mended_after, Waited& waited) {
    co_await site.set_up();
    co_await site.type("bao patch %mount%/roles/%role% key_type=rsa key_bits=0");
    auto& clock = site.world.clock();
    TaskGroup group;
    if (mended_after > Duration::zero()) {
        co_await group.spawn(mend_later(site, mended_after));
    }
    const auto begun = clock.elapsed();
    waited.report =
        co_await look_until_well(clock, site.environment->transport(), site.account, {}, options,
                                 [&waited](const Report& report, Duration left) {
                                     EXPECT_EQ(exit_code(report), 1);
                                     waited.left.push_back(left);
                                 });
    waited.took = clock.elapsed() - begun;
    co_await group.join();
}

Waited wait(WaitOptions options, Duration mended_after) {
    Site site;
    Waited waited;
    site.drive(wait_for(site, options, mended_after, waited));
    return waited;
}

TEST(Wait, WithoutALimitIsOneLook) {
    const auto waited = wait({}, Duration::zero());
    EXPECT_TRUE(waited.left.empty());
    EXPECT_EQ(exit_code(waited.report), 1);
}

TEST(Wait, EndsAtItsLimitWithWhatIsStillWrong) {
    const auto waited = wait({.limit = 60s, .pause = 20s}, Duration::zero());
    EXPECT_GE(waited.took, Duration(60s));
    EXPECT_GE(waited.left.size(), 2U);
    EXPECT_LE(waited.left.size(), 3U);
    EXPECT_NE(find(waited.report, "role/key-type"), nullptr);
}

TEST(Wait, EndsAsSoonAsALookFindsNothing) {
    const auto waited = wait({.limit = 600s, .pause = 20s}, 70s);
    EXPECT_EQ(exit_code(waited.report), 0);
    EXPECT_FALSE(waited.left.empty());
    EXPECT_LT(waited.took, Duration(200s));
}

}  // namespace
}  // namespace meshproof::preflight
