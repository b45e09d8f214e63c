#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

using namespace std::chrono_literals;

class AppRoles : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        start();
        ASSERT_EQ(put("sys/auth/ar", {{"type", "approle"}}).status, 204);
    }

    Reply role(Json parameters = Json::object(), const std::string& name = "app") {
        parameters.emplace("role_id", "id-" + name);
        return put("auth/ar/role/" + name, std::move(parameters));
    }
    std::string secret_id(Json parameters = Json::object(), const std::string& name = "app") {
        return put("auth/ar/role/" + name + "/secret-id", std::move(parameters))
            .data()
            .at("secret_id");
    }
    Reply log_in(const std::string& secret_id, const std::string& role_id = "id-app") {
        return put("auth/ar/login", {{"role_id", role_id}, {"secret_id", secret_id}}, "");
    }
    [[nodiscard]] std::string unknown(const char* on_vault) const {
        return openbao() ? "invalid role or secret ID" : on_vault;
    }
};
MESHPROOF_BOTH_PRODUCTS(AppRoles);

TEST_P(AppRoles, ALoginHasWhatRoleAndSecretIdSay) {
    ASSERT_EQ(role({{"token_policies", "x"}, {"token_ttl", "10m"}, {"token_num_uses", 3}}).status,
              204);
    const auto login = log_in(secret_id({{"metadata", R"({"team":"shop"})"}}));
    ASSERT_EQ(login.status, 200) << login.body;
    const auto& auth = login.json["auth"];
    EXPECT_EQ(auth["policies"], Json::array({"default", "x"}));
    EXPECT_EQ(auth["lease_duration"], 600);
    EXPECT_EQ(auth["num_uses"], 3);
    EXPECT_EQ(auth["metadata"], (Json{{"role_name", "app"}, {"team", "shop"}}));
    const auto self = get("auth/token/lookup-self", auth["client_token"]).data();
    EXPECT_EQ(self["display_name"], "ar");
    EXPECT_EQ(self["entity_id"], auth["entity_id"]);
    EXPECT_NE(self["entity_id"], "");
}

TEST_P(AppRoles, UsesRunOut) {
    ASSERT_EQ(role({{"secret_id_num_uses", 2}}).status, 204);
    const auto id = secret_id();
    EXPECT_EQ(log_in(id).status, 200);
    EXPECT_EQ(
        put("auth/ar/role/app/secret-id/lookup", {{"secret_id", id}}).data()["secret_id_num_uses"],
        1);
    EXPECT_EQ(log_in(id).status, 200);
    const auto refused = log_in(id);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.error(), unknown("invalid secret id"));
}

TEST_P(AppRoles, WhatHasEndedIsRefusedAtOnceOrAfterTheNextTidying) {
    ASSERT_EQ(role().status, 204);
    const auto id = secret_id({{"ttl", "30s"}});
    pass(31s);
    EXPECT_EQ(log_in(id).status, openbao() ? 400 : 200);
    pass(30s);  // a minute after the method was mounted
    EXPECT_EQ(log_in(id).status, 400);
    EXPECT_EQ(list("auth/ar/role/app/secret-id").status, 404);
}

TEST_P(AppRoles, FiveWrongSecretIdsLockTheRoleForAQuarterOfAnHour) {
    ASSERT_EQ(role().status, 204);
    ASSERT_EQ(role({}, "other").status, 204);
    const auto id = secret_id();
    const auto fail = [&](int times) {
        for (int i = 0; i < times; ++i) {
            EXPECT_EQ(log_in("wrong").status, 400);
        }
    };
    fail(4);
    EXPECT_EQ(log_in(id).status, 200);
    fail(5);
    const auto locked = log_in(id);
    EXPECT_EQ(locked.status, 403);
    EXPECT_EQ(locked.error(), "permission denied");
    EXPECT_EQ(log_in(secret_id({}, "other"), "id-other").status, 200);
    pass(15min);
    EXPECT_EQ(log_in(id).status, 200);
}

TEST_P(AppRoles, ALockoutIsAsItWasTuned) {
    ASSERT_EQ(role().status, 204);
    const auto id = secret_id();
    const auto tune = [&](Json lockout) {
        EXPECT_EQ(put("sys/auth/ar/tune", {{"user_lockout_config", std::move(lockout)}}).status,
                  204);
    };
    tune({{"lockout_threshold", 2}, {"lockout_duration", "1m"}});
    EXPECT_EQ(log_in("wrong").status, 400);
    EXPECT_EQ(log_in("wrong").status, 400);
    EXPECT_EQ(log_in(id).status, 403);
    pass(1min);
    EXPECT_EQ(log_in(id).status, 200);
    tune({{"lockout_counter_reset_duration", "10s"}});
    EXPECT_EQ(log_in("wrong").status, 400);
    pass(11s);
    EXPECT_EQ(log_in("wrong").status, 400);
    EXPECT_EQ(log_in(id).status, 200);
    tune({{"lockout_disable", true}});
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(log_in("wrong").status, 400);
    }
    EXPECT_EQ(log_in(id).status, 200);
}

TEST_P(AppRoles, OnlyVaultCountsAUseFromElsewhere) {
    ASSERT_EQ(role().status, 204);
    const auto id = secret_id({{"cidr_list", "203.0.113.0/24"}, {"num_uses", 5}});
    const auto refused = log_in(id);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.error(),
              "source address \"127.0.0.1\" unauthorized by CIDR restrictions on the secret ID: "
              "%!w(<nil>)");
    EXPECT_EQ(
        put("auth/ar/role/app/secret-id/lookup", {{"secret_id", id}}).data()["secret_id_num_uses"],
        openbao() ? 5 : 4);
}

