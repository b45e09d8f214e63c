#include "core/base/text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "core/base/json_text.hpp"
#include "core/base/secret.hpp"

namespace meshproof {
namespace {

TEST(Base64, KnownAnswersOfRfc4648) {
    const std::vector<std::pair<std::string, std::string>> known = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : known) {
        EXPECT_EQ(to_base64(plain), encoded);
        EXPECT_EQ(from_base64(encoded), plain);
    }
    EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
    EXPECT_EQ(from_base64url("-_8"), "\xfb\xff");
    EXPECT_FALSE(from_base64("Zg="));
    EXPECT_FALSE(from_base64("Z!=="));
    EXPECT_FALSE(from_base64url("A"));
}

TEST(Text, SplitsJoinsTrims) {
    EXPECT_EQ(split("a//b", '/'), (std::vector<std::string>{"a", "", "b"}));
    EXPECT_EQ(join(std::vector<std::string>{"a", "b"}, ", "), "a, b");
    EXPECT_EQ(trim(" a b\n"), "a b");
    EXPECT_EQ(trim("\n"), "");
    EXPECT_EQ(to_hex(as_bytes("\x01\xab")), "01ab");
}

TEST(Files, AreWrittenWholeOrNotAtAll) {
    const auto folder = std::filesystem::temp_directory_path() / "meshproof-text-test";
    std::filesystem::create_directories(folder);
    const auto path = (folder / "a").string();
    ASSERT_TRUE(write_file(path, "one", 0600));
    ASSERT_TRUE(write_file(path, "two", 0600));
    EXPECT_EQ(read_file(path).value(), "two");
    EXPECT_FALSE(write_file((folder / "absent" / "a").string(), "x"));
    EXPECT_FALSE(read_file((folder / "absent").string()));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
    std::filesystem::remove_all(folder);
}

TEST(Secret, DoesNotPrintItsText) {
    EXPECT_EQ(fmt::format("{}", Secret("s.very-secret")), "[secret]");
}

TEST(JsonText, DepthCountsBracketsOutsideOfTexts) {
    const std::string deep(deepest_json + 1, '[');
    EXPECT_TRUE(too_deep(deep));
    EXPECT_FALSE(too_deep(deep.substr(1)));
    EXPECT_FALSE(too_deep("\"" + deep + "\""));
    EXPECT_FALSE(too_deep("[\"\\\"" + deep + "\"]"));
    std::string wide;
    for (std::size_t i = 0; i <= deepest_json; ++i) {
        wide += "[]";
    }
    EXPECT_FALSE(too_deep(wide));
}

TEST(JsonText, WhatIsNoUtf8IsReplaced) {
    EXPECT_EQ(valid_utf8("a\xc3\xa4"), "a\xc3\xa4");
    EXPECT_EQ(valid_utf8("a\xff"), "a\xef\xbf\xbd");
}

}  // namespace
}  // namespace meshproof
