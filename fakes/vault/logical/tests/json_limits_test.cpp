#include "fakes/vault/logical/json_limits.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace meshproof::fakes::vault {

namespace {

// A list of so many of these values.
std::string list_of(std::size_t count, std::string_view value) {
    std::string list = "[";
    for (std::size_t i = 0; i < count; ++i) {
        list += value;
        list += i + 1 < count ? "," : "]";
    }
    return list;
}

std::string excess(const std::string& text) {
    return json_excess(text, Product::openbao);
}

}  // namespace

TEST(JsonLimits, CountsTextsAndKeys) {
    const auto* told =
        "refused JSON input due to high complexity: exceeded maximum number of strings";
    EXPECT_EQ(excess(list_of(1000, "\"x\"")), "");
    EXPECT_EQ(excess(list_of(1001, "\"x\"")), told);
    EXPECT_EQ(excess(list_of(500, R"({"a":"b"})")), "");
    EXPECT_EQ(excess(list_of(501, R"({"a":"b"})")), told);
    EXPECT_EQ(excess(list_of(1000, R"("\"\\")")), "");
    EXPECT_EQ(json_excess(list_of(1001, "\"x\""), Product::vault), "");
    EXPECT_EQ(json_excess(list_of(200'001, "\"x\""), Product::vault), told);
}

// Measured on OpenBao 2.7.2: of these bodies it takes the first and refuses the second.
TEST(JsonLimits, EstimatesWhatTheValuesTake) {
    const auto body = [](std::size_t objects) {
        return R"({"policy":"path \"x\" {}","a":)" + list_of(objects, "{}") + "}";
    };
    const auto* told =
        "refused JSON input due to high complexity: exceeded maximum estimated memory limits";
    EXPECT_EQ(excess(body(387'255)), "");
    EXPECT_EQ(excess(body(387'256)), told);
    EXPECT_EQ(json_excess(body(387'256), Product::vault), told);
    EXPECT_EQ(excess(list_of(1'500'000, "1")), told);
    EXPECT_EQ(excess(list_of(1'400'000, "-1.5e9")), "");
    EXPECT_EQ(excess(list_of(2'100'000, "null")), told);
    EXPECT_EQ(excess(list_of(1'900'000, "false")), "");
    EXPECT_EQ(excess("\"" + std::string(31U << 20, '[') + "\""), "");
}

TEST(JsonLimits, WhatIsNoJsonEndsToo) {
    for (const auto* text : {"", "\"", "\"\\", "t", "nul", "-", "{\"a\": [", "]"}) {
        EXPECT_EQ(excess(text), "") << text;
    }
}

TEST(JsonLimits, CountsFieldsOfForms) {
    const auto fields = [](std::size_t count) {
        std::string form = "a";
        for (std::size_t i = 1; i < count; ++i) {
            form += "&a";
        }
        return form;
    };
    EXPECT_FALSE(too_many_fields(fields(10'000), Product::openbao));
    EXPECT_TRUE(too_many_fields(fields(10'001), Product::openbao));
    EXPECT_FALSE(too_many_fields(fields(10'001), Product::vault));
    EXPECT_TRUE(too_many_fields(fields(50'001), Product::vault));
}

}  // namespace meshproof::fakes::vault
