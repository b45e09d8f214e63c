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

TEST_P(Mounts, MethodsAreNoEngines) {
    ASSERT_EQ(put("sys/auth/c1", {{"type", "kubernetes"}}).status, 204);
    EXPECT_EQ(remove("sys/mounts/auth/c1").error(), "cannot unmount \"auth/c1/\"");
    EXPECT_EQ(get("sys/auth/c1").status, 200);
    EXPECT_EQ(remove("sys/mounts/auth/token").error(), "cannot unmount \"auth/token/\"");
    EXPECT_EQ(remove("sys/mounts/auth/none").status, 204);
    EXPECT_EQ(remove("sys/mounts/sys").error(), "cannot unmount \"sys/\"");
    const auto refusal = [&](const std::string& path, Json body) {
        return put("sys/mounts/" + path, std::move(body)).error();
    };
    for (const auto* path : {"auth/c2", "audit", "audit/x", "identity/x", "cubbyhole/x"}) {
        const auto cannot = fmt::format("cannot mount \"{}/\"", path);
        EXPECT_EQ(refusal(path, {{"type", "pki"}}), cannot);
        EXPECT_EQ(refusal(path, {{"type", "pki"}, {"config", {{"token_type", "x"}}}}), cannot);
    }
    EXPECT_EQ(refusal("auth/c2", {{"type", "pki"}, {"config", {{"force_no_cache", 1}}}}),
              "unable to convert given mount config information");
    EXPECT_EQ(refusal("auth/c2", Json::object()), "backend type must be specified as a string");
    EXPECT_EQ(put("sys/remount", {{"from", "audit/x"}, {"to", "b"}}).error(),
              "cannot remount \"audit/x/\"");
    EXPECT_EQ(put("sys/remount", {{"from", "x"}, {"to", "audit/b"}}).error(),
              "cannot remount to destination audit/b/");
}

TEST_P(Mounts, APathBelowAMountNamesIt) {
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    ASSERT_EQ(put("sys/auth/c1", {{"type", "kubernetes"}}).status, 204);
    EXPECT_EQ(get("sys/mounts/pki/tune/").data()["type"], "pki");
    EXPECT_EQ(get("sys/mounts/auth/c1/x").data()["type"], "kubernetes");
    EXPECT_EQ(get("sys/auth/c1/tune/").error(), "No auth engine at c1/tune/");
    EXPECT_EQ(put("sys/mounts/pki/x/tune", {{"description", "d"}}).status, 204);
    EXPECT_EQ(get("sys/mounts/pki/y/tune").data()["description"], "d");
    EXPECT_EQ(get("sys/auth/c1/y/tune").status, 200);
    EXPECT_EQ(remove("sys/mounts/pki/x").status, 204);
    EXPECT_EQ(get("sys/mounts/pki").status, 200);
}

TEST_P(Mounts, WhetherAPathIsFreeComesBeforeTheType) {
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    ASSERT_EQ(put("sys/auth/c1", {{"type", "kubernetes"}}).status, 204);
    for (const auto* path : {"mounts/pki", "mounts/pki/b", "auth/c1", "auth/c1/b"}) {
        const auto taken = put(std::string("sys/") + path, {{"type", "nothing"}});
        EXPECT_TRUE(taken.error().starts_with("path is already in use at ")) << taken.body;
    }
}

