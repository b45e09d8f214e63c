#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

class PathHelp : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        start();
        ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
        ASSERT_EQ(put("sys/auth/ar", {{"type", "approle"}}).status, 204);
    }
};
MESHPROOF_BOTH_PRODUCTS(PathHelp);

TEST_P(PathHelp, TellsARouteAndItsParameters) {
    const auto told = get("auth/ar/role/x/period?help=1");
    ASSERT_EQ(told.status, 200) << told.body;
    EXPECT_EQ(told.json["help"],
              "Request:        role/x/period\n"
              "Matching Route: ^role/(?P<role_name>\\w(([\\w-.]+)?\\w)?)/period$\n\n"
              "<no synopsis>\n\n"
              "## PARAMETERS\n"
              "\n    period (duration (sec))\n\n        <no description>\n"
              "\n    role_name (string)\n\n        <no description>\n"
              "\n    token_period (duration (sec))\n\n        <no description>\n");
    EXPECT_EQ(told.json["see_also"], Json());
    EXPECT_FALSE(told.json.contains("data"));
    const std::string whole = get("pki?help=1").json["help"];
    EXPECT_NE(whole.find("\n    ^roles/(?P<name>\\w(([\\w-.]+)?\\w)?)$\n"), std::string::npos);
    EXPECT_EQ(get("pki/").json.contains("help"), false);
}

TEST_P(PathHelp, IsForEveryTokenAndNotForNobody) {
    const auto token = token_with({"default"});
    for (const auto* path : {"pki/issue/x", "sys/audit", "pki/root"}) {
        EXPECT_EQ(get(path, token).status, 403) << path;
        EXPECT_EQ(get(std::string(path) + "?help=1", token).status, 200) << path;
        EXPECT_EQ(get(std::string(path) + "?help=1", "").status, 403) << path;
    }
    EXPECT_EQ(get("pki/ca?help=1", "").status, 200);
}

TEST_P(PathHelp, AsksForNothingWithoutAValue) {
    EXPECT_EQ(get("pki/issue/x?help").status, 405);
    EXPECT_EQ(put("pki/issue/x?help=0", "junk").status, 200);
    EXPECT_EQ(get("pki/nonsense?help=1").error(), "1 error occurred:\n\t* unsupported path\n\n");
    EXPECT_EQ(get("nowhere/x?help=1").status, 404);
}

}  // namespace meshproof::fakes::vault
