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

TEST_P(Groups, NamesAreFoundInAnyCase) {
    const auto one = group("Mesh");
    EXPECT_EQ(get("identity/group/name/mesh").data()["id"], one);
    EXPECT_EQ(put("identity/lookup/group", {{"name", "MESH"}}).data()["id"], one);
    const auto entity = put("identity/entity", {{"name", "Pod"}}).data()["id"];
    EXPECT_EQ(get("identity/entity/name/pod").data()["name"], "Pod");
    ASSERT_LT(put("identity/entity/name/POD", {{"metadata", {{"a", "b"}}}}).status, 300);
    EXPECT_EQ(get("identity/entity/name/pod").data()["id"], entity);
    const auto accessor = get("sys/auth/ar").data()["accessor"];
    const Json alias{{"name", "Alias"}, {"mount_accessor", accessor}, {"canonical_id", entity}};
    ASSERT_EQ(put("identity/entity-alias", alias).status, 200);
    EXPECT_EQ(
        put("identity/lookup/entity", {{"alias_name", "aLIAS"}, {"alias_mount_accessor", accessor}})
            .data()["id"],
        entity);
}

TEST_P(Groups, AnEmptyTypeIsTheDefault) {
    EXPECT_EQ(put("identity/group", {{"name", "g"}, {"type", ""}}).status, 200);
    EXPECT_EQ(get("identity/group/name/g").data()["type"], "internal");
    EXPECT_EQ(put("identity/group/name/g", {{"type", nullptr}}).error(),
              "group type cannot be changed");
    EXPECT_EQ(put("identity/group", {{"name", "h"}, {"type", "x"}}).error(),
              "invalid group type \"x\"");
}

TEST_P(Groups, AnIdThatIsGivenIsOfAGroup) {
    for (const auto& id : {Json(), Json("")}) {
        EXPECT_EQ(put("identity/group", {{"id", id}, {"name", "g"}}).error(), "empty group ID");
    }
    EXPECT_EQ(put("identity/group", {{"id", "x"}, {"name", "g"}}).error(), "invalid group ID");
    EXPECT_EQ(get("identity/group/name/g").status, 404);
}

TEST_P(Groups, WhatIsEmptyIsToldUntilTheNextChange) {
    const Json none = Json::array();
    group("g", {{"member_entity_ids", nullptr}, {"metadata", Json::object()}, {"policies", none}});
    const auto told = [&](const char* name) { return get("identity/group/name/g").data()[name]; };
    EXPECT_EQ(told("member_entity_ids"), none);
    EXPECT_EQ(told("member_group_ids"), nullptr);
    EXPECT_EQ(told("metadata"), Json::object());
    EXPECT_EQ(told("policies"), none);
    ASSERT_EQ(put("identity/group/name/g", {{"member_entity_ids", none}}).status, 204);
    EXPECT_EQ(told("member_entity_ids"), none);
    EXPECT_EQ(told("metadata"), nullptr);
    EXPECT_EQ(told("policies"), nullptr);
    group("above", {{"member_group_ids", get("identity/group/name/g").data()["id"]}});
    EXPECT_EQ(told("member_entity_ids"), nullptr);
}

TEST_P(Groups, MetadataHasItsForm) {
    const std::string of_group = "1 error occurred:\n\t* invalid group metadata: ";
    const auto refusal = [&](const Json& metadata) {
        const auto refused = put("identity/group", {{"name", "g"}, {"metadata", metadata}});
        EXPECT_EQ(refused.status, 500) << refused.body;
        return refused.error();
    };
    EXPECT_EQ(refusal({{"", "b"}}),
              of_group + "failed to load metadata pair (\"\", \"b\"): key cannot be blank\n\n");
    EXPECT_EQ(refusal({{"a.b", "c"}}),
              of_group +
                  "failed to load metadata pair (\"a.b\", \"c\"): key contains invalid "
                  "characters\n\n");
    EXPECT_TRUE(refusal({{std::string(129, 'a'), "b"}}).ends_with("(limit: 128 characters)\n\n"));
    EXPECT_TRUE(refusal({{"a", std::string(513, 'b')}})
                    .ends_with("value is too long (limit: 512 characters)\n\n"));
    EXPECT_EQ(put("identity/group", {{"name", "g"}, {"metadata", {{"a=/+_-", ""}}}}).status, 200);
    // Before the members, after the policies.
    EXPECT_TRUE(put("identity/group", {{"metadata", {{"", "b"}}}, {"member_entity_ids", "x"}})
                    .error()
                    .starts_with(of_group));
    EXPECT_EQ(put("identity/group", {{"metadata", {{"", "b"}}}, {"policies", "root"}}).error(),
              "policies cannot contain root");
    Json many;
    for (int i = 0; i < 65; ++i) {
        many["a" + std::to_string(i)] = "b";
    }
    EXPECT_EQ(put("identity/entity", {{"metadata", many}}).error(),
              "1 error occurred:\n\t* invalid entity metadata: metadata cannot contain more than "
              "64 key/value pairs\n\n");
}

