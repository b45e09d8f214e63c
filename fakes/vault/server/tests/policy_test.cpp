#include "fakes/vault/server/policy.hpp"
#include "core/base/text.hpp"
#include "core/time/prng.hpp"
#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

namespace {

Acl acl_of(std::initializer_list<std::string> policies) {
    Acl acl;
    for (const auto& text : policies) {
        acl.add(*parse_policy(text, Product::openbao));
    }
    return acl;
}

std::string rule(std::string_view path, std::string_view capability) {
    return fmt::format("path \"{}\" {{ capabilities = [\"{}\"] }}\n", path, capability);
}

}  // namespace

TEST(Acl, PatternsMatchAsTheyShould) {
    struct Case {
        const char* pattern;
        const char* path;
        bool matches;
    };
    for (const auto& [pattern, path, matches] : {
             Case{"s/a", "s/a", true},
             Case{"s/a", "s/a/b", false},
             Case{"s/*", "s/", true},
             Case{"s/*", "s/a/b", true},
             Case{"s/*", "s", false},
             Case{"s/a*", "s/a/c", true},
             Case{"s/a*", "s/b", false},
             Case{"s/+/x", "s/a/x", true},
             Case{"s/+/x", "s//x", true},
             Case{"s/+/x", "s/a/b/x", false},
             Case{"s/+/x*", "s/a/xy", true},
             Case{"+/x", "a/x", true},
             Case{"s/+", "s/a/b", false},
             Case{"/s/a", "s/a", true},
             Case{"*", "any/thing", true},
         }) {
        EXPECT_EQ(
            acl_of({rule(pattern, "read")}).allows(Operation::read, false, path, Json::object()),
            matches)
            << pattern << " for " << path;
    }
}

TEST(Acl, OneRuleDecidesAndTheMostSpecificWins) {
    // (weaker, stronger, path): the stronger alone decides, so the weaker's capability is not
    // added.
    struct Case {
        const char* weaker;
        const char* stronger;
        const char* path;
    };
    for (const auto& [weaker, stronger, path] : {
             Case{"s/*", "s/a", "s/a"},
             Case{"s/+/b", "s/a/*", "s/a/b"},
             Case{"s/+/b*", "s/+/b", "s/a/b"},
             Case{"s/*", "s/a/*", "s/a/b"},
             Case{"s/+/+", "s/+/b", "s/a/b"},
             Case{"s/+/b*", "s/+/ba*", "s/a/bar"},
             Case{"s/*", "s/+", "s/a"},
         }) {
        for (const bool swapped : {false, true}) {
            const auto first = rule(weaker, "delete");
            const auto second = rule(stronger, "read");
            const auto acl = swapped ? acl_of({second, first}) : acl_of({first, second});
            EXPECT_TRUE(acl.allows(Operation::read, false, path, Json::object())) << stronger;
            EXPECT_FALSE(acl.allows(Operation::remove, false, path, Json::object())) << weaker;
        }
    }
}

TEST(Acl, TheSamePathInSeveralPoliciesIsUnitedAndDenyWins) {
    const auto united = acl_of({rule("a", "read"), rule("a", "update")});
    EXPECT_EQ(united.capabilities("a"), (std::vector<std::string>{"read", "update"}));
    EXPECT_EQ(acl_of({rule("a", "read"), rule("a", "deny")}).capabilities("a"),
              std::vector<std::string>{"deny"});
    EXPECT_EQ(acl_of({rule("a", "deny"), rule("a", "read")}).capabilities("a"),
              std::vector<std::string>{"deny"});
    // A broad deny is overridden by a more specific allow.
    EXPECT_TRUE(acl_of({rule("s/*", "deny"), rule("s/a", "read")})
                    .allows(Operation::read, false, "s/a", {}));
}

TEST(Acl, CreateAndUpdateAreTwoCapabilities) {
    const auto acl = acl_of({rule("a", "create")});
    EXPECT_TRUE(acl.allows(Operation::update, true, "a", Json::object()));
    EXPECT_FALSE(acl.allows(Operation::update, false, "a", Json::object()));
}

