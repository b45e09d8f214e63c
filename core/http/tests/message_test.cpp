#include "core/http/message.hpp"

#include <gtest/gtest.h>

namespace meshproof::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(Headers, FindsWithoutRegardToCase) {
    const Headers headers{{"Content-Type", "a"}, {"X-Two", "1"}, {"x-two", "2"}};
    EXPECT_EQ(headers.find("content-type"), "a");
    EXPECT_EQ(headers.find("X-TWO"), "1");
    EXPECT_EQ(headers.find("absent"), std::nullopt);
}

TEST(Headers, SetReplacesAllAddKeepsRemoveForgets) {
    Headers headers{{"A", "1"}, {"a", "2"}};
    headers.set("A", "3");
    EXPECT_EQ(headers.fields(), (Pairs{{"A", "3"}}));
    headers.add("a", "4");
    EXPECT_EQ(headers.fields(), (Pairs{{"A", "3"}, {"a", "4"}}));
    headers.remove("a");
    EXPECT_TRUE(headers.fields().empty());
}

TEST(Headers, RetryAfterIsReadInSeconds) {
    EXPECT_EQ(retry_after({{"retry-after", "120"}}), std::chrono::seconds(120));
    EXPECT_EQ(retry_after({{"Retry-After", "0"}}), std::chrono::seconds(0));
    for (const auto* text :
         {"", "soon", "-1", "1.5", " 7", "99999999999999999999", "Fri, 31 Dec 2027 23:59:59 GMT"}) {
        EXPECT_FALSE(retry_after({{"Retry-After", text}})) << text;
    }
    EXPECT_FALSE(retry_after({}));
    EXPECT_LT(retry_after({{"Retry-After", "9000000000000000000"}}), std::chrono::years(101));
}

TEST(Request, OnlyWhatReadsIsRepeatable) {
    for (const auto* method : {"GET", "HEAD", "OPTIONS", "LIST"}) {
        EXPECT_TRUE(repeatable(method)) << method;
    }
    for (const auto* method : {"PUT", "POST", "PATCH", "DELETE", "get", ""}) {
        EXPECT_FALSE(repeatable(method)) << method;
    }
}

struct UrlCase {
    const char* text;
    Url url;
};

TEST(UrlTest, ParsesWhatPeopleWrite) {
    const UrlCase cases[] = {
        {"https://vault.example.com", {"https", "vault.example.com", 443, ""}},
        {"http://vault.example.com/", {"http", "vault.example.com", 80, ""}},
        {"HTTPS://Vault.Example.com:8200/ns1/", {"https", "vault.example.com", 8200, "/ns1"}},
        {"https://[::1]:8200", {"https", "::1", 8200, ""}},
        {"https://127.0.0.1:/a/b", {"https", "127.0.0.1", 443, "/a/b"}},
        {"http://h/a%20b", {"http", "h", 80, "/a%20b"}},
    };
    for (const auto& one : cases) {
        const auto url = Url::parse(one.text);
        ASSERT_TRUE(url) << one.text << ": " << url.error().message;
        EXPECT_EQ(*url, one.url) << one.text << " became " << url->text();
        EXPECT_EQ(*Url::parse(url->text()), *url) << one.text;
    }
}

TEST(UrlTest, TextAndOrigin) {
    const Url url{"https", "::1", 8200, "/v1"};
    EXPECT_EQ(url.origin(), "https://[::1]:8200");
    EXPECT_EQ(url.text(), "https://[::1]:8200/v1");
}

TEST(UrlTest, RefusesWithAReason) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "not a URL"},
        {"vault.example.com", "not a URL"},
        {"vault:8200", "expected http://"},
        {"ftp://h", "scheme ftp"},
        {"http://a%20b", "no name and no address"},
        {"http://a&b", "no name and no address"},
        {"http://[v1.x]", "no name and no address"},
        {"https://", "no host"},
        {"https://h:0", "port"},
        {"https://h:65536", "port"},
        {"https://127.0.0.1:99999", "port"},
        {"https://h:4294967297", "port"},
        {"https://h:65536", "port"},
        {"https://h:x", "not a URL"},
        {"https://h/a b", "not a URL"},
        {"https://h/?a=1", "query"},
        {"https://h/#a", "fragment"},
    };
    for (const auto& [text, reason] : cases) {
        const auto url = Url::parse(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().kind, FailureKind::invalid);
        EXPECT_NE(url.error().message.find(reason), std::string::npos) << url.error().message;
    }
}

TEST(UrlTest, NeverRepeatsAPassword) {
    const auto url = Url::parse("https://root:hunter2@h");
    ASSERT_FALSE(url);
    EXPECT_EQ(url.error().message.find("hunter2"), std::string::npos);
}

TEST(UrlTest, Loopback) {
    for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"}) {
        EXPECT_TRUE((Url{"http", host, 80, ""}.loopback())) << host;
    }
    for (const char* host : {"localhost.example.com", "128.0.0.1", "10.0.0.1", "::2", "127.0.0"}) {
        EXPECT_FALSE((Url{"http", host, 80, ""}.loopback())) << host;
    }
}

TEST(Percent, EncodesAllButUnreserved) {
    EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encode("spiffe://a/b c%"), "spiffe%3A%2F%2Fa%2Fb%20c%25");
    EXPECT_EQ(percent_encode("\xc3\xa9"), "%C3%A9");
}

TEST(Percent, DecodesOrSaysNo) {
    EXPECT_EQ(percent_decode("a%2Fb%2f%00"), std::string("a/b/\0", 5));
    EXPECT_EQ(percent_decode("a+b"), "a+b");
    EXPECT_EQ(percent_decode("%"), std::nullopt);
    EXPECT_EQ(percent_decode("%2"), std::nullopt);
    EXPECT_EQ(percent_decode("%zz"), std::nullopt);
}

TEST(Query, ParsesInOrder) {
    EXPECT_EQ(parse_query(""), Pairs{});
    EXPECT_EQ(parse_query("list=true"), (Pairs{{"list", "true"}}));
    EXPECT_EQ(parse_query("b=1&a=2&b=3"), (Pairs{{"b", "1"}, {"a", "2"}, {"b", "3"}}));
    EXPECT_EQ(parse_query("a&&=x&b="), (Pairs{{"a", ""}, {"", "x"}, {"b", ""}}));
    EXPECT_EQ(parse_query("a+b=c%26d%3De"), (Pairs{{"a b", "c&d=e"}}));
    EXPECT_EQ(parse_query("a=b=c"), (Pairs{{"a", "b=c"}}));
    EXPECT_EQ(parse_query("a=%zz&b=%20"), (Pairs{{"a", "%zz"}, {"b", " "}}));
}

}  // namespace
}  // namespace meshproof::http
