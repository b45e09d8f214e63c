#include "core/base/held_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/tests/temporary_folder.hpp"

namespace meshproof {
namespace {

using Answer = HeldFolder::Answer;

TEST(HeldFolder, IsOnesOwnUntilItsEnd) {
    const TemporaryFolder folder;
    HeldFolder other;
    {
        HeldFolder one;
        EXPECT_EQ(one.hold(folder.path()), Answer::held);
        EXPECT_EQ(other.hold(folder.path()), Answer::taken);
        EXPECT_EQ(one.hold(folder.path()), Answer::held) << "it gives way to itself";
    }
    EXPECT_EQ(other.hold(folder.path()), Answer::held);
}

TEST(HeldFolder, IsNotWhatHasBeenRemoved) {
    const TemporaryFolder folder;
    const auto path = folder.path() + "/within";
    HeldFolder one;
    EXPECT_EQ(one.hold(path), Answer::gone);
    std::filesystem::create_directory(path);
    EXPECT_EQ(one.hold(path), Answer::held);
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    HeldFolder other;
    EXPECT_EQ(other.hold(path), Answer::held) << "another folder of that name";
}

}  // namespace
}  // namespace meshproof