TEST(Acl, ParametersAreChecked) {
    const auto acl = acl_of({R"(path "a" {
        capabilities = ["update"]
        allowed_parameters = { "ttl" = ["1h", "2*"]  "name" = [] }
        denied_parameters = { "name" = ["root"] }
        required_parameters = ["ttl"]
    })"});
    const auto allows = [&](Json data) { return acl.allows(Operation::update, false, "a", data); };
    EXPECT_TRUE(allows({{"ttl", "1h"}}));
    EXPECT_TRUE(allows({{"ttl", "24h"}, {"name", "x"}}));
    EXPECT_FALSE(allows({{"ttl", "3h"}}));
    EXPECT_FALSE(allows({{"ttl", "1h"}, {"name", "root"}}));
    EXPECT_FALSE(allows({{"ttl", "1h"}, {"other", 1}}));
    EXPECT_FALSE(allows({{"name", "x"}}));
}

TEST(PolicyText, IsUtf8) {
    const auto said = [](std::string_view text) {
        const auto policy = parse_policy(text, Product::openbao);
        return policy ? "" : policy.error().message;
    };
    EXPECT_EQ(said("# caf\xc3\xa9 \xef\xbf\xbd \xf0\x9f\x98\x80\n"), "");
    EXPECT_EQ(said("# \xc3\xa9\x86\n"), "At 1:4: illegal UTF-8 encoding");
    EXPECT_EQ(said("\n path \"\xf0\x9f x\" { capabilities = [[\"\xed\xa0\x80\"]] }"),
              "At 2:36: illegal UTF-8 encoding");
    EXPECT_EQ(said("{\"path\": \"\xc0\x80\"}"), "1:12: illegal UTF-8 encoding");
    EXPECT_EQ(said("\xf4\x90\x80\x80 ] ").find("UTF-8"), std::string::npos);
}

TEST(PolicyText, FormsThatAreRead) {
    const auto expect_reads = [](std::string_view text) {
        const auto policy = parse_policy(text, Product::vault);
        ASSERT_TRUE(policy) << policy.error().message;
        ASSERT_EQ(policy->paths.size(), 1U);
        EXPECT_EQ(policy->paths[0].path, "a/b");
        EXPECT_TRUE(policy->paths[0].rule.has("read"));
    };
    expect_reads("# one\npath \"a/b\" {\n  capabilities = [\"read\", \"list\",]\n}\n");
    expect_reads("path \"a/b\" { policy = \"read\" }");
    expect_reads("/* x */ name = \"n\"\npath = { \"a/b\" = { capabilities = [\"read\"] } } // y");
    expect_reads(R"({"path": {"a/b": {"capabilities": ["read"]}}})");
    expect_reads(R"({"path": [{"a/b": {"capabilities": ["read"]}}]})");
    expect_reads(to_base64("path \"a/b\" { capabilities = [\"read\"] }"));
}

class Policies : public BothProducts {};
MESHPROOF_BOTH_PRODUCTS(Policies);

TEST_P(Policies, BadTextsAreRefused) {
    const auto refusal = [&](const std::string& text) {
        const auto reply = put("sys/policies/acl/p", {{"policy", text}});
        EXPECT_EQ(reply.status, 400) << text;
        return reply.error();
    };
    EXPECT_EQ(refusal(""), "'policy' parameter not supplied or empty");
    EXPECT_EQ(refusal("path \"a\" { capabilities=[\"fly\"] }"),
              openbao()
                  ? "failed to parse policy: path \"a\": path \"a\": invalid capability \"fly\""
                  : "failed to parse policy: path \"a\": invalid capability \"fly\"");
    EXPECT_NE(refusal("path \"a+*\" { capabilities=[\"read\"] }")
                  .find("invalid use of wildcards ('+*' is forbidden)"),
              std::string::npos);
    for (const auto* text : {"hello", "path \"a\" { capabilities=", "paths \"a\" {}",
                             "path \"a\" { capabilitie=[] }"}) {
        EXPECT_TRUE(refusal(text).starts_with("failed to parse policy: ")) << text;
    }
    const auto scan =
        put("sys/policies/acl/p", {{"policy", "path \"a\" { capabilities=[\"scan\"] }"}});
    EXPECT_EQ(scan.status, openbao() ? 204 : 400);
}