TEST_P(Mounts, NobodyNeedWaitForARevocation) {
    const auto revoke = [&](const std::string& path, Json body) {
        body["sync"] = false;
        return put("sys/" + path, std::move(body));
    };
    const auto token = token_with({"default"}, {{"ttl", "1h"}});
    const auto path = list("sys/leases/lookup/auth/token/create").data()["keys"][0];
    const auto lease = "auth/token/create/" + path.get<std::string>();
    const auto answered = revoke("leases/revoke", {{"lease_id", lease}});
    EXPECT_EQ(answered.status, 202);
    EXPECT_EQ(answered.body, "");
    EXPECT_EQ(get("auth/token/lookup-self", token).status, 403);
    EXPECT_EQ(revoke("leases/revoke/a", Json::object()).status, 202);
    EXPECT_EQ(revoke("leases/revoke-prefix/a", Json::object()).status, 202);
    EXPECT_EQ(revoke("leases/revoke-force/a", Json::object()).status, 204);
    EXPECT_EQ(put("sys/leases/revoke", {{"lease_id", "a"}, {"sync", nullptr}}).status, 202);
    EXPECT_EQ(put("sys/leases/revoke", {{"lease_id", "a"}}).status, 204);
    EXPECT_EQ(revoke("leases/revoke", Json::object()).error(), "lease_id must be specified");
    EXPECT_EQ(revoke("revoke-prefix/a", Json::object()).status, openbao() ? 404 : 202);
    const auto wrapped = ask({.method = "PUT",
                              .path = "sys/leases/revoke",
                              .body = Json{{"lease_id", "a"}, {"sync", false}},
                              .headers = {{"X-Vault-Wrap-TTL", "1m"}}});
    EXPECT_EQ(wrapped.status, 200);
    EXPECT_EQ(put("sys/wrapping/unwrap", {{"token", wrapped.json["wrap_info"]["token"]}}).status,
              202);
}

