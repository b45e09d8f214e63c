#include "fakes/vault/server/tokens.hpp"
#include "fakes/vault/server/ttl.hpp"
#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

using namespace std::chrono_literals;

namespace {

// A mount of 768 h, at second 0 unless told.
TtlRequest request() {
    TtlRequest request;
    request.mount_default = request.mount_max = 768h;
    request.issued = request.now = Time{};
    return request;
}

}  // namespace

TEST(Ttl, TheFirstThatIsGivenDecides) {
    auto asked = request();
    EXPECT_EQ(decide_ttl(asked).ttl, 768h);
    asked.ttl = 1h;
    EXPECT_EQ(decide_ttl(asked).ttl, 1h);
    asked.increment = 10min;
    EXPECT_EQ(decide_ttl(asked).ttl, 10min);
    asked.period = 30min;
    EXPECT_EQ(decide_ttl(asked).ttl, 30min);
    EXPECT_TRUE(decide_ttl(asked).warnings.empty());
}

TEST(Ttl, EveryMaximumCaps) {
    for (const auto cap :
         {&TtlRequest::max_ttl, &TtlRequest::explicit_max_ttl, &TtlRequest::mount_max}) {
        auto asked = request();
        asked.ttl = 1h;
        asked.*cap = 30min;
        const auto granted = decide_ttl(asked);
        EXPECT_EQ(granted.ttl, 30min);
        ASSERT_EQ(granted.warnings.size(), 1U);
        EXPECT_EQ(granted.warnings[0],
                  "TTL of \"1h\" exceeded the effective max_ttl of \"30m\"; TTL value is capped "
                  "accordingly");
        asked.now = Time{} + 25min;
        EXPECT_EQ(decide_ttl(asked).ttl, 5min);
        asked.now = Time{} + 30min;
        EXPECT_EQ(decide_ttl(asked).ttl, Duration{});
    }
}

TEST(Ttl, OnlyAnExplicitMaximumEndsAPeriodicToken) {
    auto asked = request();
    asked.period = 1h;
    asked.max_ttl = 2h;
    asked.now = Time{} + 1000h;
    EXPECT_EQ(decide_ttl(asked).ttl, 1h);
    asked.explicit_max_ttl = 1001h;
    asked.now = Time{} + 1000h + 30min;
    EXPECT_EQ(decide_ttl(asked).ttl, 30min);
}

TEST(Ttl, DurationsInTexts) {
    EXPECT_EQ(short_duration(1h), "1h");
    EXPECT_EQ(short_duration(90min), "1h30m");
    EXPECT_EQ(short_duration(59s), "59s");
    EXPECT_EQ(short_duration(3601s), "1h0m1s");
}

class Tokens : public BothProducts {
  protected:
    [[nodiscard]] Reply self(const std::string& token) {
        return get("auth/token/lookup-self", token);
    }
    [[nodiscard]] Reply renew(const std::string& token, Json body = Json::object()) {
        return put("auth/token/renew-self", std::move(body), token);
    }
};
MESHPROOF_BOTH_PRODUCTS(Tokens);

TEST_P(Tokens, TheRootTokenNeverEnds) {
    const auto root = self("root");
    EXPECT_EQ(root.data()["policies"], Json({"root"}));
    EXPECT_EQ(root.data()["ttl"], 0);
    EXPECT_TRUE(root.data()["expire_time"].is_null());
    EXPECT_EQ(renew("root").error(), "lease is not renewable");
    pass(24h * 400);
    EXPECT_EQ(self("root").status, 200);
}

TEST_P(Tokens, IdsHaveTheProductsForm) {
    const auto service = token_with({"default"});
    EXPECT_EQ(service.substr(0, openbao() ? 2 : 4), openbao() ? "s." : "hvs.");
    EXPECT_EQ(service.size(), openbao() ? 26U : 95U);
    EXPECT_TRUE(
        token_with({"default"}, {{"type", "batch"}}).starts_with(openbao() ? "b." : "hvb."));
    EXPECT_EQ(self(service).data()["accessor"].get<std::string>().size(), 24U);
}

