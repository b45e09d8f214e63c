#include "core/time/prng.hpp"

#include <gtest/gtest.h>

#include <set>

namespace meshproof {
namespace {

TEST(Prng, SameSeedSameDraws) {
    Prng a(7), b(7);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(a.next(), b.next());
    }
}

// mt19937_64 is specified bit for bit: the 10000th draw of the default seed is in the standard.
TEST(Prng, IsTheStandardEngine) {
    Prng prng(5489);
    std::uint64_t last = 0;
    for (int i = 0; i < 10000; ++i) {
        last = prng.next();
    }
    EXPECT_EQ(last, 9981545732273789042U);
}

TEST(Prng, ForksDependOnNameAndSeedOnly) {
    Prng a(7);
    const auto before = a.fork("vault").next();
    (void)a.next();
    EXPECT_EQ(a.fork("vault").next(), before);
    EXPECT_NE(a.fork("kube").next(), before);
    EXPECT_NE(Prng(8).fork("vault").next(), before);
}

TEST(Prng, StaysInItsBounds) {
    Prng prng(1);
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto n = prng.below(10);
        ASSERT_LT(n, 10U);
        seen.insert(n);
        const auto u = prng.unit();
        ASSERT_GE(u, 0.0);
        ASSERT_LT(u, 1.0);
        const auto d = prng.between(std::chrono::seconds(1), std::chrono::seconds(2));
        ASSERT_GE(d, std::chrono::seconds(1));
        ASSERT_LE(d, std::chrono::seconds(2));
    }
    EXPECT_EQ(seen.size(), 10U);
}

}  // namespace
}  // namespace meshproof