TEST_P(Policies, NamesAreLowered) {
    const auto written = put("sys/policies/acl/UPPER", {{"policy", rule("a", "read")}});
    EXPECT_EQ(written.status, openbao() ? 204 : 200);
    EXPECT_EQ(get("sys/policies/acl/upper").data()["policy"], rule("a", "read"));
    EXPECT_EQ(get("sys/policies/acl/upper").data().contains("version"), openbao());
    EXPECT_EQ(list("sys/policies/acl").data()["keys"], Json({"default", "upper", "root"}));
    EXPECT_EQ(get("sys/policies/acl/nope").status, 404);
    EXPECT_EQ(put("sys/policies/acl/p3", {{"policy", rule("a", "read")}, {"cas", 5}}).status,
              openbao() ? 400 : 204);
    EXPECT_EQ(put("sys/policies/acl/root", {{"policy", rule("a", "read")}}).error(),
              "cannot update \"root\" policy");
    EXPECT_EQ(remove("sys/policies/acl/root").error(), "cannot delete \"root\" policy");
    EXPECT_EQ(remove("sys/policies/acl/default").error(), "cannot delete default policy");
    EXPECT_EQ(remove("sys/policies/acl/absent").status, 204);
}

// A read's final slash is one slash to them, in paths that hold names in lower case too.
TEST_P(Policies, SeeTheFinalSlashOfARead) {
    for (const std::string path : {"sys/policies/acl/absent", "sys/policy/absent"}) {
        policy("bare", rule(path, "read"));
        policy("slashed", rule(path + "/", "read"));
        const auto bare = token_with({"bare"}), slashed = token_with({"slashed"});
        EXPECT_EQ(get(path, bare).status, 404) << path;
        EXPECT_EQ(get(path + "/", bare).status, 403) << path;
        EXPECT_EQ(get(path, slashed).status, 403) << path;
        EXPECT_EQ(get(path + "/", slashed).status, 404) << path;
    }
}

TEST_P(Policies, AreResolvedPerRequest) {
    policy("p", rule("sys/policies/acl/*", "read"));
    const auto token = token_with({"p"});
    EXPECT_EQ(get("sys/policies/acl/p", token).status, 200);
    policy("p", rule("other", "read"));
    EXPECT_EQ(get("sys/policies/acl/p", token).error(), multi_denied);
    policy("p", rule("sys/policies/acl/*", "read"));
    EXPECT_EQ(get("sys/policies/acl/p", token).status, 200);
    EXPECT_EQ(remove("sys/policies/acl/p").status, 204);
    EXPECT_EQ(get("sys/policies/acl/p", token).error(), multi_denied);
}

TEST_P(Policies, SudoIsNeededBesides) {
    policy(
        "nosudo",
        "path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\"] }");
    const auto token = token_with({"nosudo"});
    EXPECT_EQ(get("sys/auth", token).status, 200);
    EXPECT_EQ(get("sys/auth/token", token).error(), multi_denied);
    EXPECT_EQ(put("sys/auth/c1", {{"type", "kubernetes"}}, token).error(), multi_denied);
    EXPECT_EQ(put("sys/leases/revoke-prefix/x", {}, token).error(), multi_denied);
    EXPECT_EQ(put("sys/seal", {}, token).error(), multi_denied);
    EXPECT_EQ(list("auth/token/accessors", token).error(), multi_denied);
    EXPECT_EQ(put("sys/mounts/m", {{"type", "nothing"}}, token).status, 400);
    policy("sudo",
           rule("sys/auth/*", "sudo") + "path \"sys/auth/*\" { capabilities = [\"update\"] }");
    EXPECT_EQ(put("sys/auth/c1", {{"type", "kubernetes"}}, token_with({"sudo"})).status, 204);
}