// Who names no token is told the id that the server keeps, which is good for all that the other is.
TEST_P(Tokens, VaultKeepsAnotherIdThanItGives) {
    policy("looks", "path \"auth/token/lookup\" { capabilities = [\"read\", \"update\"] }");
    const auto outer = token_with({"default", "looks"});
    const auto inner = get("auth/token/lookup", outer).data()["id"].get<std::string>();
    EXPECT_EQ(inner == outer, openbao());
    EXPECT_EQ(inner, inner_id(outer));
    EXPECT_EQ(inner_id(inner), inner);
    for (const auto& id : {outer, inner}) {
        EXPECT_EQ(self(id).data()["id"], id);
        EXPECT_EQ(renew(id).json["auth"]["client_token"], id);
        EXPECT_EQ(put("auth/token/lookup", {{"token", id}}).data()["id"], id);
        EXPECT_EQ(put("auth/token/renew", {{"token", id}}).json["auth"]["client_token"], id);
    }
    EXPECT_EQ(put("auth/token/revoke", {{"token", inner}}).status, 204);
    EXPECT_EQ(self(outer).status, 403);
    EXPECT_EQ(self(inner).status, 403);
}

TEST_P(Tokens, EndWhenTheirTimeIsOver) {
    const auto token = token_with({"default"}, {{"ttl", "10m"}});
    pass(10min - 1s);
    EXPECT_EQ(self(token).data()["ttl"], 1);
    pass(1s);
    EXPECT_EQ(self(token).error(), "permission denied");
    EXPECT_EQ(renew(token).error(), "permission denied");
}

TEST_P(Tokens, RenewalsExtendShortenAndAreCapped) {
    const auto token = token_with({"default"}, {{"ttl", "30m"}, {"explicit_max_ttl", "1h"}});
    EXPECT_FALSE(self(token).data().contains("last_renewal"));
    pass(10min);
    auto renewed = renew(token);
    EXPECT_EQ(renewed.status, 200);
    EXPECT_TRUE(renewed.data().is_null());
    EXPECT_EQ(renewed.json["auth"]["lease_duration"], 1800);
    EXPECT_EQ(self(token).data()["last_renewal_time"], unix_seconds(clock.now()));
    EXPECT_EQ(renew(token, {{"increment", "1m"}}).json["auth"]["lease_duration"], 60);
    renewed = renew(token, {{"increment", "3h"}});
    EXPECT_EQ(renewed.json["auth"]["lease_duration"], 50 * 60);
    EXPECT_EQ(
        renewed.json["warnings"][0],
        "TTL of \"3h\" exceeded the effective max_ttl of \"50m\"; TTL value is capped accordingly");
    // Ever smaller towards the cap, then dead.
    pass(50min - 4s);
    EXPECT_EQ(renew(token).json["auth"]["lease_duration"], 4);
    pass(2s);
    EXPECT_EQ(renew(token).json["auth"]["lease_duration"], 2);
    pass(2s);
    EXPECT_EQ(renew(token).error(), "permission denied");
}

TEST_P(Tokens, BadIncrements) {
    const auto token = token_with({"default"});
    const auto shown = openbao() ? "" : "xx ";
    EXPECT_EQ(renew(token, {{"increment", "xx"}}).error(),
              fmt::format("Field validation failed: error converting input {}for field "
                          "\"increment\": time: invalid "
                          "duration \"xx\"",
                          shown));
    EXPECT_NE(renew(token, {{"increment", -5}}).error().find("cannot provide negative value '-5'"),
              std::string::npos);
    EXPECT_EQ(renew(token, {{"increment", "60"}}).json["auth"]["lease_duration"], 60);
}

