// Every line as OpenBao 2.7.2 and Vault 1.14.1 answer.
#include "fakes/vault/pki/ground/uri.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace meshproof::fakes::vault::pki {
namespace {

TEST(RewrittenUri, IsWhatGoWrites) {
    const std::vector<std::pair<std::string, std::string>> rewritten = {
        {"SPIFFE://Example.org/A#f", "spiffe://Example.org/A#f"},
        {"spiffe://example.org/a#", "spiffe://example.org/a"},
        {"spiffe://example.org/a?", "spiffe://example.org/a?"},
        {"spiffe://example.org?x", "spiffe://example.org?x"},
        {"spiffe://example.org/a?b%zz", "spiffe://example.org/a?b%zz"},
        {"spiffe://example.org/a b", "spiffe://example.org/a%20b"},
        {"spiffe://example.org/a b%2f", "spiffe://example.org/a%20b/"},
        {"spiffe://example.org/a%2fb", "spiffe://example.org/a%2fb"},
        {"spiffe://example.org/a|b", "spiffe://example.org/a%7Cb"},
        {"spiffe://example.org/[a]", "spiffe://example.org/[a]"},
        {"spiffe://example.org/a/../b//c/", "spiffe://example.org/a/../b//c/"},
        {"spiffe://u:p@example.org:80/a", "spiffe://u:p@example.org:80/a"},
        {"spiffe://[2001:db8::1]/web", "spiffe://[2001:db8::1]/web"},
        {"spiffe://exa<mple.org/a", "spiffe://exa<mple.org/a"},
        {"spiffe:///web", "spiffe:///web"},
        {"spiffe:/example.org/web", "spiffe:/example.org/web"},
        {"spiffe://", "spiffe:"},
        {"//example.org/web", "//example.org/web"},
        {"foo:bar baz", "foo:bar baz"},
        {"", ""}};
    for (const auto& [uri, expected] : rewritten) {
        const auto found = rewritten_uri(uri);
        ASSERT_TRUE(found) << uri << ": " << found.error().message;
        EXPECT_EQ(*found, expected) << uri;
        EXPECT_EQ(trouble_with_uri(uri), "") << uri;
    }
}

TEST(TroubleWithUri, IsToldAsGoTellsIt) {
    const std::vector<std::pair<std::string, std::string>> troubles = {
        {"spiffe://ex%61mple.org/web", "invalid URL escape \"%61\""},
        {"spiffe://example.org/%zz", "invalid URL escape \"%zz\""},
        {"spiffe://example.org/a#b%zz", "invalid URL escape \"%zz\""},
        {"spiffe://exa mple.org/a", "invalid character \" \" in host name"},
        {"spiffe://exa|mple.org/a", "invalid character \"|\" in host name"},
        {"spiffe://example.org:x/a", "invalid port \":x\" after host"},
        {"spiffe://a b@example.org/a", "net/url: invalid userinfo"},
        {"spiffe://[::1/a", "missing ']' in host"},
        {"1spiffe://x/a", "first path segment in URL cannot contain colon"},
        {":a", "missing protocol scheme"},
        {"spiffe://example.org/a\tb", "net/url: invalid control character in URL"}};
    for (const auto& [uri, why] : troubles) {
        const auto told = trouble_with_uri(uri);
        EXPECT_TRUE(told.starts_with("x509: cannot parse URI \"") && told.ends_with(": " + why))
            << told;
        EXPECT_FALSE(rewritten_uri(uri)) << uri;
    }
    for (const std::string uri : {"spiffe://.a..b./web", "spiffe://example.org./a"}) {
        EXPECT_EQ(trouble_with_uri(uri), "x509: cannot parse URI \"" + uri + "\": invalid domain");
        EXPECT_TRUE(rewritten_uri(uri)) << uri;
    }
}

}  // namespace
}  // namespace meshproof::fakes::vault::pki
