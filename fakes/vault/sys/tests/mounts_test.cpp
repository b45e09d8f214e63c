#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

using namespace std::chrono_literals;

class Mounts : public BothProducts {};
MESHPROOF_BOTH_PRODUCTS(Mounts);

TEST_P(Mounts, EnableListTuneDisable) {
    EXPECT_EQ(put("sys/mounts/pki",
                  {{"type", "pki"}, {"config", {{"max_lease_ttl", ""}, {"options", Json()}}}})
                  .status,
              204);
    const auto all = get("sys/mounts").json;
    EXPECT_EQ(all["pki/"]["config"]["max_lease_ttl"], 0);
    EXPECT_EQ(all["data"]["pki/"], all["pki/"]);
    EXPECT_EQ(get("sys/mounts/pki/tune").data()["max_lease_ttl"], 2764800);
    EXPECT_EQ(put("sys/mounts/pki/tune", {{"max_lease_ttl", "8760h"}}).status, 204);
    EXPECT_EQ(get("sys/mounts/pki/tune").data()["max_lease_ttl"], 31536000);
    EXPECT_EQ(
        put("sys/mounts/pki/tune", {{"max_lease_ttl", 1800}, {"default_lease_ttl", 2400}}).error(),
        "backend max lease TTL of 1800 would be less than backend default lease TTL of 2400");
    EXPECT_EQ(put("sys/mounts/pki/tune", {{"max_lease_ttl", "xx"}}).error(),
              "time: invalid duration \"xx\"");
    EXPECT_EQ(put("sys/mounts/x/tune", {{"max_lease_ttl", "1h"}}).error(),
              "tune of path \"x/\" failed: no mount entry found");
    EXPECT_EQ(get("sys/mounts/x/tune").error(), "cannot fetch sysview for path \"x/\"");
    EXPECT_EQ(get("sys/mounts/x").error(), "No secret engine mount at x/");
    EXPECT_EQ(remove("sys/mounts/pki").status, 204);
    EXPECT_EQ(remove("sys/mounts/pki").status, 204);
    EXPECT_EQ(get("pki/ca", "").error(), "permission denied");
    EXPECT_EQ(get("pki/ca").error(), "no handler for route \"pki/ca\". route entry not found.");
}

TEST_P(Mounts, PathsInUseAreRefused) {
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    for (const auto* path : {"pki", "pki/a"}) {
        const auto taken = put(std::string("sys/mounts/") + path, {{"type", "pki"}});
        EXPECT_EQ(taken.status, 400);
        EXPECT_EQ(taken.error(), "path is already in use at pki/");
    }
    ASSERT_EQ(put("sys/auth/a/b", {{"type", "kubernetes"}}).status, 204);
    EXPECT_EQ(put("sys/auth/a", {{"type", "kubernetes"}}).error(),
              "path is already in use at a/b/");
    EXPECT_EQ(put("sys/mounts/y", {{"type", "foo"}}).error(),
              "plugin not found in the catalog: foo");
    EXPECT_EQ(put("sys/mounts/y").error(), "backend type must be specified as a string");
    EXPECT_EQ(put("sys/mounts/sys", {{"type", "pki"}}).error(), "cannot mount \"sys/\"");
    EXPECT_EQ(remove("sys/auth/token").error(), "token credential backend cannot be disabled");
    EXPECT_EQ(get("sys/auth/x").error(), "No auth engine at x/");
}

TEST_P(Mounts, TheCliCanAskWhereAPathBelongs) {
    ASSERT_EQ(put("sys/mounts/pki_int", {{"type", "pki"}}).status, 204);
    EXPECT_EQ(get("sys/internal/ui/mounts/pki_int/sign/r").data()["path"], "pki_int/");
    EXPECT_EQ(get("sys/internal/ui/mounts/pki_int", "").error(), "permission denied");
    const auto refused = get("sys/internal/ui/mounts/pki_int", token_with({"default"}));
    EXPECT_EQ(refused.status, 403);
    EXPECT_TRUE(refused.error().starts_with("preflight capability check returned 403"));
    policy("p", "path \"pki_int/sign/r\" { capabilities = [\"update\"] }");
    EXPECT_EQ(get("sys/internal/ui/mounts/pki_int", token_with({"p"})).status, 200);
}

TEST_P(Mounts, OptionsReadBackAsTheyWereGiven) {
    ASSERT_EQ(put("sys/mounts/none", {{"type", "pki"}}).status, 204);
    EXPECT_EQ(get("sys/mounts/none").data()["options"], Json::object());
    ASSERT_EQ(put("sys/mounts/null", {{"type", "pki"}, {"options", nullptr}}).status, 204);
    EXPECT_EQ(get("sys/mounts/null").data()["options"], nullptr);
}