TEST_P(Tokens, PeriodicTokensIgnoreIncrementsAndTheMountsMaximum) {
    const auto token = token_with({"default"}, {{"period", "30h"}});
    EXPECT_EQ(self(token).data()["period"], 30 * 3600);
    EXPECT_EQ(renew(token, {{"increment", "300h"}}).json["auth"]["lease_duration"], 30 * 3600);
    for (int i = 0; i < 40; ++i) {
        pass(29h);
        ASSERT_EQ(renew(token).status, 200);
    }
}

TEST_P(Tokens, TheCliSendsEmptyFields) {
    const auto made = put("auth/token/create", {{"policies", {"default"}},
                                                {"ttl", "0s"},
                                                {"explicit_max_ttl", "0s"},
                                                {"period", "0s"},
                                                {"display_name", ""},
                                                {"num_uses", 0},
                                                {"renewable", true},
                                                {"type", "service"},
                                                {"entity_alias", ""}});
    EXPECT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(made.json["auth"]["lease_duration"], 2764800);
}

TEST_P(Tokens, UsesRunOut) {
    const auto token = token_with({"default"}, {{"num_uses", 2}});
    EXPECT_EQ(self(token).data()["num_uses"], 1);
    EXPECT_EQ(self(token).data()["num_uses"], -1);
    EXPECT_EQ(self(token).error(), "permission denied");
    // A refusal uses it up as well.
    const auto once = token_with({"default"}, {{"num_uses", 1}});
    EXPECT_EQ(get("sys/mounts", once).error(), multi_denied);
    EXPECT_EQ(self(once).error(), "permission denied");
}

TEST_P(Tokens, ChildrenEndWithTheirParent) {
    policy("maker", "path \"auth/token/create*\" { capabilities = [\"update\"] }");
    const auto parent = token_with({"maker"});
    const auto child =
        put("auth/token/create", {}, parent).json["auth"]["client_token"].get<std::string>();
    const auto orphan =
        put("auth/token/create-orphan", {}, parent).json["auth"]["client_token"].get<std::string>();
    EXPECT_EQ(self(child).data()["policies"], Json({"default", "maker"}));
    EXPECT_EQ(put("auth/token/revoke-self", {}, parent).status, 204);
    EXPECT_EQ(put("auth/token/revoke-self", {}, parent).error(), "permission denied");
    EXPECT_EQ(self(child).status, 403);
    EXPECT_EQ(self(orphan).data()["orphan"], true);
}

TEST_P(Tokens, CreationIsRefusedAsItShould) {
    policy("maker", "path \"auth/token/create*\" { capabilities = [\"update\"] }");
    const auto maker = token_with({"maker"});
    const auto refusal = [&](Json body) {
        return put("auth/token/create", std::move(body), maker).error();
    };
    EXPECT_EQ(refusal({{"policies", {"other"}}}), "child policies must be subset of parent");
    EXPECT_EQ(refusal({{"no_parent", true}}),
              "root or sudo privileges required to create orphan token");
    EXPECT_EQ(refusal({{"period", "1h"}}),
              "root or sudo privileges required to create periodic token");
    EXPECT_EQ(refusal({{"id", "mine"}}), "root or sudo privileges required to specify token id");
    EXPECT_EQ(refusal({{"ttl", "-5"}}), "ttl must be positive");
    EXPECT_EQ(put("auth/token/create", {{"id", "s.x"}}).error(),
              "custom token ID cannot have the 's.' prefix");
    EXPECT_EQ(put("auth/token/create", {{"id", "root"}}).error(),
              "cannot create a token with a duplicate ID");
    EXPECT_EQ(put("auth/token/create", {}, token_with({"default"})).error(), multi_denied);
    const auto unknown = put("auth/token/create", {{"policies", {"nope"}}});
    EXPECT_EQ(unknown.json["warnings"][0], "Policy \"nope\" does not exist");
    EXPECT_EQ(unknown.json["auth"]["policies"], Json({"default", "nope"}));
}

