#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

class Groups : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        start();
        ASSERT_EQ(put("sys/auth/ar", {{"type", "approle"}}).status, 204);
        ASSERT_EQ(put("auth/ar/role/app", {{"role_id", "id"}}).status, 204);
        ASSERT_EQ(put("auth/ar/role/app/custom-secret-id", {{"secret_id", "s"}}).status, 200);
        policy("mounts", R"(path "sys/mounts" { capabilities = ["read"] })");
    }

    Json log_in() {
        return put("auth/ar/login", {{"role_id", "id"}, {"secret_id", "s"}}, "").json["auth"];
    }
    std::string group(const std::string& name, Json parameters = Json::object()) {
        parameters["name"] = name;
        return put("identity/group", std::move(parameters)).data().at("id");
    }
};
MESHPROOF_BOTH_PRODUCTS(Groups);

TEST_P(Groups, TheirPoliciesAreTheirMembersToo) {
    const auto auth = log_in();
    const std::string token = auth["client_token"];
    EXPECT_FALSE(get("auth/token/lookup-self", token).data().contains("identity_policies"));
    EXPECT_EQ(get("sys/mounts", token).status, 403);
    const auto inner = group("inner", {{"member_entity_ids", auth["entity_id"]}});
    const auto outer = group("outer", {{"policies", "mounts"}, {"member_group_ids", inner}});
    EXPECT_EQ(get("sys/mounts", token).status, 200);
    const auto self = get("auth/token/lookup-self", token).data();
    EXPECT_EQ(self["identity_policies"], Json::array({"mounts"}));
    EXPECT_EQ(self["external_namespace_policies"], Json::object());
    EXPECT_EQ(self["policies"], Json::array({"default"}));
    const auto again = log_in();
    EXPECT_EQ(again["policies"], Json::array({"default", "mounts"}));
    EXPECT_EQ(again["token_policies"], Json::array({"default"}));
    EXPECT_EQ(again["identity_policies"], Json::array({"mounts"}));
    const auto entity = get("identity/entity/id/" + auth["entity_id"].get<std::string>()).data();
    EXPECT_EQ(entity["direct_group_ids"], Json::array({inner}));
    EXPECT_EQ(entity["inherited_group_ids"], Json::array({outer}));
    ASSERT_EQ(put("identity/group/name/outer", {{"policies", ""}}).status, 204);
    EXPECT_EQ(get("sys/mounts", token).status, 403);
}

TEST_P(Groups, VaultKeepsTheCaseOfPolicies) {
    const auto auth = log_in();
    group("g", {{"policies", "Mounts"}, {"member_entity_ids", auth["entity_id"]}});
    EXPECT_EQ(get("identity/group/name/g").data()["policies"],
              Json::array({openbao() ? "mounts" : "Mounts"}));
    EXPECT_EQ(get("sys/mounts", auth["client_token"]).status, 200);
}

TEST_P(Groups, NoneIsInItself) {
    const auto a = group("a");
    const auto b = group("b", {{"member_group_ids", a}});
    const auto c = group("c", {{"member_group_ids", b}});
    EXPECT_EQ(put("identity/group/id/" + a, {{"member_group_ids", c}}).error(),
              "cyclic relationship detected for member group ID \"" + c + "\"");
    EXPECT_EQ(put("identity/group/id/" + a, {{"member_group_ids", a}}).status, 500);
    EXPECT_EQ(get("identity/group/id/" + a).data()["member_group_ids"], Json());
    ASSERT_EQ(remove("identity/group/id/" + b).status, 204);
    EXPECT_EQ(get("identity/group/id/" + c).data()["member_group_ids"], Json());
    EXPECT_EQ(put("identity/group/id/" + a, {{"member_group_ids", c}}).status, 204);
}

TEST_P(Groups, AnAliasIsOfOneExternalGroup) {
    const std::string accessor = get("sys/auth/ar").data()["accessor"];
    const auto inside = group("inside");
    const auto outside = group("outside", {{"type", "external"}});
    const auto write = [&](const std::string& name, Json more) {
        more["name"] = name;
        more["mount_accessor"] = accessor;
        return put("identity/group-alias", std::move(more));
    };
    EXPECT_EQ(write("x", {{"canonical_id", inside}}).error(),
              "alias can't be set on an internal group");
    const auto first = write("x", {{"canonical_id", outside}});
    EXPECT_EQ(first.data()["canonical_id"], outside);
    EXPECT_EQ(write("x", Json::object()).error(),
              "combination of mount and group alias name is already in use");
    const auto made = write("y", Json::object());
    EXPECT_NE(made.data()["canonical_id"], outside);
    EXPECT_EQ(list("identity/group-alias/id").data()["keys"].size(), 2U);
    const auto path = "identity/group-alias/id/" + first.data()["id"].get<std::string>();
    EXPECT_EQ(put(path, {{"name", "z"}, {"mount_accessor", accessor}}).status, 200);
    EXPECT_EQ(get("identity/group/id/" + outside).data()["alias"]["name"], "z");
    EXPECT_EQ(remove(path).status, 204);
    EXPECT_EQ(get("identity/group/id/" + outside).data()["alias"], Json::object());
}

TEST_P(Groups, ARestoredServerKnowsThem) {
    const auto auth = log_in();
    group("g", {{"policies", "mounts"}, {"member_entity_ids", auth["entity_id"]}});
    const auto told = get("identity/group/name/g").data();
    FakeVaultOptions options;
    options.product = product;
    auto restored = FakeVault::restored(Json::parse(fake->save().dump()), options, clock, wire);
    ASSERT_TRUE(restored.has_value()) << restored.error().message;
    fake = std::move(*restored);
    EXPECT_EQ(get("identity/group/name/g").data(), told);
    EXPECT_EQ(get("sys/mounts", auth["client_token"]).status, 200);
}

}  // namespace meshproof::fakes::vault
