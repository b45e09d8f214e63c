#include "fakes/vault/logical/router.hpp"

#include <gtest/gtest.h>

namespace meshproof::fakes::vault {
namespace {

TEST(Pattern, NamesRestsAndWhatMayBeAbsent) {
    EXPECT_EQ(Pattern("ca/pem").match("ca/pem"), Captures{});
    EXPECT_EQ(Pattern("ca").match("ca/"), std::nullopt);
    EXPECT_EQ(Pattern("ca").match("cab"), std::nullopt);
    EXPECT_EQ(Pattern("ca").match("c"), std::nullopt);
    EXPECT_EQ(Pattern("ca/pem").match("cab/pem"), std::nullopt);
    EXPECT_EQ(Pattern("roles/:name").match("roles/a.b"), (Captures{{"name", "a.b"}}));
    EXPECT_EQ(Pattern("roles/:name").match("roles/a b"), std::nullopt);
    EXPECT_EQ(Pattern("roles/:name").match("roles/a/b"), std::nullopt);
    EXPECT_EQ(Pattern("cert/:serial").match("cert/0a:FF-1"), (Captures{{"serial", "0a:FF-1"}}));
    EXPECT_EQ(Pattern("cert/:serial").match("cert/xy"), std::nullopt);

    EXPECT_EQ(Pattern("roles/?").match("roles"), Captures{});
    EXPECT_EQ(Pattern("roles/?").match("roles/"), Captures{});
    EXPECT_EQ(Pattern("sign/:role/?").match("sign/r/"), (Captures{{"role", "r"}}));
    EXPECT_EQ(Pattern("verbatim/:role?").match("verbatim"), (Captures{{"role", ""}}));
    EXPECT_EQ(Pattern("verbatim/:role?").match("verbatim/r"), (Captures{{"role", "r"}}));
    EXPECT_EQ(Pattern("verbatim/:role?").match("verbatim/a b"), std::nullopt);

    EXPECT_EQ(Pattern("ocsp/:request*").match("ocsp/"), (Captures{{"request", ""}}));
    EXPECT_EQ(Pattern("ocsp/:request*").match("ocsp/a/b="), (Captures{{"request", "a/b="}}));
    EXPECT_EQ(Pattern("ocsp/:request*").match("ocsp"), std::nullopt);
    EXPECT_EQ(Pattern("mounts/:path+").match("mounts/"), std::nullopt);
    EXPECT_EQ(Pattern("mounts/:path+").match("mounts/a/b/"), (Captures{{"path", "a/b/"}}));
    EXPECT_EQ(Pattern("mounts/:path+/tune").match("mounts/a/b/tune"), (Captures{{"path", "a/b"}}));
    EXPECT_EQ(Pattern("mounts/:path+/tune").match("mounts/tune"), std::nullopt);
}

TEST(Pattern, WhatAPathNeedsIsSeenBeforeItsNamesAre) {
    EXPECT_TRUE(Pattern("issuer/:ref/pem").covers("issuer/a b/pem"));
    EXPECT_TRUE(Pattern("auth/:path+").covers("auth/"));
    EXPECT_FALSE(Pattern("issuer/:ref/pem").covers("issuer/a/der"));
    EXPECT_FALSE(Pattern("auth/:path+").covers("auth"));
}

const Router<int>& router() {
    static const Router<int> table({
        {"keys", {{Operation::read, 1}}},
        {"keys/:name", {{Operation::read, 2}, {Operation::remove, 3}}},
        {"keys/:name", {{Operation::update, 4}}, {{{"bits", FieldType::integer}}}},
        {"keys/:path+", {{Operation::patch, 5}}, {}, Needs::sudo},
        {"open/:path*", {}, {}, Needs::nothing},
        {"looked-up",
         {{Operation::update, 6}},
         {{{"bits", FieldType::integer}}},
         Needs::token,
         true},
    });
    return table;
}

// "FUNCTION", or "STATUS TEXT" of the refusal.
std::string routed(Operation operation, std::string_view path, const Json& data = Json::object()) {
    const auto found = router().route(operation, path, data, Product::openbao);
    return found ? std::to_string(found->function)
                 : fmt::format("{} {}", found.error().status, found.error().text);
}

TEST(Router, RefusesThePathThenTheOperationThenTheFields) {
    const Json bad = {{"bits", "x"}};
    EXPECT_EQ(routed(Operation::read, "nothing", bad), "404 unsupported path");
    EXPECT_EQ(routed(Operation::read, "open/any"), "404 unsupported path");
    EXPECT_EQ(routed(Operation::list, "keys", bad), "405 unsupported operation");
    EXPECT_TRUE(
        routed(Operation::update, "keys/a", bad).starts_with("400 Field validation failed: "));
    EXPECT_TRUE(
        routed(Operation::update, "looked-up", bad).starts_with("400 error converting input"));
}

TEST(Router, TheFirstPatternThatFitsDecides) {
    EXPECT_EQ(routed(Operation::read, "keys"), "1");
    EXPECT_EQ(routed(Operation::read, "keys/a"), "2");
    EXPECT_EQ(routed(Operation::update, "keys/a"), "4");
    EXPECT_EQ(routed(Operation::create, "keys/a"), "4");
    EXPECT_EQ(routed(Operation::patch, "keys/a"), "405 unsupported operation");
    EXPECT_EQ(routed(Operation::patch, "keys/a/b"), "5");
}

TEST(Router, TellsWhatAPathNeeds) {
    EXPECT_TRUE(router().needs(Needs::nothing, "open/any"));
    EXPECT_TRUE(router().needs(Needs::sudo, "keys/a/b"));
    EXPECT_FALSE(router().needs(Needs::sudo, "keys"));
    EXPECT_FALSE(router().needs(Needs::nothing, "keys"));
}

TEST(Router, WhatThePathGivesCounts) {
    auto found = router().route(Operation::update, "keys/a",
                                {{"name", "b"}, {"odd", 1}, {"bits", 2}}, Product::openbao);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->path, (Captures{{"name", "a"}}));
    EXPECT_FALSE(found->fields.has("name"));
    EXPECT_EQ(found->fields.integer("bits"), 2);
    auto answer = BackendResponse::with(Json::object());
    found->fields.warn_unrecognized(answer);
    EXPECT_EQ(answer.warnings,
              (std::vector<std::string>{
                  "Endpoint ignored these unrecognized parameters: [odd]",
                  "Endpoint replaced the value of these parameters with the values captured from "
                  "the endpoint's path: [name]"}));
}

}  // namespace
}  // namespace meshproof::fakes::vault