TEST_P(Tokens, LookupAndRevocationOfOthers) {
    const auto token = token_with({"default"});
    const auto accessor = self(token).data()["accessor"];
    EXPECT_EQ(put("auth/token/lookup", {{"token", token}}).data()["id"], token);
    EXPECT_EQ(put("auth/token/lookup", {{"token", "zzz"}}).error(), "bad token");
    EXPECT_EQ(put("auth/token/lookup-accessor", {{"accessor", accessor}}).data()["id"], "");
    EXPECT_EQ(put("auth/token/lookup-accessor", {{"accessor", "x"}}).error(),
              "1 error occurred:\n\t* invalid accessor\n\n");
    EXPECT_EQ(put("auth/token/revoke", {}).error(), "missing token ID");
    EXPECT_EQ(put("auth/token/revoke", {{"token", "zzz"}}).status, 204);
    EXPECT_EQ(put("auth/token/revoke-accessor", {{"accessor", accessor}}).status, 204);
    EXPECT_EQ(self(token).status, 403);
    const auto unknown = put("auth/token/revoke-accessor", {{"accessor", accessor}});
    EXPECT_EQ(unknown.json["warnings"][0], "No token found with this accessor");
}

TEST_P(Tokens, AnAccessorRenewsButGivesNoToken) {
    const auto by_accessor = [&](const std::string& token) {
        return put("auth/token/renew-accessor", {{"accessor", self(token).data()["accessor"]}});
    };
    const auto token = token_with({"default"}, {{"ttl", "1h"}});
    pass(10min);
    const auto renewed = by_accessor(token);
    EXPECT_EQ(renewed.status, 200);
    EXPECT_EQ(renewed.json["auth"]["client_token"], "");
    EXPECT_EQ(renewed.json["auth"]["accessor"], self(token).data()["accessor"]);
    EXPECT_EQ(renewed.json["auth"]["lease_duration"], 3600);
    EXPECT_EQ(self(token).data()["ttl"], 3600);
    EXPECT_EQ(by_accessor(token_with({"default"}, {{"renewable", false}})).error(),
              "1 error occurred:\n\t* invalid request\n\n");
}

TEST_P(Tokens, ARootTokenThatEndsMakesWhatEnds) {
    const auto root = put("auth/token/create", {{"ttl", "2h"}}).json["auth"]["client_token"];
    const auto make = [&](Json body) {
        return put("auth/token/create", std::move(body), root.get<std::string>());
    };
    EXPECT_EQ(make(Json::object()).error(),
              "expiring root tokens cannot create non-expiring root tokens");
    EXPECT_EQ(make({{"period", "0"}}).error(),
              "expiring root tokens cannot create non-expiring root tokens");
    const auto periodic = make({{"period", "1h"}});
    EXPECT_EQ(periodic.status, 200) << periodic.body;
    EXPECT_EQ(periodic.json["auth"]["lease_duration"], 3600);
    EXPECT_EQ(periodic.json["auth"]["renewable"], true);
}

TEST_P(Tokens, TheOlderNameOfTtlIsReadWithoutTheNewerOnly) {
    const auto make = [&](Json body) {
        body["policies"] = Json::array({"default"});
        return put("auth/token/create", std::move(body));
    };
    EXPECT_EQ(make({{"lease", "5s"}}).json["auth"]["lease_duration"], 5);
    EXPECT_EQ(make({{"lease", "a"}, {"ttl", ""}}).error(), "time: invalid duration \"a\"");
    EXPECT_EQ(make({{"lease", "a"}, {"ttl", 1}}).json["auth"]["lease_duration"], 1);
    EXPECT_EQ(make({{"lease", "5s"}, {"ttl", "0"}}).json["auth"]["lease_duration"], 2764800);
}