TEST_P(Mounts, Remount) {
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    const auto moved = put("sys/remount", {{"from", "pki"}, {"to", "other"}}).data();
    const auto id = moved.at("migration_id").get<std::string>();
    EXPECT_EQ(get("sys/mounts/other").data()["options"], Json::object());
    const auto migration = get("sys/remount/status/" + id).data()["migration_info"];
    EXPECT_EQ(migration["target_mount"], "other/");
    EXPECT_EQ(migration["status"], "success");
    EXPECT_EQ(get("sys/remount/status/x").status, 404);
    EXPECT_EQ(put("sys/remount", {{"from", "pki"}, {"to", "b"}}).error(),
              "no matching mount at \"pki/\"");
}

TEST_P(Mounts, QuotasLimitBeforeAuthorisation) {
    EXPECT_EQ(put("sys/quotas/rate-limit/q", {{"rate", 0}}).error(), "'rate' is invalid");
    EXPECT_EQ(put("sys/quotas/rate-limit/q", {{"rate", 2}, {"path", "x/"}}).error(),
              "invalid mount path \"x/\"");
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    ASSERT_EQ(put("sys/quotas/rate-limit/q", {{"rate", 2}, {"path", "pki/"}}).status, 204);
    EXPECT_EQ(get("sys/quotas/rate-limit/q").data().contains("inheritable"), openbao());
    EXPECT_NE(get("pki/roles/r", "bad").status, 429);
    EXPECT_NE(get("pki/roles/r", "bad").status, 429);
    const auto over = get("pki/roles/r", "bad");
    EXPECT_EQ(over.status, 429);
    EXPECT_EQ(over.error(), "request path \"pki/roles/r\": rate limit quota exceeded");
    EXPECT_FALSE(over.headers.find("Retry-After"));
    EXPECT_EQ(get("sys/mounts").status, 200);
    pass(1s);
    EXPECT_NE(get("pki/roles/r", "bad").status, 429);
    ASSERT_EQ(put("sys/quotas/config", {{"enable_rate_limit_response_headers", true}}).status, 204);
    EXPECT_EQ(get("pki/roles/r").headers.find("X-Ratelimit-Limit"), "2");
    EXPECT_TRUE(get("pki/roles/r").headers.find("Retry-After"));
}

TEST_P(Mounts, Namespaces) {
    const auto within = [&](std::string path, std::string token = "root") {
        return ask({.method = "GET",
                    .path = std::move(path),
                    .token = std::move(token),
                    .headers = {{"X-Vault-Namespace", "ns1"}}});
    };
    if (!openbao()) {
        // Echoed and otherwise ignored.
        EXPECT_EQ(within("sys/mounts").status, 200);
        EXPECT_EQ(within("sys/mounts").headers.find("X-Vault-Namespace"), "ns1");
        EXPECT_EQ(within("sys/health", "").status, 200);
        EXPECT_EQ(put("sys/namespaces/ns1").error(), "enterprise-only feature");
        return;
    }
    EXPECT_EQ(within("sys/mounts", "bad").error(), "namespace not found");
    EXPECT_EQ(within("sys/mounts").status, 404);
    EXPECT_EQ(within("sys/health", "").error(), "operation unavailable in namespaces");
    EXPECT_EQ(within("sys/seal-status", "").status, 200);
    ASSERT_EQ(put("sys/namespaces/ns1").status, 200);
    ASSERT_EQ(put("ns1/sys/mounts/pki", {{"type", "pki"}}).status, 204);
    EXPECT_TRUE(within("sys/mounts").json.contains("pki/"));
    EXPECT_FALSE(get("sys/mounts").json.contains("pki/"));
    const auto id = get("sys/namespaces/ns1").data()["id"].get<std::string>();
    const auto token = put("ns1/auth/token/create", {{"policies", {"default"}}})
                           .json["auth"]["client_token"]
                           .get<std::string>();
    EXPECT_TRUE(token.ends_with("." + id));
    EXPECT_EQ(get("auth/token/lookup-self", token).data()["namespace_path"], "ns1/");
    EXPECT_EQ(
        ask({.method = "GET", .path = "sys/mounts", .headers = {{"X-Vault-Namespace", "root"}}})
            .status,
        200);
    EXPECT_EQ(remove("sys/namespaces/ns1").data()["status"], "in-progress");
    EXPECT_EQ(get("auth/token/lookup-self", token).status, 403);
}

}  // namespace meshproof::fakes::vault
