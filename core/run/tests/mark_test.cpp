#include "core/run/mark.hpp"

#include <gtest/gtest.h>

namespace meshproof::run {
namespace {

TEST(RunMark, RunIdsHaveTheirForm) {
    for (const auto* id : {"k3f9a2", "000000", "k3f9a2-ab12", "k3f9a2-probe", "k3f9a2-ab12-x"}) {
        EXPECT_TRUE(is_run_id(id)) << id;
    }
    for (const auto* word : {"", "k3f9a", "k3f9a2x", "whatever", "K3F9A2", "k3f9a2-", "k3f9a2_ab12",
                             "ca-of-team-x", "readers", "k3f9a2-A", "k3f9/a", "k3f9a2-a/b"}) {
        EXPECT_FALSE(is_run_id(word)) << word;
    }
}

TEST(RunMark, IsFoundInWhatCarriesIt) {
    const RunMark mark("k3f9a2-ab12");
    EXPECT_EQ(mark.text(), "meshproof.io/run=k3f9a2-ab12");
    EXPECT_EQ(RunMark::run_in(mark.text()), "k3f9a2-ab12");
    EXPECT_EQ(RunMark::run_in(mark.in_policy("path \"a\" {}")), "k3f9a2-ab12");
    EXPECT_EQ(RunMark::run_in("a CA (" + mark.text() + ")"), "k3f9a2-ab12");
    for (const auto* text : {"", "meshproof.io/run", "meshproof.io/run=", "meshproof.io/run=any",
                             "meshproof.io/run: k3f9a2", "our CA, see meshproof.io"}) {
        EXPECT_EQ(RunMark::run_in(text), "") << text;
    }
}

TEST(RunMark, BelongsToItsRunAlone) {
    EXPECT_TRUE(RunMark::belongs("k3f9a2", "k3f9a2"));
    EXPECT_TRUE(RunMark::belongs("k3f9a2-ab12", "k3f9a2"));
    EXPECT_TRUE(RunMark::belongs("k3f9a2-ab12", ""));
    EXPECT_FALSE(RunMark::belongs("k3f9a2", "k3f9a2-ab12"));
    EXPECT_FALSE(RunMark::belongs("k3f9a3", "k3f9a2"));
    EXPECT_FALSE(RunMark::belongs("whatever", ""));
    EXPECT_FALSE(RunMark::belongs("whatever", "whatever"));
}

}  // namespace
}  // namespace meshproof::run