TEST_P(Tokens, UnknownParametersAreWarnedOfWhereverThereIsAnAnswer) {
    const auto warned = Json::array({"Endpoint ignored these unrecognized parameters: [x]"});
    const auto token = token_with({"default"});
    const Json accessor{{"x", 1}, {"accessor", self(token).data()["accessor"]}};
    EXPECT_EQ(get("auth/token/lookup?x=1").json["warnings"], warned);
    EXPECT_EQ(get("auth/token/lookup-self?x=1").json["warnings"], warned);
    EXPECT_EQ(put("auth/token/lookup-accessor", accessor).json["warnings"], warned);
    EXPECT_EQ(put("auth/token/renew-accessor", accessor).json["warnings"], warned);
    EXPECT_EQ(renew(token, {{"x", 1}}).json["warnings"], warned);
    EXPECT_EQ(list("auth/token/accessors?x=1").json["warnings"], warned);
    EXPECT_EQ(get("sys/mounts?x=1").json["warnings"], warned);
    EXPECT_EQ(put("sys/capabilities-self", {{"path", "a"}, {"x", 1}}).json["warnings"], warned);
    EXPECT_EQ(put("auth/token/create", {{"x", 1}}).json["warnings"], warned);
    EXPECT_EQ(put("auth/token/tidy", {{"x", 1}}).json["warnings"].size(), 1U);
    EXPECT_EQ(put("auth/token/revoke-accessor", accessor).status, 204);
    const auto wrapped = ask({.method = "PUT",
                              .path = "sys/wrapping/wrap",
                              .body = Json{{"x", 1}},
                              .headers = {{"X-Vault-Wrap-TTL", "1m"}}});
    const auto kept = put("sys/wrapping/unwrap", {{"token", wrapped.json["wrap_info"]["token"]}});
    EXPECT_EQ(kept.data(), (Json{{"x", 1}}));
    EXPECT_EQ(kept.json["warnings"], nullptr);
    const auto none = list("auth/token/roles?x=1");
    EXPECT_EQ(none.status, 200);
    EXPECT_EQ(none.json["warnings"], warned);
    EXPECT_EQ(list("auth/token/roles").status, 404);
}

TEST_P(Tokens, BatchTokensCannotBeRevokedOrRenewed) {
    const auto token = token_with({"default"}, {{"type", "batch"}, {"ttl", "10m"}});
    const auto looked = self(token).data();
    EXPECT_EQ(looked["type"], "batch");
    EXPECT_EQ(looked["accessor"], "");
    EXPECT_EQ(looked["renewable"], false);
    EXPECT_EQ(renew(token).error(), "batch tokens cannot be renewed");
    EXPECT_EQ(put("auth/token/revoke-self", {}, token).error(), "batch tokens cannot be revoked");
    EXPECT_EQ(put("auth/token/revoke", {{"token", token}}).error(),
              "batch tokens cannot be revoked");
    EXPECT_EQ(get("cubbyhole/x", token).status, 400);
    EXPECT_EQ(put("sys/leases/revoke-prefix/auth/token").status, 204);
    EXPECT_EQ(self(token).status, 200);
    EXPECT_EQ(self(token + "x").status, 403);
    pass(10min);
    EXPECT_EQ(self(token).error(), "permission denied");
}

TEST_P(Tokens, ARoleLooksAtItsPathBeforeItsAddresses) {
    EXPECT_EQ(put("auth/token/roles/r", {{"path_suffix", "a b"}, {"bound_cidrs", "x"}}).error(),
              "given role path suffix contains invalid characters; must match \\w[\\w-.]+\\w");
}

TEST_P(Tokens, ARolesTypeThatIsNullIsToldAsNull) {
    const auto refusal = [&](Json role) { return put("auth/token/roles/r", role).error(); };
    const Json null_type{{"token_type", nullptr}};
    EXPECT_EQ(refusal(null_type), "Invalid 'token_type' value: null");
    EXPECT_EQ(refusal({{"token_type", ""}}), "invalid 'token_type' value \"\"");
    // It is told before the other fields, but after the path.
    EXPECT_EQ(refusal({{"token_type", nullptr}, {"token_num_uses", -1}}),
              "Invalid 'token_type' value: null");
    EXPECT_TRUE(refusal({{"token_type", nullptr}, {"path_suffix", "?"}})
                    .starts_with("given role path suffix contains invalid characters"));
    EXPECT_EQ(get("auth/token/roles/r").status, 404);
}