TEST_P(Groups, ListsByNameAreInTheOrderOfTheIds) {
    for (const std::string kind : {"group", "entity"}) {
        for (const char name : std::string("abcdefghijkl")) {
            const Json named{{"name", std::string(1, name)}};
            ASSERT_EQ(put("identity/" + kind, named).status, 200);
        }
        const auto by_id = list("identity/" + kind + "/id").data();
        Json expected = Json::array();
        for (const auto& id : by_id["keys"]) {
            expected.push_back(by_id["key_info"][id.get<std::string>()]["name"]);
        }
        EXPECT_EQ(list("identity/" + kind + "/name").data()["keys"], expected) << kind;
    }
}

TEST_P(Groups, AnEntityIsSoughtByItsIdBeforeItsName) {
    const auto e = put("identity/entity", {{"name", "e"}}).data()["id"].get<std::string>();
    ASSERT_EQ(put("identity/entity", {{"name", "f"}}).status, 200);
    const auto write = [&](const char* name, Json body) {
        return put(std::string("identity/entity/name/") + name, std::move(body));
    };
    EXPECT_EQ(write("e", {{"id", "none"}, {"policies", "root"}}).error(),
              "entity not found from id");
    EXPECT_EQ(write("f", {{"id", e}}).error(), "entity name is already in use");
    EXPECT_EQ(write("g", {{"id", e}}).status, 204);
    EXPECT_EQ(get("identity/entity/id/" + e).data()["name"], "g");
    for (const auto* path :
         {"entity/id/a/b", "group/id/a:b", "entity-alias/id/a/", "group-alias/id/-"}) {
        EXPECT_EQ(get(std::string("identity/") + path).error(),
                  "1 error occurred:\n\t* unsupported path\n\n");
    }
    ASSERT_EQ(write("g", {{"metadata", Json::object()}}).status, 204);
    EXPECT_EQ(get("identity/entity/id/" + e).data()["metadata"], Json::object());
    ASSERT_EQ(write("g", Json::object()).status, 204);
    EXPECT_EQ(get("identity/entity/id/" + e).data()["metadata"],
              openbao() ? Json() : Json::object());
}

TEST_P(Groups, CustomMetadataIsLookedAtFirstAndWhole) {
    const auto refusal = [&](const Json& metadata) {
        const auto refused =
            put("identity/entity-alias", {{"id", "x"}, {"custom_metadata", metadata}});
        EXPECT_EQ(refused.status, 500) << refused.body;
        return refused.error();
    };
    const std::string front = "\t* custom_metadata validation failed: ";
    const auto no_key = front + "length of key \"\" is 0 but must be 0 < len(key) <= 128\n";
    EXPECT_EQ(refusal({{"", "b"}}), "1 error occurred:\n" + no_key + "\n");
    EXPECT_EQ(refusal({{"", "b"}, {"a", ""}}),
              "2 errors occurred:\n" + no_key + front +
                  "length of value for key \"a\" is 0 but must be 0 < len(value) <= 512\n\n");
    EXPECT_EQ(
        refusal({{"a\n", "b"}}),
        "1 error occurred:\n" + front + "key \"a\\n\" (a\n) contains unprintable characters\n\n");
    EXPECT_EQ(
        put("identity/entity-alias", {{"id", "x"}, {"custom_metadata", {{"é", "b"}}}}).error(),
        "invalid alias ID provided");
}

TEST_P(Groups, AnAliasTellsWhereItsMountIsNow) {
    const auto entity = "identity/entity/id/" + log_in()["entity_id"].get<std::string>();
    const auto told = [&] { return get(entity).data()["aliases"][0]; };
    EXPECT_EQ(told()["mount_path"], "auth/ar/");
    EXPECT_EQ(told()["mount_type"], "approle");
    ASSERT_EQ(put("sys/remount", {{"from", "auth/ar"}, {"to", "auth/moved"}}).status, 200);
    EXPECT_EQ(told()["mount_path"], "auth/moved/");
    ASSERT_EQ(remove("sys/auth/moved").status, 204);
    EXPECT_FALSE(told().contains("mount_path"));
    EXPECT_FALSE(told().contains("mount_type"));
    EXPECT_TRUE(told().contains("mount_accessor"));
}

TEST_P(Groups, TheGroupOfAnAliasIsLookedAtBeforeTheMount) {
    const auto inside = group("inside");
    const auto refusal = [&](Json more) {
        more.update({{"name", "a"}, {"mount_accessor", "none"}});
        return put("identity/group-alias", std::move(more)).error();
    };
    EXPECT_EQ(refusal({{"id", ""}}), "empty group alias ID");
    EXPECT_EQ(refusal({{"id", nullptr}}), "empty group alias ID");
    EXPECT_EQ(refusal({{"canonical_id", "x"}}), "invalid group ID given in 'canonical_id'");
    EXPECT_EQ(refusal({{"canonical_id", inside}}), "alias can't be set on an internal group");
    EXPECT_EQ(refusal(Json::object()), "invalid mount accessor \"none\"");
    EXPECT_EQ(list("identity/group/id").data()["keys"].size(), 1U);
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
