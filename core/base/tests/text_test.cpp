#include "core/base/text.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "core/base/json_text.hpp"
#include "core/base/markdown.hpp"
#include "core/base/secret.hpp"
#include "core/base/tests/temporary_folder.hpp"
#include "core/base/utf8.hpp"

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

TEST(Text, StarsStandForAnyText) {
    EXPECT_TRUE(fits_pattern("", ""));
    EXPECT_TRUE(fits_pattern("*", ""));
    EXPECT_TRUE(fits_pattern("*", "a/b"));
    EXPECT_TRUE(fits_pattern("a*c", "abc"));
    EXPECT_TRUE(fits_pattern("a*c*", "a-c-c-d"));
    EXPECT_TRUE(fits_pattern("*ab", "aab"));
    EXPECT_FALSE(fits_pattern("", "a"));
    EXPECT_FALSE(fits_pattern("a", ""));
    EXPECT_FALSE(fits_pattern("a*c", "abd"));
    EXPECT_FALSE(fits_pattern("*b", "ba"));
    EXPECT_FALSE(fits_pattern("a", "aa"));
    EXPECT_TRUE(fits_pattern("*a*b*", "xaaxbx"));
    EXPECT_TRUE(fits_pattern("a*bc", "abxbc"));
    EXPECT_TRUE(fits_pattern("a**", "a"));
    // Linear in the text even where many stars could each take it.
    EXPECT_FALSE(fits_pattern("*a*a*a*a*a*a*a*a*b", std::string(60'000, 'a')));
}

TEST(Text, PathsBecomeUrisThatMeanThem) {
    EXPECT_EQ(path_as_uri("mesh/account.yaml"), "mesh/account.yaml");
    EXPECT_EQ(path_as_uri("/etc/mesh 1.yaml"), "file:///etc/mesh%201.yaml");
    EXPECT_EQ(path_as_uri("my mesh/a#b?.yaml"), "my%20mesh/a%23b%3F.yaml");
    EXPECT_EQ(path_as_uri("50%/\xc3\xa9"), "50%25/%C3%A9");
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

TEST(Files, AreReadWhereTheyHaveAnEnd) {
    const auto endless = read_file("/dev/zero", 1U << 20);
    ASSERT_FALSE(endless);
    EXPECT_EQ(endless.error().message, "cannot read /dev/zero: it holds more than 1 MiB");
    const TemporaryFolder folder;
    const auto pipe = folder.path() + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const auto waiting = read_file(pipe);  // nobody writes: it would hang
    ASSERT_FALSE(waiting);
    EXPECT_NE(waiting.error().message.find("named pipe"), std::string::npos);
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    ASSERT_EQ(::write(ends[1], "text", 4), 4);
    ::close(ends[1]);
    EXPECT_EQ(read_file(fmt::format("/dev/fd/{}", ends[0])).value(), "text");
    ::close(ends[0]);
    const auto exact = folder.write("exact", "12345678");
    EXPECT_EQ(read_file(exact, 8).value(), "12345678");
    EXPECT_FALSE(read_file(exact, 7));
}

TEST(Files, ReplaceNothingButFiles) {
    const TemporaryFolder folder;
    const auto file = folder.write("file", "kept");
    const auto link = folder.path() + "/link", dangling = folder.path() + "/dangling",
               null = folder.path() + "/null", pipe = folder.path() + "/pipe";
    std::filesystem::create_symlink(file, link);
    std::filesystem::create_symlink(folder.path() + "/nothing", dangling);
    std::filesystem::create_symlink("/dev/null", null);
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    const int reader = open(pipe.c_str(), O_RDWR);

    for (const auto& refused : {link, dangling}) {
        const auto written = write_file(refused, "new");
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().message,
                  "cannot write " + refused + ": expected a file, and it is a symbolic link");
        EXPECT_TRUE(std::filesystem::is_symlink(refused));
    }
    EXPECT_EQ(read_file(file).value(), "kept");
    EXPECT_FALSE(std::filesystem::exists(dangling));
    EXPECT_TRUE(write_file(null, "new"));
    EXPECT_TRUE(std::filesystem::is_symlink(null));
    EXPECT_TRUE(write_file(pipe, "new"));
    EXPECT_TRUE(std::filesystem::is_fifo(pipe));
    std::array<char, 8> buffer{};
    EXPECT_EQ(read(reader, buffer.data(), buffer.size()), 3);
    close(reader);
    EXPECT_FALSE(write_file("/dev/full", "new"));
    EXPECT_FALSE(write_file(folder.path(), "new"));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 5);
}

TEST(Files, AreWrittenUnderNamesThatNobodyPlanted) {
    const TemporaryFolder folder;
    const auto victim = folder.write("victim", "kept");
    const auto path = folder.path() + "/a";
    std::filesystem::create_symlink(victim, fmt::format("{}.{}.0.tmp", path, getpid()));
    folder.write(fmt::format("a.{}.1.tmp", getpid()), "");
    std::filesystem::permissions(fmt::format("{}.{}.1.tmp", path, getpid()),
                                 std::filesystem::perms::all);
    ASSERT_TRUE(write_file(path, "secret", 0600));
    EXPECT_EQ(read_file(victim).value(), "kept");
    EXPECT_EQ(read_file(path).value(), "secret");
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(Text, IsCutBetweenCharacters) {
    const std::string text = "a\u00e9\u20ac\U0001f600z";  // 1, 2, 3, 4 and 1 bytes
    const std::size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (std::size_t most = 0; most < std::size(ends); ++most) {
        EXPECT_EQ(head_of(text, most), text.substr(0, ends[most])) << most;
    }
    EXPECT_EQ(head_of(std::string(9, '\x80'), 5).size(), 2) << "what is no text is cut as well";
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

TEST(Counted, HasItsNounInTheRightNumber) {
    EXPECT_EQ(counted(0, "pod").text(), "0 pods");
    EXPECT_EQ(counted(1, "pod").text(), "1 pod");
    EXPECT_EQ(counted(2, "pod").text(), "2 pods");
    EXPECT_EQ(fmt::format("{} and {}", counted(1, "leaf", "leaves"), counted(2, "leaf", "leaves")),
              "1 leaf and 2 leaves");
}

TEST(MarkdownText, DoesNotLeaveItsCell) {
    EXPECT_EQ(markdown_text("a|b `c` <d> [e] *f* g_h \\|"),
              "a\\|b \\`c\\` \\<d> \\[e] \\*f\\* g\\_h \\\\\\|");
    // Each ends a line to a parser, and with it the row.
    EXPECT_EQ(markdown_text("a\nb\rc\r\nd"), "a b c d");
    EXPECT_EQ(markdown_text("\xff\xc3\xa4"), "\xef\xbf\xbd\xc3\xa4");
    EXPECT_EQ(markdown_text(""), "");
}

}  // namespace
}  // namespace meshproof