TEST_P(Tokens, ARolesFieldsAreTidied) {
    EXPECT_EQ(put("auth/token/roles/r", {{"path_suffix", "a..b"}}).error(),
              "error registering path suffix: path cannot contain parent references");
    ASSERT_EQ(put("auth/token/roles/r", {{"allowed_policies", {"a", "root"}},
                                         {"allowed_policies_glob", {"Root", "b*"}},
                                         {"disallowed_policies", {"root", "a"}}})
                  .status,
              204);
    const auto role = get("auth/token/roles/r").data();
    EXPECT_EQ(role["allowed_policies"], Json({"root"}));
    EXPECT_EQ(role["allowed_policies_glob"], Json({"root"}));
    EXPECT_EQ(role["disallowed_policies"], Json({"a", "root"}));
}

TEST_P(Tokens, ARolesOldMaximumIsWarnedOfAtEveryWrite) {
    const auto warned = [&](Json role) {
        const auto reply = put("auth/token/roles/r", std::move(role));
        return reply.status == 200 &&
               reply.body.find("Given explicit max TTL of ") != std::string::npos;
    };
    EXPECT_TRUE(warned({{"explicit_max_ttl", "9000h"}}));
    EXPECT_TRUE(warned(Json::object()));
    EXPECT_TRUE(warned({{"token_explicit_max_ttl", "9000h"}}));
    EXPECT_FALSE(warned(Json::object()));
}

TEST_P(Tokens, AChildIsBoundToTheAddressesOfItsParent) {
    policy("maker", R"(path "auth/token/create*" { capabilities = ["update"] })");
    ASSERT_EQ(put("auth/token/roles/bound", {{"token_bound_cidrs", "127.0.0.1"}}).status, 204);
    ASSERT_EQ(put("auth/token/roles/free").status, 204);
    const auto made = [&](const std::string& path, const std::string& by) {
        return put("auth/token/create" + path, {{"policies", {"maker"}}}, by)
            .json["auth"]["client_token"]
            .get<std::string>();
    };
    const auto parent = made("/bound", "root");
    const auto blocks = self(parent).data()["bound_cidrs"];
    EXPECT_EQ(blocks.size(), 1U);
    EXPECT_EQ(self(made("", parent)).data().value("bound_cidrs", Json()), blocks);
    // A role's addresses count, where there are none, too.
    EXPECT_FALSE(self(made("/free", parent)).data().contains("bound_cidrs"));
}

TEST_P(Tokens, RolesHoldGlobsWithStarsAnywhere) {
    const auto refusal = [&](Json role, const std::string& name) {
        EXPECT_EQ(put("auth/token/roles/r", std::move(role)).status, 204);
        auto error = put("auth/token/create/r", {{"policies", {name}}}).error();
        EXPECT_EQ(remove("auth/token/roles/r").status, 204);
        return error;
    };
    EXPECT_EQ(refusal({{"allowed_policies_glob", "*-ro"}}, "a-ro"), "");
    EXPECT_NE(refusal({{"allowed_policies_glob", "*-ro"}}, "a-rw"), "");
    EXPECT_EQ(refusal({{"allowed_policies_glob", "a*-ro"}}, "a-b-ro"), "");
    EXPECT_NE(refusal({{"disallowed_policies_glob", "*-ro"}}, "a-ro"), "");
}

TEST_P(Tokens, WhatNeedsSudoNeedsItByARoleToo) {
    policy("maker", R"(path "auth/token/create*" { capabilities = ["update"] })");
    const auto maker = token_with({"maker"});
    ASSERT_EQ(put("auth/token/roles/r").status, 204);
    EXPECT_EQ(put("auth/token/create/r", {{"period", "1h"}}, maker).error(),
              "root or sudo privileges required to create periodic token");
    // It is told before a ttl that cannot be read.
    EXPECT_EQ(put("auth/token/create", {{"period", "1h"}, {"ttl", "x"}}, maker).error(),
              "root or sudo privileges required to create periodic token");
    EXPECT_EQ(put("auth/token/create", {{"id", "s.x"}}, maker).error(),
              "root or sudo privileges required to specify token id");
    EXPECT_EQ(put("auth/token/create", {{"id", "s.x"}, {"ttl", "x"}}).error(),
              "time: invalid duration \"x\"");
}