TEST_P(Mounts, LeasesThatAreNone) {
    EXPECT_EQ(put("sys/leases/lookup/a", {{"lease_id", "b"}}).status, 405);
    for (const auto* path : {"lookup", "renew", "revoke"}) {
        const auto ask_for = [&](const Json& id) {
            return put(std::string("sys/leases/") + path, {{"lease_id", id}});
        };
        EXPECT_EQ(ask_for(nullptr).error(), "lease_id must be specified");
        if (openbao()) {
            EXPECT_EQ(ask_for(5).error(), "invalid lease ID") << path;
            EXPECT_EQ(ask_for(Json::array()).error(), "invalid lease ID") << path;
        } else {
            const auto lost = ask_for("a.b/c.d");
            EXPECT_EQ(lost.status, 500);
            EXPECT_EQ(lost.error(), "no namespace");
        }
        EXPECT_NE(ask_for("a.b/c").status, 500);
    }
    if (!openbao()) {
        EXPECT_EQ(put("sys/leases/renew/a.b").error(), "no namespace");
        EXPECT_EQ(put("sys/revoke", {{"lease_id", "a.b"}}).status, 400);
    }
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

TEST_P(Mounts, SettingsAreKeptAndTuned) {
    const Json config{{"listing_visibility", "hidden"},
                      {"Force_No_Cache", true},
                      {"allowed_response_headers", "X-A, X-B"}};
    ASSERT_EQ(
        put("sys/mounts/pki", {{"type", "pki"}, {"config", config}, {"seal_wrap", true}}).status,
        204);
    const auto told = get("sys/mounts/pki").data();
    EXPECT_EQ(told["seal_wrap"], true);
    EXPECT_EQ(told["config"]["force_no_cache"], true);
    EXPECT_EQ(told["config"]["allowed_response_headers"], Json::array({"X-A", "X-B"}));
    EXPECT_FALSE(told["config"].contains("passthrough_request_headers"));
    const auto tune = [&](const Json& body) { return put("sys/mounts/pki/tune", body); };
    const auto tuning = [&] { return get("sys/mounts/pki/tune").data(); };
    EXPECT_EQ(tune({{"description", "d"}, {"listing_visibility", "x"}}).error(),
              "invalid listing_visibility x");
    EXPECT_EQ(tuning()["description"], openbao() ? "" : "d");
    EXPECT_EQ(tune({{"options", {{"a", "b"}}}, {"listing_visibility", "unauth"}}).status, 204);
    EXPECT_EQ(tuning()["options"], (Json{{"a", "b"}}));
    EXPECT_EQ(
        get("sys/internal/ui/mounts", "").data()["secret"]["pki/"],
        (Json{{"description", openbao() ? "" : "d"}, {"options", {{"a", "b"}}}, {"type", "pki"}}));
    EXPECT_EQ(tune({{"options", {{"version", "2"}}}}).status, 200);
    EXPECT_EQ(tune({{"options", {{"version", "1"}}}}).error(),
              "cannot downgrade mount from version 2");
    EXPECT_EQ(
        put("sys/mounts/identity/tune", {{"description", "x"}}).error(),
        openbao() ? "cannot tune parameter description of identity/" : "cannot tune \"identity/\"");
    ASSERT_EQ(put("sys/auth/c1", {{"type", "kubernetes"}}).status, 204);
    EXPECT_EQ(put("sys/mounts/auth/c1/tune", {{"token_type", "batch"}}).status, 204);
    EXPECT_EQ(get("sys/auth/c1/tune").data()["token_type"], "batch");
    EXPECT_EQ(get("sys/internal/ui/mounts/auth/c1").data()["path"], "c1/");
}

TEST_P(Mounts, ALockoutIsRefusedAfterTheLeaseTimesAreSet) {
    const Json lockout{{"a", "b"}};
    const auto refused = [&](const std::string& path, const char* time, const char* value) {
        return put(path + "/tune", {{time, value}, {"user_lockout_config", lockout}}).error();
    };
    for (const auto* name : {"c1", "c2"}) {
        ASSERT_EQ(put(std::string("sys/auth/") + name, {{"type", "kubernetes"}}).status, 204);
    }
    const std::string no_lockout =
        "tuning of user lockout configuration for auth type \"kubernetes\" not allowed";
    // OpenBao changes nothing then, Vault what came before.
    EXPECT_EQ(refused("sys/auth/c1", "max_lease_ttl", "-1"), no_lockout);
    EXPECT_EQ(get("sys/auth/c1/tune").data()["max_lease_ttl"], openbao() ? 2764800 : -1);
    EXPECT_EQ(refused("sys/auth/c2", "default_lease_ttl", "1h"), no_lockout);
    EXPECT_EQ(get("sys/auth/c2/tune").data()["default_lease_ttl"], openbao() ? 2764800 : 3600);
    EXPECT_EQ(put("sys/auth/c2/tune", {{"default_lease_ttl", "2h"},
                                       {"max_lease_ttl", "1h"},
                                       {"user_lockout_config", lockout}})
                  .error(),
              "backend max lease TTL of 3600 would be less than backend default lease TTL of 7200");
}

TEST_P(Mounts, ALockoutOfANewMountIsOfNumbersAndOtherwiseNothing) {
    const Json lockout{{"a", "b"},
                       {"lockout_disable", "true"},
                       {"lockout_threshold", 3},
                       {"lockout_duration", -5}};
    ASSERT_EQ(
        put("sys/auth/ar", {{"type", "approle"}, {"config", {{"user_lockout_config", lockout}}}})
            .status,
        204);
    EXPECT_FALSE(get("sys/auth/ar/tune").data().contains("user_lockout_threshold"));
}

TEST_P(Mounts, TheListOfLeasesThatStayNeedsSudo) {
    const auto status = [&](const char* capabilities) {
        policy("lists",
               fmt::format(R"(path "sys/leases" {{ capabilities = [{}] }})", capabilities));
        return get("sys/leases?type=irrevocable", token_with({"lists"})).status;
    };
    EXPECT_EQ(status(R"("read")"), 403);
    EXPECT_EQ(status(R"("read", "sudo")"), 200);
}

TEST_P(Mounts, ALockoutIsTunedWhereLoginsHaveOne) {
    ASSERT_EQ(put("sys/auth/ar", {{"type", "approle"}}).status, 204);
    const auto tune = [&](Json lockout) {
        return put("sys/auth/ar/tune", {{"user_lockout_config", std::move(lockout)}});
    };
    EXPECT_FALSE(get("sys/auth/ar/tune").data().contains("user_lockout_threshold"));
    EXPECT_EQ(tune({{"lockout_threshold", 3}, {"lockout_duration", "10m"}}).status, 204);
    EXPECT_EQ(tune({{"Lockout_Disable", true}}).status, 204);
    const auto told = get("sys/auth/ar/tune").data();
    EXPECT_EQ(told["user_lockout_threshold"], 3);
    EXPECT_EQ(told["user_lockout_duration"], 600);
    EXPECT_EQ(told["user_lockout_counter_reset_duration"], 0);
    EXPECT_EQ(told["user_lockout_disable"], true);
    EXPECT_EQ(get("sys/auth/ar").data()["config"]["user_lockout_config"]["user_lockout_duration"],
              600);
    EXPECT_EQ(tune({{"lockout_disable", "true"}}).error(),
              "unable to convert given user lockout config information");
    EXPECT_EQ(tune({{"lockout_duration", "x"}}).error(), "time: invalid duration \"x\"");
    for (const auto* text : {"x", "-1", "+1"}) {
        const auto refused = tune({{"lockout_threshold", text}});
        EXPECT_EQ(refused.status, openbao() ? 400 : 500);
        EXPECT_NE(refused.error().find(fmt::format(
                      "unable to parse user lockout threshold: strconv.ParseUint: parsing \"{}\": "
                      "invalid syntax",
                      text)),
                  std::string::npos)
            << refused.body;
    }
    EXPECT_EQ(get("sys/auth/ar/tune").data()["user_lockout_threshold"], 3);
}

TEST_P(Mounts, SettingsOfAnotherKindAreRefused) {
    const auto refusal = [&](const Json& config) {
        return put("sys/mounts/pki", {{"type", "pki"}, {"config", config}}).error();
    };
    const std::string other = "unable to convert given mount config information";
    EXPECT_EQ(refusal({{"force_no_cache", 1}}), other);
    EXPECT_EQ(refusal({{"max_lease_ttl", true}}), other);
    EXPECT_EQ(refusal({{"audit_non_hmac_request_keys", 5}}), other);
    EXPECT_EQ(refusal({{"user_lockout_config", "x"}}), other);
    for (const auto& lockout :
         {Json{{"lockout_threshold", -1}}, Json{{"Lockout_Threshold", "3"}},
          Json{{"lockout_duration", "5s"}}, Json{{"disable_lockout", "true"}}}) {
        EXPECT_EQ(refusal({{"user_lockout_config", lockout}}), other) << lockout;
    }
    EXPECT_EQ(refusal({{"max_lease_ttl", "-1"}}),
              "given default lease TTL greater than given max lease TTL");
    for (const auto& [given, version] :
         {std::pair("1", "v1.0.0"), std::pair("v01.2", "v1.2.0"), std::pair("1.2.3-x", "v1.2.3-x"),
          std::pair("1.2.3.4", "v1.2.3.4")}) {
        EXPECT_EQ(refusal({{"plugin_version", given}}),
                  fmt::format("plugin not found in the catalog: pki, version={}", version));
    }
    for (const auto* none : {"v", "1.a", "-1", " 1"}) {
        EXPECT_TRUE(refusal({{"plugin_version", none}}).starts_with("version \"")) << none;
    }
    EXPECT_EQ(get("sys/mounts/pki").status, 400);
}

TEST_P(Mounts, LimitsGoWithTheirPlaces) {
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    ASSERT_EQ(put("sys/auth/c1", {{"type", "kubernetes"}}).status, 204);
    ASSERT_EQ(put("auth/c1/role/app",
                  {{"bound_service_account_names", "a"}, {"bound_service_account_namespaces", "n"}})
                  .status,
              204);
    const auto limit = [&](const char* name, Json body) {
        body["interval"] = "30s";
        return put(std::string("sys/quotas/rate-limit/") + name, std::move(body));
    };
    ASSERT_EQ(limit("a", {{"rate", 50}, {"path", "/pki"}}).status, 204);
    EXPECT_EQ(get("sys/quotas/rate-limit/a").data()["path"], "pki/");
    EXPECT_EQ(limit("b", {{"rate", 50}, {"path", "pki/"}}).error(),
              "quota rule with similar properties exists under the name \"a\"");
    EXPECT_EQ(limit("b", {{"rate", "x"}, {"path", "pki/"}}).status, 400);
    ASSERT_EQ(put("sys/remount", {{"from", "pki"}, {"to", "moved"}}).status, 200);
    EXPECT_EQ(get("sys/quotas/rate-limit/a").data()["path"], "moved/");
    ASSERT_EQ(remove("sys/mounts/moved").status, 204);
    EXPECT_EQ(get("sys/quotas/rate-limit/a").status, 404);
    ASSERT_EQ(limit("r", {{"rate", 1}, {"path", "auth/c1"}, {"role", "app"}}).status, 204);
    const auto log_in = [&](const char* role) {
        return put("auth/c1/login", {{"role", role}, {"jwt", "x"}}, "").status;
    };
    EXPECT_NE(log_in("app"), 429);
    EXPECT_EQ(log_in("app"), 429);
    EXPECT_NE(log_in("other"), 429);
    EXPECT_NE(get("auth/c1/role/app").status, 429);
}

TEST_P(Mounts, LimitsOfNamespaces) {
    if (!openbao()) {
        return;
    }
    ASSERT_EQ(put("sys/namespaces/ns1").status, 200);
    const auto within = [&] {
        return ask({.method = "GET",
                    .path = "sys/mounts",
                    .token = "bad",
                    .headers = {{"X-Vault-Namespace", "ns1"}}})
            .status;
    };
    const Json of_child{{"rate", 1}, {"interval", "30s"}, {"path", "ns1"}};
    ASSERT_EQ(put("sys/quotas/rate-limit/q", of_child).status, 204);
    EXPECT_NE(within(), 429);
    EXPECT_EQ(within(), 429);
    EXPECT_EQ(get("sys/mounts").status, 200);
    ASSERT_EQ(remove("sys/quotas/rate-limit/q").status, 204);
    // The limit of all is for all unless it says otherwise.
    ASSERT_EQ(put("sys/quotas/rate-limit/q", {{"rate", 1000}}).status, 204);
    EXPECT_EQ(get("sys/quotas/rate-limit/q").data()["inheritable"], true);
    const Json of_root{{"rate", 3}, {"interval", "30s"}, {"inheritable", false}};
    ASSERT_EQ(put("sys/quotas/rate-limit/q", of_root).status, 204);
    for (int i = 0; i < 5; ++i) {
        EXPECT_NE(within(), 429);
    }
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

TEST_P(Mounts, ATokenOfAChildMayNothingAboveIt) {
    if (!openbao()) {
        return;
    }
    ASSERT_EQ(put("sys/namespaces/ns1").status, 200);
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    // Its policies are about the paths of its own namespace, whatever they are called.
    const Json own{{"policy", R"(path "pki/*" { capabilities = ["read"] })"}};
    ASSERT_EQ(put("ns1/sys/policies/acl/p", own).status, 204);
    const auto token = put("ns1/auth/token/create", {{"policies", {"p"}}})
                           .json["auth"]["client_token"]
                           .get<std::string>();
    EXPECT_EQ(get("pki/roles/r", token).status, 403);
    EXPECT_EQ(get("sys/internal/ui/mounts/pki", token).status, 403);
    EXPECT_EQ(get("sys/internal/ui/mounts", token).data()["secret"], Json::object());
    EXPECT_TRUE(get("ns1/sys/internal/ui/mounts", token).data()["secret"].contains("cubbyhole/"));
    const auto rules = get("ns1/sys/internal/ui/resultant-acl", token).data();
    EXPECT_TRUE(rules["glob_paths"].contains("ns1/pki/"));
    EXPECT_TRUE(rules["exact_paths"].contains("ns1/auth/token/lookup-self"));
    // Help is told to every token.
    EXPECT_EQ(get("pki/roles/r?help=1", token).status, 200);
    EXPECT_EQ(get("pki/roles/r?help=1", "s.unknown").status, 403);
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
    EXPECT_EQ(within("sys/health/", "").error(), "operation unavailable in namespaces");
    // What is wrong with the request itself is told first.
    EXPECT_EQ(
        ask({.method = "OPTIONS", .path = "sys/mounts", .headers = {{"X-Vault-Namespace", "ns1"}}})
            .status,
        404);
    EXPECT_EQ(ask({.method = "PUT",
                   .path = "sys/mounts/a",
                   .body = Json("["),
                   .headers = {{"X-Vault-Namespace", "ns1"}}})
                  .status,
              400);
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