TEST_P(Policies, OpenBaosPathsHoldNamesInLowerCase) {
    ASSERT_EQ(put("sys/auth/kube", {{"type", "kubernetes"}}).status, 204);
    ASSERT_EQ(put("sys/auth/approle", {{"type", "approle"}}).status, 204);
    ASSERT_EQ(put("auth/kube/role/r",
                  {{"bound_service_account_names", "a"}, {"bound_service_account_namespaces", "b"}})
                  .status,
              204);
    ASSERT_EQ(put("auth/approle/role/r", Json::object()).status, 204);
    policy("low", rule("auth/kube/role/r", "read") + rule("auth/approle/role/r/role-id", "read") +
                      rule("sys/policies/acl/low", "read") + rule("sys/policy/low", "read"));
    policy("up", rule("auth/kube/role/R", "read") + rule("auth/approle/role/R/role-id", "read") +
                     rule("sys/policies/acl/LOW", "read") + rule("sys/policy/LOW", "read"));
    const auto low = token_with({"low"}), up = token_with({"up"});
    for (const auto& [path, canonical] :
         {std::pair("auth/kube/role/R", "auth/kube/role/r"),
          std::pair("auth/approle/role/R/role-id", "auth/approle/role/r/role-id"),
          std::pair("sys/policies/acl/LOW", "sys/policies/acl/low"),
          std::pair("sys/policy/LOW", "sys/policy/low")}) {
        EXPECT_EQ(get(path, low).status, openbao() ? 200 : 403) << path;
        EXPECT_EQ(get(path, up).status, openbao() ? 403 : 200) << path;
        const auto wrapped =
            ask({.method = "GET", .path = path, .headers = {{"X-Vault-Wrap-TTL", "60s"}}});
        EXPECT_EQ(wrapped.json["wrap_info"]["creation_path"], openbao() ? canonical : path);
        // What a policy gives is told of the path as it is written.
        EXPECT_EQ(put("sys/capabilities-self", {{"path", path}}, low).data()["capabilities"],
                  Json({"deny"}));
    }
    // Other names count as they are.
    EXPECT_EQ(put("auth/token/roles/R", Json::object()).status, 204);
    const auto other = ask(
        {.method = "GET", .path = "auth/token/roles/R", .headers = {{"X-Vault-Wrap-TTL", "60s"}}});
    EXPECT_EQ(other.json["wrap_info"]["creation_path"], "auth/token/roles/R");
}

TEST_P(Policies, CapabilitiesSelf) {
    policy("p", rule("a", "read") + rule("b/*", "deny"));
    const auto token = token_with({"p"});
    const auto many = put("sys/capabilities-self", {{"paths", {"a", "b/c", "z"}}}, token).json;
    EXPECT_EQ(many["data"]["a"], Json({"read"}));
    EXPECT_EQ(many["data"]["b/c"], Json({"deny"}));
    EXPECT_EQ(many["data"]["z"], Json({"deny"}));
    EXPECT_EQ(many["a"], Json({"read"}));
    EXPECT_EQ(put("sys/capabilities-self", {{"path", "a"}}).data()["capabilities"], Json({"root"}));
    EXPECT_EQ(put("sys/capabilities-self", {}, token).error(), "paths must be supplied");
}

TEST_P(Policies, APatchChangesWhatIsThere) {
    const auto patch = [&](const char* name, Json body) {
        return ask({.method = "PATCH",
                    .path = std::string("sys/policies/acl/") + name,
                    .body = std::move(body),
                    .headers = {{"Content-Type", "application/merge-patch+json"}}});
    };
    policy("p", rule("a", "read"));
    if (!openbao()) {
        EXPECT_EQ(patch("p", {{"policy", rule("b", "read")}}).status, 405);
        return;
    }
    EXPECT_EQ(patch("none", {{"policy", rule("a", "read")}}).error(), "policy not found");
    const auto patched = patch("p", {{"policy", rule("b", "read")}, {"ttl", "1h"}, {"x", 1}});
    EXPECT_EQ(patched.status, 200);
    EXPECT_EQ(patched.data(), nullptr);
    EXPECT_EQ(patched.json["warnings"],
              Json({"Endpoint ignored these unrecognized parameters: [x]"}));
    const auto expiration = get("sys/policies/acl/p").data()["expiration"];
    EXPECT_EQ(patch("p", {{"cas_required", true}, {"ttl", nullptr}}).status, 200);
    EXPECT_EQ(patch("p", Json::object()).status, 200);
    const auto told = get("sys/policies/acl/p").data();
    EXPECT_EQ(told["policy"], rule("b", "read"));
    EXPECT_EQ(told["version"], 4);
    EXPECT_EQ(told["cas_required"], true);
    EXPECT_EQ(told["expiration"], expiration);
    EXPECT_EQ(patch("p", {{"cas", 3}}).error(),
              "check-and-set parameter 3 did not match the current version 4");
    EXPECT_EQ(patch("p", {{"policy", nullptr}}).error(),
              "'policy' parameter not supplied or empty");
    EXPECT_TRUE(patch("p", {{"policy", "x"}}).error().starts_with("failed to parse policy: "));
    EXPECT_EQ(patch("p", {{"ttl", 0}}).error(),
              "refusing to update policy as expiration time has already elapsed");
    EXPECT_EQ(patch("root", {{"policy", rule("a", "read")}}).error(),
              "cannot update \"root\" policy");
    pass(std::chrono::hours(1));
    EXPECT_EQ(get("sys/policies/acl/p").status, 404);
}

