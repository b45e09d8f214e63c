#include "perf/load/seen_serials.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace meshproof::load {
namespace {

std::string serial(int number) {
    return fmt::format("{:02x}:{:02x}:{:02x}:00:11:22", number >> 16 & 255, number >> 8 & 255,
                       number & 255);
}

TEST(SeenSerials, KnowsEachAgainHoweverManyCame) {
    constexpr int many = 200'000;
    SeenSerials seen;
    for (int i = 0; i < many; ++i) {
        ASSERT_TRUE(seen.insert(serial(i))) << i;
    }
    EXPECT_EQ(seen.size(), std::size_t{many});
    for (int i = 0; i < many; ++i) {
        ASSERT_FALSE(seen.insert(serial(i))) << i;
    }
    EXPECT_EQ(seen.size(), std::size_t{many});
}

TEST(SeenSerials, TakesAFewBytesForEach) {
    SeenSerials seen;
    for (int i = 0; i < 100'000; ++i) {
        (void)seen.insert(serial(i));
    }
    EXPECT_LE(seen.bytes(), 22U * 100'000);
}

}  // namespace
}  // namespace meshproof::load
