// auth/token/create: parents, policies, uses, and what is refused.
#include "conformance/vault/token/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace token;

/// A token that may create tokens and has one policy of its own; gives that policy's name.
struct Parent {
    Secret token;
    std::string policy;
};
Task<Parent> parent(Probe& probe) {
    Parent made;
    made.policy = co_await probe.policy("parent", R"(path "auth/token/create" {
  capabilities = ["create", "update"]
})");
    Json parameters{{"policies", Json::array({made.policy})}};
    made.token = co_await probe.token(std::move(parameters));
    co_return made;
}

}  // namespace

std::vector<Check> vault_token_create() {
    return {
        {.name = "policies-of-the-parent",
         .requirement = "A token created without policies has its parent's.",
         .rows = {67},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto from = co_await parent(probe);
             const auto made =
                 co_await make(probe, Json::object(), "auth/token/create", As::bearer(from.token));
             probe.expect_equal(made.auth.value("policies", Json()),
                                Json::array({"default", from.policy}),
                                "policies of a child without any given");
         }},

        {.name = "not-a-subset",
         .requirement = "A child may not have policies that its parent lacks.",
         .rows = {67},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto from = co_await parent(probe);
             Json body{{"policies", Json::array({probe.name("foreign")})}};
             const auto reply = co_await probe.vault("POST", "auth/token/create", std::move(body),
                                                     As::bearer(from.token));
             probe.expect_error(reply, 400, "child policies must be subset of parent");
         }},

        {.name = "default-of-its-parent",
         .requirement = "A child may have the policy default only where its parent has it.",
         .rows = {67, 256},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto policy = co_await probe.policy("poor", R"(path "auth/token/create" {
  capabilities = ["update"]
})");
             Json parameters{{"policies", Json::array({policy})}, {"no_default_policy", true}};
             const auto parent = co_await probe.token(std::move(parameters));
             const Json body{{"policies", Json::array({"default"})}};
             const auto reply =
                 co_await probe.vault("POST", "auth/token/create", body, As::bearer(parent));
             probe.expect_error(reply, 400, "child policies must be subset of parent");
         }},

        {.name = "no-parent-needs-sudo",
         .requirement = "no_parent needs root or sudo.",
         .rows = {67},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto from = co_await parent(probe);
             const Json body{{"no_parent", true}};
             const auto reply =
                 co_await probe.vault("POST", "auth/token/create", body, As::bearer(from.token));
             probe.expect_error(reply, 400,
                                "root or sudo privileges required to create orphan token");
         }},

        {.name = "negative-ttl",
         .requirement = "A negative ttl is 400 \"ttl must be positive\".",
         .rows = {67},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const Json body{{"ttl", "-5s"}, {"policies", "default"}};
             const auto reply = co_await probe.vault("POST", "auth/token/create", body);
             probe.expect_error(reply, 400, "ttl must be positive");
         }},

        {.name = "reserved-id",
         .requirement = "A chosen id may not begin as the server's own do.",
         .rows = {67},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const Json body{{"id", "s.chosen"}, {"policies", "default"}, {"ttl", "1m"}};
             const auto reply = co_await probe.vault("POST", "auth/token/create", body);
             probe.expect_status(reply, 400);
         }},

        {.name = "policies-are-tidied",
         .requirement = "Policies are sorted, lower-cased and named once, and default is added "
                        "unless no_default_policy says otherwise.",
         .rows = {68},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("b");
             const auto upper = probe.name("A");
             Json parameters{{"policies", Json::array({name, upper, name})}};
             const auto made = co_await make(probe, std::move(parameters));
             const Json expected = Json::array({"default", probe.name("a"), name});
             probe.expect_equal(made.auth.value("policies", Json()), expected,
                                "sorted, lower-cased, each once, default added");
             Json without{{"policies", Json::array({name})}, {"no_default_policy", true}};
             const auto bare = co_await make(probe, std::move(without));
             probe.expect_equal(bare.auth.value("policies", Json()), Json::array({name}),
                                "policies with no_default_policy");
         }},

        {.name = "default-policy-is-enough-for-itself",
         .requirement = "The default policy lets a token look itself up, renew and revoke itself "
                        "once, and not create others.",
         .rows = {64, 66},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await make(probe, Json{{"policies", "default"}});
             const auto looked_up = co_await lookup_self(probe, made.token);
             probe.expect_status(looked_up, 200);
             const auto renewed = co_await renew_self(probe, made.token);
             probe.expect_status(renewed, 200);
             const auto created = co_await probe.vault("POST", "auth/token/create", Json::object(),
                                                       As::bearer(made.token));
             probe.expect_wrapped_error(created, 403, "permission denied");
             const auto revoked =
                 co_await probe.vault("POST", "auth/token/revoke-self", {}, As::bearer(made.token));
             probe.expect_status(revoked, 204);
             const auto again =
                 co_await probe.vault("POST", "auth/token/revoke-self", {}, As::bearer(made.token));
             probe.expect_plain_error(again, 403, "permission denied");
         }},

        {.name = "uses-run-out",
         .requirement = "After num_uses requests a token is 403 \"permission denied\".",
         .rows = {65},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await make(probe, Json{{"policies", "default"}, {"num_uses", 2}});
             const auto first = co_await lookup_self(probe, made.token);
             probe.expect_status(first, 200);
             const auto second = co_await lookup_self(probe, made.token);
             probe.expect_status(second, 200);
             const auto third = co_await lookup_self(probe, made.token);
             probe.expect_plain_error(third, 403, "permission denied");
         }},

        {.name = "children-go-with-their-parent",
         .requirement = "Revoking a token revokes its children, and orphans live on.",
         .rows = {66},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto from = co_await parent(probe);
             const auto child =
                 co_await make(probe, Json::object(), "auth/token/create", As::bearer(from.token));
             Json orphan_body{{"policies", "default"}, {"no_parent", true}};
             const auto orphan = co_await make(probe, std::move(orphan_body));
             const auto before = co_await lookup_self(probe, child.token);
             probe.expect_status(before, 200);
             (void)co_await probe.set_up("POST", "auth/token/revoke-self", {},
                                         As::bearer(from.token));
             const auto after = co_await lookup_self(probe, child.token);
             probe.expect_plain_error(after, 403, "permission denied");
             const auto other = co_await lookup_self(probe, orphan.token);
             probe.expect_status(other, 200);
             probe.expect_equal(other.data().value("orphan", Json()), true, "orphan");
         }},

        {.name = "root-makes-orphans",
         .requirement = "create-orphan gives a token without a parent, and its path says so.",
         .rows = {181},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const Json body{{"policies", "default"}, {"ttl", "10m"}};
             const auto made = co_await make(probe, body, "auth/token/create-orphan");
             const auto looked_up = co_await lookup_self(probe, made.token);
             probe.expect_equal(looked_up.data().value("orphan", Json()), true, "orphan");
             probe.expect_equal(looked_up.data().value("path", Json()), "auth/token/create-orphan",
                                "path");
         }},

        {.name = "policies-decoded",
         .requirement = "policies of a token is a list or one text, commas and all; a flag or a "
                        "number is a text, and so never the parent's policies. What is no text "
                        "within it is 400 before the role is looked for.",
         .rows = {67, 235},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto& [given, kept] : std::vector<std::pair<Json, Json>>{
                      {true, {"1", "default"}},
                      {false, {"0", "default"}},
                      {"a,b", {"a,b", "default"}},
                      {Json::array({"a", 1, true, nullptr}), {"1", "a", "default"}},
                      {Json::array({""}), Json::array({"default"})}}) {
                 const auto made =
                     co_await make(probe, Json{{"policies", given}}, "auth/token/create-orphan");
                 const auto policies = made.auth.value("policies", Json());
                 probe.expect(policies == kept, "{} is read as {}", given.dump(), policies.dump());
             }
             for (const auto& given : {Json{{"a", 1}}, Json::array({Json::array({"a"})})}) {
                 for (const std::string path : {"auth/token/create", "auth/token/create/none"}) {
                     const auto refused =
                         co_await probe.vault("POST", path, Json{{"policies", given}});
                     probe.expect_plain_error(refused, 400, "Field validation failed: ");
                     probe.expect_plain_error(
                         refused, 400, "'[0]' expected type 'string', got unconvertible type");
                 }
             }
         }},

        {.name = "display-name",
         .requirement = "A token is shown by the name it was given, behind \"token-\": a hyphen "
                        "for what is no letter, digit or hyphen, and one less at the end.",
         .rows = {67},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto& [given, shown] :
                  std::vector<std::pair<std::string, std::string>>{{"a b_c", "token-a-b-c"},
                                                                   {" a ", "token--a"},
                                                                   {"a--", "token-a-"},
                                                                   {"\u00e4b", "token--b"}}) {
                 const auto made =
                     co_await make(probe, Json{{"policies", "default"}, {"display_name", given}});
                 const auto seen = co_await lookup_self(probe, made.token);
                 probe.expect_equal(seen.data().value("display_name", Json()), shown,
                                    "display_name");
             }
         }},

        {.name = "empty-meta",
         .requirement = "A token made with meta {} has metadata {}, one without null.",
         .rows = {67, 235},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto& meta : {Json::object(), Json()}) {
                 const auto made =
                     co_await make(probe, Json{{"policies", "default"}, {"meta", meta}});
                 probe.expect_equal(made.auth.value("metadata", Json("missing")), meta, "metadata");
                 const auto seen = co_await lookup_self(probe, made.token);
                 probe.expect_equal(seen.data().value("meta", Json("missing")), meta, "meta");
             }
         }},
    };
}

}  // namespace meshproof::conformance