TEST_P(Policies, ASlashAtTheEndIsNoneOfTheName) {
    policy("p", rule("a", "read"));
    EXPECT_EQ(get("sys/policies/acl/p/").data()["name"], "p");
    EXPECT_EQ(get("sys/policy/p/").data()["rules"], rule("a", "read"));
    if (openbao()) {
        EXPECT_EQ(remove("sys/policies/acl/default/").error(), "cannot delete default policy");
    }
    EXPECT_EQ(remove("sys/policies/acl/p/").status, 204);
    EXPECT_EQ(get("sys/policies/acl/p").status, 404);
}

TEST_P(Policies, OpenBaoListsThoseBelowAName) {
    policy("a/b", rule("a", "read"));
    policy("ab", rule("a", "read"));
    EXPECT_EQ(list("sys/policies/acl/a").status, openbao() ? 200 : 405);
    if (!openbao()) {
        return;
    }
    EXPECT_EQ(list("sys/policies/acl/a").data(), Json({{"keys", {"a/b"}}}));
    EXPECT_EQ(list("sys/policy/a").json["policies"], Json({"a/b"}));
    EXPECT_EQ(list("sys/policies/acl/ab").status, 404);
    const auto none = list("sys/policy/ab");
    EXPECT_EQ(none.status, 200);
    EXPECT_EQ(none.data(), Json({{"policies", nullptr}}));
}

TEST_P(Policies, ListsMayBeAllowedWithOrWithoutTheSlash) {
    for (const auto* path : {"sys/policies/acl", "sys/policies/acl/"}) {
        policy("p", rule(path, "list"));
        EXPECT_EQ(list("sys/policies/acl", token_with({"p"})).status, 200) << path;
    }
}

TEST_P(Policies, OneRuleDecidesOfAList) {
    const auto status = [&](const std::string& text) {
        policy("p", text);
        const auto token = token_with({"p"});
        const auto told =
            put("sys/capabilities", {{"token", token}, {"paths", {"sys/policies/acl/"}}}).data();
        const auto listed = list("sys/policies/acl", token).status;
        EXPECT_EQ(listed == 200, told["capabilities"] == Json({"list"})) << text;
        return listed;
    };
    EXPECT_EQ(status(rule("sys/*", "list") + rule("sys/policies/acl/*", "read")), 403);
    EXPECT_EQ(status(rule("sys/+/acl", "list") + rule("sys/*", "read")), 403);
    EXPECT_EQ(status(rule("sys/policies/acl", "read") + rule("sys/policies/acl*", "list")), 403);
    EXPECT_EQ(status(rule("sys/policies/acl", "deny") + rule("sys/policies/acl/", "list")), 200);
    EXPECT_EQ(status(rule("sys/policies/+", "deny") + rule("sys/policies/*", "list")), 200);
    // A pattern is tried without the slash in OpenBao alone.
    EXPECT_EQ(status(rule("sys/policies/+", "list")), openbao() ? 200 : 403);
    EXPECT_EQ(status(rule("sys/policies/+/", "list")), 200);
}

TEST_P(Policies, AnswersMayHaveToBeWrapped) {
    const auto bounded = [](const std::string& bounds) {
        return "path \"sys/policies/acl/p\" { capabilities = [\"read\"] " + bounds + " }\n";
    };
    const auto status = [&](const std::string& token, const std::string& ttl) {
        Ask what{.method = "GET", .path = "sys/policies/acl/p", .token = token};
        if (!ttl.empty()) {
            what.headers = {{"X-Vault-Wrap-TTL", ttl}};
        }
        return ask(what).status;
    };
    policy("p", bounded("min_wrapping_ttl = \"1m\" max_wrapping_ttl = \"5m\""));
    policy("least", bounded("min_wrapping_ttl = \"10s\""));
    policy("most", bounded("max_wrapping_ttl = \"30s\""));
    policy("free", bounded(""));
    const auto alone = token_with({"p"});
    for (const auto& [ttl, wanted] : {std::pair("", 403), std::pair("59s", 403),
                                      std::pair("60s", 200), std::pair("301s", 403)}) {
        EXPECT_EQ(status(alone, ttl), wanted) << ttl;
    }
    // Of two bounds the lesser counts, and one that is none does not.
    const auto lower = token_with({"p", "least"}), none = token_with({"p", "most"});
    EXPECT_EQ(status(lower, "5s"), 403);
    EXPECT_EQ(status(lower, "20s"), 200);
    EXPECT_EQ(status(lower, "400s"), 403);
    for (const auto* ttl : {"20s", "45s", "60s"}) {
        EXPECT_EQ(status(none, ttl), 403) << ttl;
    }
    EXPECT_EQ(status(token_with({"free", "least"}), ""), 403);
}

