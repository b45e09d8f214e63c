#include "core/base/nearest.hpp"

#include <gtest/gtest.h>

namespace meshproof {
namespace {

TEST(NearestWord, IsTheOneThatIsMoreOfWhatWasTyped) {
    const std::vector<std::string> members{"leaf_ttl", "mesh_namespace", "name", "vaults"};
    EXPECT_EQ(nearest_word("nam", members), "name");
    EXPECT_EQ(nearest_word("namespace", members), "mesh_namespace");
    EXPECT_EQ(nearest_word("vault", members), "vaults");
    EXPECT_EQ(nearest_word("leaf_tl", members), "leaf_ttl");
}

TEST(NearestWord, IsAnotherCaseOfTheSame) {
    EXPECT_EQ(nearest_word("LIFECYCLE", {"flow", "lifecycle"}), "lifecycle");
    EXPECT_EQ(nearest_word("openbao", {"OpenBao"}), "OpenBao");
}

TEST(NearestWord, IsNoneWhereNothingIsNear) {
    EXPECT_EQ(nearest_word("", {"flow", "lifecycle"}), "");
    EXPECT_EQ(nearest_word("--", {"--seed"}), "");
    EXPECT_EQ(nearest_word("--vus", {"--slo", "--rate"}), "");
    EXPECT_EQ(suggestion("", {"red", "green"}), "known are red, green");
}

}  // namespace
}  // namespace meshproof