TEST_P(AppRoles, ASecretIdLiesWithinItsRole) {
    ASSERT_EQ(
        role({{"token_bound_cidrs", "127.0.0.1"}, {"secret_id_bound_cidrs", "127.0.0.0/8"}}).status,
        204);
    const auto make = [&](Json body) {
        return put("auth/ar/role/app/secret-id", std::move(body)).error();
    };
    EXPECT_EQ(make({{"cidr_list", "127.0.0.0/7"}}),
              "1 error occurred:\n\t* failed to verify subset relationship between CIDR blocks on "
              "the role [\"127.0.0.0/8\"] and CIDR blocks on the secret ID [\"127.0.0.0/7\"]: "
              "%!w(<nil>)\n\n");
    EXPECT_EQ(make({{"token_bound_cidrs", "127.0.0.0/8"}}),
              "1 error occurred:\n\t* failed to verify subset relationship between CIDR blocks on "
              "the role [\"127.0.0.1/32\"] and CIDR blocks on the secret ID [\"127.0.0.0/8\"]: "
              "%!w(<nil>)\n\n");
    EXPECT_EQ(make({{"cidr_list", "127.1.0.0/16"}, {"token_bound_cidrs", "127.0.0.1/32"}}), "");
}

TEST_P(AppRoles, MetadataIsReadInThreeForms) {
    ASSERT_EQ(role().status, 204);
    for (const auto* text : {R"({"a":"b"})", "eyJhIjoiYiJ9", "a=b"}) {
        const auto id = secret_id({{"metadata", text}});
        EXPECT_EQ(put("auth/ar/role/app/secret-id/lookup", {{"secret_id", id}}).data()["metadata"],
                  (Json{{"a", "b"}}))
            << text;
    }
    for (const auto* text : {"junk", "[1]", R"({"a":1})"}) {
        EXPECT_EQ(put("auth/ar/role/app/secret-id", {{"metadata", text}}).status, 400) << text;
    }
    const auto large = R"({"a":")" + std::string(1U << 20, 'x') + R"("})";
    EXPECT_EQ(put("auth/ar/role/app/secret-id", {{"metadata", large}}).status, 400);
}

TEST_P(AppRoles, OldNamesAreToldWhereTheyWereUsed) {
    ASSERT_EQ(role({{"policies", "B,a"}, {"period", "1h"}}).status, 204);
    auto told = get("auth/ar/role/app").data();
    EXPECT_EQ(told["policies"], Json::array({"a", "b"}));
    EXPECT_EQ(told["token_period"], 3600);
    EXPECT_EQ(told["period"], 3600);
    ASSERT_EQ(role({{"token_policies", "B,a"}, {"token_period", "2h"}}).status, 204);
    told = get("auth/ar/role/app").data();
    EXPECT_EQ(told["token_policies"], Json::array({"B", "a"}));
    EXPECT_FALSE(told.contains("policies"));
    EXPECT_FALSE(told.contains("period"));
}

TEST_P(AppRoles, RolesAreRefusedWithoutAChange) {
    ASSERT_EQ(role({{"token_ttl", "1h"}}).status, 204);
    EXPECT_EQ(role({{"bind_secret_id", false}, {"token_ttl", "2h"}}).status, 500);
    EXPECT_EQ(put("auth/ar/role/app/token-max-ttl", {{"token_max_ttl", "30m"}}).error(),
              "token_max_ttl should be greater than or equal to token_ttl");
    EXPECT_EQ(get("auth/ar/role/app/token-ttl").data()["token_ttl"], 3600);
    EXPECT_EQ(get("auth/ar/role/app/token-max-ttl").data()["token_max_ttl"], 0);
    EXPECT_EQ(role({{"local_secret_ids", true}}).status, 400);
    EXPECT_EQ(role({{"token_type", "junk"}}).error(), "invalid 'token_type' value \"junk\"");
    EXPECT_EQ(put("auth/ar/role/app/period", {{"token_period", "5000h"}}).error(),
              "period of \"0s\" is greater than the backend's maximum lease TTL of "
              "\"768h0m0s\"");
}

TEST_P(AppRoles, ATokenIsRenewedByTheRoleAsItIs) {
    ASSERT_EQ(role({{"token_ttl", "10m"}}).status, 204);
    const std::string token = log_in(secret_id()).json["auth"]["client_token"];
    ASSERT_EQ(role({{"token_ttl", "20m"}}).status, 204);
    EXPECT_EQ(put("auth/token/renew-self", Json::object(), token).json["auth"]["lease_duration"],
              1200);
    ASSERT_EQ(remove("auth/ar/role/app").status, 204);
    EXPECT_EQ(put("auth/token/renew-self", Json::object(), token).error(),
              "1 error occurred:\n\t* failed to renew entry: role \"app\" does not exist during "
              "renewal\n\n");
    EXPECT_EQ(get("auth/token/lookup-self", token).status, 200);
}

TEST_P(AppRoles, ARestoredServerKnowsThem) {
    ASSERT_EQ(role({{"secret_id_num_uses", 2}, {"token_policies", "x"}}).status, 204);
    const auto id = secret_id();
    ASSERT_EQ(log_in(id).status, 200);
    const auto told = get("auth/ar/role/app").data();
    FakeVaultOptions options;
    options.product = product;
    auto restored = FakeVault::restored(Json::parse(fake->save().dump()), options, clock, wire);
    ASSERT_TRUE(restored.has_value()) << restored.error().message;
    fake = std::move(*restored);
    EXPECT_EQ(get("auth/ar/role/app").data(), told);
    EXPECT_EQ(log_in(id).status, 200);
    EXPECT_EQ(log_in(id).status, 400);
}

}  // namespace meshproof::fakes::vault