TEST_P(Policies, WhatLooksForAnObjectReadsTheFieldsFirst) {
    ASSERT_EQ(put("sys/auth/kubernetes", {{"type", "kubernetes"}}).status, 204);
    ASSERT_EQ(put("sys/auth/ar", {{"type", "approle"}}).status, 204);
    policy("p", rule("auth/+/roles/*", "create") + rule("auth/+/role/*", "create"));
    const auto allowed = token_with({"p"}), nobody = token_with({"default"});
    for (const auto* path : {"auth/token/roles/r", "auth/kubernetes/role/r", "auth/ar/role/r"}) {
        const Json bad{{"token_period", "x"}};
        const auto told = put(path, bad, nobody);
        EXPECT_EQ(told.status, 400) << path;
        EXPECT_TRUE(told.error().starts_with("error converting input ")) << told.body;
        EXPECT_EQ(told.body, put(path, bad).body) << path;
        EXPECT_EQ(put(path, bad, "").status, 403) << path;
        EXPECT_EQ(put(path, Json::object(), nobody).status, 403) << path;
    }
    // Where a token may not be used from, nothing is looked at.
    ASSERT_EQ(put("auth/token/roles/far", {{"token_bound_cidrs", "10.0.0.0/8"}}).status, 204);
    const auto far = put("auth/token/create/far", {{"policies", {"default"}}})
                         .json["auth"]["client_token"]
                         .get<std::string>();
    EXPECT_EQ(put("auth/token/roles/r", {{"token_period", "x"}}, far).error(), "permission denied");
    // To create is another capability than to update.
    EXPECT_EQ(put("auth/token/roles/r", Json::object(), allowed).status, 204);
    EXPECT_EQ(put("auth/token/roles/r", Json::object(), allowed).status, 403);
    // The others look at who asks first.
    EXPECT_EQ(put("auth/token/create", {{"ttl", Json::array()}}, nobody).status, 403);
}

TEST(Policy, NestsOnlySoDeep) {
    for (const std::string open : {"[", "{ a = "}) {
        std::string text = "a = ";
        for (int i = 0; i < 100'000; ++i) {
            text += open;
        }
        const auto policy = parse_policy(text, Product::openbao);
        ASSERT_FALSE(policy) << open;
        EXPECT_NE(policy.error().message.find("exceeded max depth"), std::string::npos)
            << policy.error().message.substr(0, 200);
    }
}

