#include "conformance/mutation/sites.hpp"

#include <gtest/gtest.h>

namespace meshproof::conformance::mutation {
namespace {

constexpr std::string_view source = R"text(int f(Probe& probe) {
    probe.expect_status(reply, 200);
    probe.expect(a(1) == ")",
                 "a \" text");
    if (!probe.expect_error(reply, 400, R"((")")) {
        probe.give_up("over");
    }
})text";

TEST(Sites, AreFoundWithTheirLines) {
    const auto sites = sites_in("a.cpp", source);
    ASSERT_EQ(sites.size(), 4U);
    EXPECT_EQ(sites[0].at.line, 2U);
    EXPECT_EQ(sites[0].last, 2U);
    EXPECT_EQ(sites[1].at.line, 3U);
    EXPECT_EQ(sites[1].last, 4U);
    EXPECT_EQ(sites[2].at.line, 5U);
    EXPECT_EQ(sites[3].at.line, 6U);
}

TEST(Sites, WithoutAPlayAreUnreached) {
    const auto sites = sites_in("a.cpp", source);
    const std::set<At> noted = {{"a.cpp", 2, 5}, {"a.cpp", 4, 18}, {"b.cpp", 5, 1}};
    const auto found = unreached(sites, noted);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].line, 5U);
    EXPECT_EQ(found[1].line, 6U);
}

}  // namespace
}  // namespace meshproof::conformance::mutation
