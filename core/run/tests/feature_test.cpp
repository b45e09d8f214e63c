#include "core/run/feature.hpp"

#include <gtest/gtest.h>

namespace meshproof::run {
namespace {

TEST(Feature, WhatIsMissingIsSaidWithItsReason) {
    const std::set<Feature> there = {Feature::vault, Feature::raft};
    EXPECT_EQ(missing_of({}, there), "");
    EXPECT_EQ(missing_of({Feature::raft}, there), "");
    EXPECT_EQ(missing_of({Feature::raft, Feature::nodes}, there), missing_reason(Feature::nodes));
}

TEST(Feature, EachHasANameAndAReasonOfItsOwn) {
    std::set<std::string_view> names, reasons;
    int count = 0;
    for (auto i = 0; i <= static_cast<int>(Feature::patience); ++i) {
        names.insert(to_string(static_cast<Feature>(i)));
        reasons.insert(missing_reason(static_cast<Feature>(i)));
        ++count;
    }
    EXPECT_EQ(names.size(), count);
    EXPECT_EQ(reasons.size(), count);
}

}  // namespace
}  // namespace meshproof::run