TEST(Policy, WhatIsNoHclIsRefusedInItsLibrarysWords) {
    const auto said = [](const std::string& text, Product product) {
        const auto policy = parse_policy(text, product);
        return policy ? std::string("taken") : policy.error().message;
    };
    const std::string wanted = "expected: IDENT | STRING | ASSIGN | LBRACE got: ";
    for (const auto& [text, words] : std::vector<std::pair<std::string, std::string>>{
             {"5", "At 1:1: " + wanted + "NUMBER"},
             {"1.5", "At 1:1: " + wanted + "FLOAT"},
             {"x true", "At 1:3: " + wanted + "BOOL"},
             {"a,b", "At 1:2: " + wanted + "COMMA"},
             {"}", "At 1:1: " + wanted + "RBRACE"},
             {"-", "At 1:1: " + wanted + "SUB"},
             {"path 5 {}", "At 1:6: " + wanted + "NUMBER"},
             {"a\n5", "At 2:1: " + wanted + "NUMBER"},
             {"*", "At 1:1: illegal char"},
             {"a:", "At 1:2: illegal char"},
             {"path \u201cx\u201d {}", "At 1:6: illegal char"},
             {"=", "At 1:1: no object keys found!"},
             {"path \"x\" = {}", "At 1:10: nested object expected: LBRACE got: ASSIGN"},
             {"a", "At 1:3: key 'a' expected start of object ('{') or assignment ('=')"},
             {"\u00e4", "At 1:3: key '\u00e4' expected start of object ('{') or assignment ('=')"},
             {"\"a\"", "At 1:4: key '\"a\"' expected start of object ('{') or assignment ('=')"},
             {"a = b", "At 1:5: Unknown token: 1:5 IDENT b"},
             {"a = [1 2]", "At 1:8: error parsing list, expected comma or list end, got: NUMBER"},
             {"\"", "At 1:2: literal not terminated"},
             {"\"${a\"", "At 1:6: literal not terminated"},
             {"\"a\\qb\"", "At 1:4: illegal char escape"},
             {"a = <<E\nx", "At 2:2: heredoc not terminated"},
             {"/", "At 1:1: expected '/' for comment"},
             {"/* a", "At 1:5: comment not terminated"},
             // What is no UTF-8, and a null byte, which passes for the end.
             {"i\xa6\x9ai\xa6\x9a", "At 1:2: illegal char"},
             {"a = \"\xa6\"", "At 1:6: illegal UTF-8 encoding"},
             {"a = \"\xa6\"\n5", "At 1:6: illegal UTF-8 encoding"},
             {"a = \"\\\xa6\"", "At 1:7: illegal char escape"},
             {"/* \xa6 */", "At 1:4: illegal UTF-8 encoding"},
             {"1\xa6", "At 1:2: illegal UTF-8 encoding"},
             {"a = <<E\n\xa6\nE\n", "At 2:1: illegal UTF-8 encoding"},
             {"<<\xa6\n", "At 1:3: invalid characters in heredoc anchor"},
             {"\xed\xa0\x80", "At 1:1: illegal char"},
             {"\xef\xbb\xbf# a byte order mark", "At 1:1: illegal char"},
             {std::string("a\0b", 3), "At 1:2: unexpected null character (0x00)"},
             {std::string("\"a\0\"", 4), "At 1:5: literal not terminated"},
             {std::string("# \0", 3), "At 1:3: unexpected null character (0x00)"},
             {std::string("a = <<E\n\0\nE\n", 12), "At 2:1: heredoc not terminated"},
             {"a = <<\u00e9\nx\n\u00e9\n",
              "1 error occurred:\n\t* invalid key \"a\" on line 1\n\n"},
             {"{{x}}", "expected: STRING got: LBRACE"},
             {"{a}", "1:2: illegal char"},
             {"a =", "taken"}}) {
        EXPECT_EQ(said(text, Product::openbao), words) << text;
        EXPECT_EQ(said(text, Product::vault), words) << text;
    }
    const std::string without_value = "path \"x\" { capabilities = }";
    EXPECT_EQ(said(without_value, Product::openbao), "At 1:27: Unknown token: 1:27 RBRACE }");
    EXPECT_EQ(said(without_value, Product::vault),
              "At 1:28: object expected closing RBRACE got: EOF");
}

TEST_P(Policies, OpenBaosListsKeepTheirSlashInCanonicalPaths) {
    ASSERT_EQ(put("sys/auth/kube", {{"type", "kubernetes"}}).status, 204);
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    ASSERT_EQ(put("auth/kube/role/r",
                  {{"bound_service_account_names", "a"}, {"bound_service_account_namespaces", "b"}})
                  .status,
              204);
    ASSERT_EQ(
        put("pki/root/generate/internal", {{"common_name", "root"}, {"key_type", "ec"}}).status,
        200);
    for (const auto& path : {"auth/kube/role", "pki/certs", "pki/keys", "pki/issuers",
                             "sys/policies/acl", "sys/policy"}) {
        const auto wrapped =
            ask({.method = "LIST", .path = path, .headers = {{"X-Vault-Wrap-TTL", "60s"}}});
        EXPECT_EQ(wrapped.json["wrap_info"]["creation_path"], path + std::string("/")) << path;
        policy("with", rule(path + std::string("/"), "list"));
        EXPECT_EQ(list(path, token_with({"with"})).status, 200) << path;
    }
    if (openbao()) {
        const auto wrapped = ask(
            {.method = "LIST", .path = "sys/policy/A", .headers = {{"X-Vault-Wrap-TTL", "60s"}}});
        EXPECT_EQ(wrapped.json["wrap_info"]["creation_path"], "sys/policy/a/");
    }
}

