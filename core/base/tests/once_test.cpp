#include "core/base/once.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

namespace meshproof {
namespace {

TEST(Once, DoesItForTheFirstAlone) {
    Once once;
    int done = 0;
    for (int i = 0; i < 3; ++i) {
        once.call([&] { ++done; });
    }
    EXPECT_EQ(done, 1);
}

TEST(Once, WhatThrewIsDoneByTheNext) {
    Once once;
    int done = 0;
    EXPECT_THROW(once.call([] { throw std::runtime_error("not yet"); }), std::runtime_error);
    once.call([&] { ++done; });
    once.call([&] { ++done; });
    EXPECT_EQ(done, 1);
}

/// Whoever comes back from the call sees what was done, whichever thread did it.
TEST(Once, ManyThreadsSeeOneResult) {
    for (int round = 0; round < 200; ++round) {
        Once once;
        int made = 0;
        std::vector<int> seen(4);
        std::vector<std::thread> threads;
        threads.reserve(seen.size());
        for (int& mine : seen) {
            threads.emplace_back([&once, &made, &mine] {
                once.call([&made] { made += 7; });
                mine = made;
            });
        }
        for (auto& thread : threads) {
            thread.join();
        }
        EXPECT_EQ(seen, std::vector<int>(4, 7));
    }
}

}  // namespace
}  // namespace meshproof
