#include "core/base/memory_reserve.hpp"

#include <gtest/gtest.h>

#include <new>

namespace meshproof {
namespace {

TEST(MemoryReserve, IsGivenAwayOnceAndKeptAgain) {
    const auto before = std::get_new_handler();
    EXPECT_FALSE(memory_reserve::spent());  // nobody keeps one
    memory_reserve::keep();
    EXPECT_FALSE(memory_reserve::spent());
    const auto give_away = std::get_new_handler();
    ASSERT_NE(give_away, nullptr);
    EXPECT_NO_THROW(give_away());
    EXPECT_THROW(give_away(), std::bad_alloc);  // until somebody looks, and there is memory
    EXPECT_FALSE(memory_reserve::spent());
    EXPECT_NO_THROW(give_away());
    std::set_new_handler(before);
}

}  // namespace
}  // namespace meshproof