TEST_P(Tokens, WarningsOfACreationAreInTheServersOrder) {
    ASSERT_EQ(put("auth/token/roles/r", {{"token_period", "1h"}, {"token_explicit_max_ttl", "3h"}})
                  .status,
              204);
    const auto warnings =
        put("auth/token/create/r",
            {{"period", "2h"}, {"explicit_max_ttl", "2h"}, {"id", "mine"}, {"policies", {"none"}}})
            .json["warnings"];
    ASSERT_EQ(warnings.size(), 4U);
    const auto begins = [&](std::size_t at, std::string_view text) {
        EXPECT_TRUE(warnings[at].get<std::string>().starts_with(text)) << warnings[at];
    };
    begins(0, "Explicit max TTL specified both");
    begins(1, "Period specified both");
    begins(2, "Supplying a custom ID");
    begins(3, "Policy \"none\" does not exist");
}

TEST_P(Tokens, AnAliasKeepsItsCaseAndIsFoundInAny) {
    ASSERT_EQ(put("auth/token/roles/r", {{"allowed_entity_aliases", {"bob", "*-y"}}}).status, 204);
    const auto entity = [&](const char* alias) {
        return put("auth/token/create/r", {{"entity_alias", alias}, {"policies", {"default"}}})
            .json["auth"]["entity_id"]
            .get<std::string>();
    };
    const auto bob = entity("BoB");
    EXPECT_EQ(entity("bob"), bob);
    EXPECT_EQ(get("identity/entity/id/" + bob).data()["aliases"][0]["name"], "BoB");
    EXPECT_NE(entity("Two-Y"), bob);
    ASSERT_EQ(put("identity/entity/id/" + bob, {{"disabled", true}}).status, 204);
    const auto refused = put("auth/token/create/r", {{"entity_alias", "bob"}});
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.error(), "entity from given entity alias is disabled");
}

TEST_P(Tokens, AChildHasDefaultOnlyWhereItsParentHasIt) {
    policy("maker", R"(path "auth/token/create" { capabilities = ["update"] })");
    const auto child_of = [&](const std::string& parent) {
        return put("auth/token/create", {{"policies", {"default"}}}, parent).error();
    };
    EXPECT_EQ(child_of(token_with({"maker"})), "");
    EXPECT_EQ(child_of(token_with({"maker"}, {{"no_default_policy", true}})),
              "child policies must be subset of parent");
}

TEST_P(Tokens, NoParentNeedsSudoWherePathsMakeOrphansToo) {
    policy("maker", R"(path "auth/token/create*" { capabilities = ["update"] })");
    const auto maker = token_with({"maker"});
    EXPECT_EQ(put("auth/token/create-orphan", {{"no_parent", true}}, maker).error(),
              "root or sudo privileges required to create orphan token");
    EXPECT_EQ(put("auth/token/create-orphan", Json::object(), maker).status, 200);
}

TEST_P(Tokens, DisplayNamesAreOfLettersDigitsAndHyphens) {
    const auto shown = [&](const std::string& name) {
        return self(token_with({"default"}, {{"display_name", name}})).data()["display_name"];
    };
    for (const auto& [given, expected] :
         {std::pair("", "token"), std::pair("a b_c", "token-a-b-c"), std::pair(" a ", "token--a"),
          std::pair("a--", "token-a-"), std::pair("-", "token-"),
          std::pair("\u00e4\u20acb", "token---b"), std::pair("\u00e4", "token-")}) {
        EXPECT_EQ(shown(given), expected) << given;
    }
}