TEST_P(Policies, AWriteToANameThatNoRouteTakesIsAnUpdate) {
    for (const auto* type : {"kubernetes", "approle"}) {
        ASSERT_EQ(put(fmt::format("sys/auth/{}", type), {{"type", type}}).status, 204);
    }
    policy("creates", rule("auth/*", "create"));
    policy("updates", rule("auth/*", "update"));
    const auto creates = token_with({"creates"}), updates = token_with({"updates"});
    for (const auto* roles : {"auth/kubernetes/role/", "auth/approle/role/", "auth/token/roles/"}) {
        for (const auto* name : {"-", "-a", "a.", "a%20b", "a/b"}) {
            const auto path = std::string(roles) + name;
            EXPECT_EQ(put(path, Json::object(), creates).error(), multi_denied) << path;
            EXPECT_EQ(put(path, Json::object(), updates).status, 404) << path;
        }
        const auto named = std::string(roles) + "a";
        EXPECT_NE(put(named, Json::object(), creates).status, 403) << named;
    }
}

TEST_F(FakeVaultTest, WhoMayUnwrapMayDoItInEveryNamespaceOfOpenBao) {
    for (const auto* ns : {"one", "two"}) {
        ASSERT_EQ(put(std::string("sys/namespaces/") + ns).status, 200);
    }
    const auto within = [&](const std::string& ns, const std::string& path, Json body,
                            const std::string& token, bool wrap = false) {
        std::vector<std::pair<std::string, std::string>> headers;
        if (!ns.empty()) {
            headers.emplace_back("X-Vault-Namespace", ns);
        }
        if (wrap) {
            headers.emplace_back("X-Vault-Wrap-TTL", "60s");
        }
        return ask({.method = "PUT",
                    .path = path,
                    .body = std::move(body),
                    .token = token,
                    .headers = std::move(headers)});
    };
    const auto child = within("one", "auth/token/create", {{"policies", {"default"}}}, "root")
                           .json["auth"]["client_token"]
                           .get<std::string>();
    for (const std::string ns : {"", "one", "two"}) {
        const auto wrapped =
            within("", "sys/wrapping/wrap", {{"a", "b"}}, "root", true).json["wrap_info"]["token"];
        EXPECT_EQ(within(ns, "sys/wrapping/rewrap", {{"token", wrapped}}, child).error(),
                  multi_denied)
            << ns;
        EXPECT_EQ(within(ns, "sys/wrapping/unwrap", {{"token", wrapped}}, child).data(),
                  Json({{"a", "b"}}))
            << ns;
    }
}

// The longest prefix is found without a look at each length of the path.
TEST(Acl, TheLongestPrefixDecides) {
    Prng prng(3);
    const auto word = [&prng](std::size_t longest) {
        std::string text;
        for (auto left = prng.below(longest + 1); left > 0; --left) {
            text += prng.chance(0.5) ? 'a' : 'b';
        }
        return text;
    };
    for (int round = 0; round < 300; ++round) {
        std::map<std::string, std::string> prefixes;
        std::string text;
        for (int i = 0; i < 6; ++i) {
            prefixes.emplace("p/" + word(5), prng.chance(0.5) ? "read" : "list");
        }
        for (const auto& [prefix, capability] : prefixes) {
            text += rule(prefix + "*", capability);
        }
        const auto acl = acl_of({text});
        for (int i = 0; i < 20; ++i) {
            const auto path = "p/" + word(8);
            std::string longest, wanted = "deny";
            for (const auto& [prefix, capability] : prefixes) {
                if (path.starts_with(prefix) && prefix.size() >= longest.size()) {
                    longest = prefix;
                    wanted = capability;
                }
            }
            EXPECT_EQ(acl.capabilities(path), std::vector<std::string>{wanted}) << text << path;
        }
    }
}

// Each path is held against each of these rules.
TEST_P(Policies, CapabilitiesAreOfSoManyPaths) {
    std::string rules;
    for (int i = 0; i < 99; ++i) {
        rules += rule(fmt::format("s/+/{}", i), "read");
    }
    policy("many", rules);
    const auto token = token_with({"many"}, {{"no_default_policy", true}});  // has such a rule
    const auto asked = [&](int count) {
        std::string paths = "s/a/1";
        for (int i = 1; i < count; ++i) {
            paths += fmt::format(",s/a/{}", i);
        }
        return put("sys/capabilities", {{"token", token}, {"paths", paths}});
    };
    EXPECT_EQ(asked(5'000).data()["s/a/1"], Json({"read"}));
    const auto refused = asked(5'001);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.error(), "expected at most 5000 paths for these policies, got 5001");
}

}  // namespace meshproof::fakes::vault
