#include "conformance/preflight/policy_text.hpp"

#include <gtest/gtest.h>

namespace meshproof::preflight {
namespace {

using Words = std::vector<std::string>;

TEST(PolicyText, IsReadWithCommentsAndOldWords) {
    const auto paths = read_policy(
        "# path \"commented\" { capabilities = [\"root\"] }\n"
        "path \"pki_int*\" { capabilities = [\"read\", \"list\"] } // path \"no\" {}\n"
        "path \"pki_int/sign/mesh\" {\n  capabilities = [\"create\",\n    \"update\"]\n"
        "  allowed_parameters = { \"*\" = [] }\n}\n"
        "/* path \"neither\" { policy = \"sudo\" } */\n"
        "path \"old\" { policy = \"read\" }");
    ASSERT_EQ(paths.size(), 3U);
    EXPECT_EQ(paths[0].path, "pki_int*");
    EXPECT_EQ(paths[1].capabilities, (Words{"create", "update"}));
    EXPECT_EQ(paths[2].capabilities, (Words{"read", "list"}));
    EXPECT_EQ(read_policy("").size(), 0U);
    EXPECT_EQ(read_policy("path \"a").size(), 0U);
}

TEST(PolicyText, RepeatsAnArgumentOnlyWithinAStanza) {
    EXPECT_EQ(repeated_argument("path \"a\" {\n capabilities = [\"read\"]\n capabilities=[]\n}"),
              "capabilities");
    EXPECT_EQ(repeated_argument("path \"{{identity.entity.name}}\" { policy = \"read\"\n"
                                "policy = \"write\" }"),
              "policy");
    EXPECT_EQ(
        repeated_argument("path \"a\" { capabilities = [] }\npath \"b\" { capabilities = [] }"),
        "");
    EXPECT_EQ(repeated_argument("path \"a\" { capabilities = [\"x = 1\"]\n"
                                "allowed_parameters = { \"a\" = []\n \"b\" = [] }\n"
                                "# capabilities = []\n}"),
              "");
    EXPECT_EQ(repeated_argument(R"({"path": {"a": {"capabilities": ["read"]}}})"), "");
    EXPECT_TRUE(speaks_of("path \"a\" { denied_parameters = {} }", "denied_parameters"));
    EXPECT_FALSE(speaks_of("# denied_parameters\npath \"a\" {}", "denied_parameters"));
}

TEST(PolicyText, MayBeJson) {
    const auto paths = read_policy(R"({"path": {"a/b": {"capabilities": ["update"]}}})");
    ASSERT_EQ(paths.size(), 1U);
    EXPECT_EQ(paths[0].path, "a/b");
    EXPECT_EQ(paths[0].capabilities, (Words{"update"}));
}

TEST(PolicyText, WildcardsStandForSegmentsAndRests) {
    EXPECT_TRUE(stands_for("pki/sign/mesh", "pki/sign/mesh"));
    EXPECT_FALSE(stands_for("pki/sign", "pki/sign/mesh"));
    EXPECT_TRUE(stands_for("pki*", "pki_int/sign/mesh"));
    EXPECT_TRUE(stands_for("pki/+/mesh", "pki/sign/mesh"));
    EXPECT_FALSE(stands_for("pki/+", "pki/sign/mesh"));
    EXPECT_TRUE(stands_for("+/sign/*", "pki/sign/mesh"));
    EXPECT_TRUE(stands_for("*", "anything/at/all"));
}

TEST(PolicyText, TheMostSpecificPathCounts) {
    const std::vector<PolicyPath> paths{{"pki*", {"read"}},
                                        {"pki/sign/*", {"update"}},
                                        {"pki/sign/no", {"deny"}},
                                        {"pki/sign/twice", {"create"}},
                                        {"pki/sign/twice", {"update"}}};
    EXPECT_EQ(granted(paths, "pki/roles/a"), Words{"read"});
    EXPECT_EQ(granted(paths, "pki/sign/a"), Words{"update"});
    EXPECT_EQ(granted(paths, "pki/sign/no"), Words{});
    EXPECT_EQ(granted(paths, "pki/sign/twice"), (Words{"create", "update"}));
    EXPECT_EQ(granted(paths, "auth/token/create"), Words{});
}

}  // namespace
}  // namespace meshproof::preflight