TEST_P(Tokens, Roles) {
    EXPECT_EQ(put("auth/token/create/r").error(), "unknown role r");
    EXPECT_EQ(put("auth/token/roles/r", {{"allowed_policies", "p1"},
                                         {"period", "1h"},
                                         {"orphan", true},
                                         {"path_suffix", "suf"}})
                  .status,
              204);
    const auto made = put("auth/token/create/r");
    const auto token = made.json["auth"]["client_token"].get<std::string>();
    const auto looked = self(token).data();
    EXPECT_EQ(looked["role"], "r");
    EXPECT_EQ(looked["path"], "auth/token/create/r/suf");
    EXPECT_EQ(looked["policies"], Json({"default", "p1"}));
    EXPECT_EQ(put("auth/token/create/r", {{"policies", {"p2"}}}).error(),
              "token policies ([\"default\" \"p2\"]) must be subset of the role's allowed policies "
              "([\"default\" "
              "\"p1\"]) or glob policies ([])");
    EXPECT_EQ(renew(token).json["auth"]["lease_duration"], 3600);
    EXPECT_EQ(remove("auth/token/roles/r").status, 204);
    EXPECT_EQ(renew(token).status, 500);
    EXPECT_NE(renew(token).error().find("failed to renew entry: original token role"),
              std::string::npos);
    EXPECT_EQ(get("auth/token/roles/r").status, 404);
}

TEST_P(Tokens, TheCubbyholeIsEachTokensOwn) {
    const auto one = token_with({"default"});
    const auto other = token_with({"default"});
    EXPECT_EQ(put("cubbyhole/x", {{"a", "b"}}, one).status, 204);
    EXPECT_EQ(get("cubbyhole/x", one).data(), Json({{"a", "b"}}));
    EXPECT_EQ(list("cubbyhole", one).data()["keys"], Json({"x"}));
    EXPECT_EQ(get("cubbyhole/x", other).status, 404);
}

TEST_F(FakeVaultTest, AnAccessorIsGoodInItsTokensOwnNamespaceAlone) {
    for (const auto* ns : {"one", "two"}) {
        ASSERT_EQ(put(std::string("sys/namespaces/") + ns).status, 200);
    }
    const auto within = [&](const std::string& ns, const std::string& path, Json body) {
        std::vector<std::pair<std::string, std::string>> headers;
        if (!ns.empty()) {
            headers.emplace_back("X-Vault-Namespace", ns);
        }
        return ask({.method = "PUT", .path = path, .body = std::move(body), .headers = headers});
    };
    for (const std::string own : {"", "one"}) {
        const auto auth = within(own, "auth/token/create", {{"ttl", "10m"}}).json["auth"];
        for (const std::string ns : {"", "one", "two"}) {
            for (const auto* path : {"auth/token/lookup-accessor", "auth/token/renew-accessor",
                                     "sys/capabilities-accessor", "auth/token/revoke-accessor"}) {
                if (ns == own) {
                    continue;
                }
                const auto refused =
                    within(ns, path, {{"accessor", auth["accessor"]}, {"paths", {"a"}}});
                EXPECT_EQ(refused.status, 500) << own << " " << ns << " " << path;
                EXPECT_EQ(refused.error(),
                          "1 error occurred:\n\t* cannot lookup token in different namespace\n\n");
            }
            const Json named{{"token", auth["client_token"]}};
            EXPECT_EQ(within(ns, "auth/token/lookup", named).status, 200) << own << " " << ns;
            const bool lost = own.empty() && !ns.empty();
            EXPECT_EQ(within(ns, "auth/token/renew", named).status, lost ? 500 : 200)
                << own << " " << ns;
        }
        EXPECT_EQ(
            within(own, "auth/token/lookup-accessor", {{"accessor", auth["accessor"]}}).status,
            200);
        EXPECT_EQ(within("two", "auth/token/revoke", {{"token", auth["client_token"]}}).status,
                  204);
    }
}

}  // namespace meshproof::fakes::vault
