#include "cli/insistence.hpp"

#include <gtest/gtest.h>

namespace meshproof::cli {
namespace {

using std::chrono::microseconds;
using Meaning = Insistence::Meaning;

TEST(InsistenceTest, APairIsOneWish) {
    Insistence insistence;
    EXPECT_EQ(insistence.hear(std::chrono::hours(1)), Meaning::first);
    EXPECT_EQ(insistence.hear(std::chrono::hours(1)), Meaning::same);
    EXPECT_EQ(insistence.hear(std::chrono::hours(1) + microseconds(80)), Meaning::same);
}

TEST(InsistenceTest, ALaterOneIsAnother) {
    Insistence insistence;
    EXPECT_EQ(insistence.hear(Duration::zero()), Meaning::first);
    EXPECT_EQ(insistence.hear(Insistence::one_wish - microseconds(1)), Meaning::same);
    // Counted from the first, so that whoever presses all the time is heard.
    EXPECT_EQ(insistence.hear(Insistence::one_wish), Meaning::again);
}

}  // namespace
}  // namespace meshproof::cli
