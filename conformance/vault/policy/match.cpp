// Which rule of a token's policies decides on a path. Asked with sys/capabilities-self, which
// answers what the server would do.
#include "conformance/check.hpp"

namespace meshproof::conformance {
namespace {

/// A token with these policies and the default one, which lets it ask about itself.
Task<Secret> token_with(Probe& probe, std::vector<std::string> texts) {
    Json names = Json::array();
    for (std::size_t i = 0; i < texts.size(); ++i) {
        names.push_back(co_await probe.policy(fmt::format("p{}", i), texts[i]));
    }
    Json parameters{{"policies", std::move(names)}};
    co_return co_await probe.token(std::move(parameters));
}

Task<Json> capabilities(Probe& probe, Secret token, std::string path) {
    Json body{{"paths", Json::array({path})}};
    const auto reply = co_await probe.vault("POST", "sys/capabilities-self", std::move(body),
                                            As::bearer(std::move(token)));
    if (reply.status != 200) {
        probe.give_up(fmt::format("{}: expected 200, got {}", reply.asked, reply.status));
    }
    co_return reply.data().value(path, Json());
}

Task<void> expect(Probe& probe, const Secret& token, std::string path, Json expected) {
    const auto found = co_await capabilities(probe, token, path);
    probe.expect_equal(found, expected, "capabilities on " + path);
}

const Json denied = Json::array({"deny"});

Json just(std::string_view capability) {
    return Json::array({capability});
}

}  // namespace

std::vector<Check> vault_policy_match() {
    return {
        {.name = "star-is-a-prefix",
         .requirement = "A final * matches every path with that prefix, over slashes too, and not "
                        "the path without the slash before it.",
         .rows = {52},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto token =
                 co_await token_with(probe, {R"(path "s/*" { capabilities = ["read"] }
path "t/a*" { capabilities = ["read"] })"});
             co_await expect(probe, token, "s/", just("read"));
             co_await expect(probe, token, "s/a/b", just("read"));
             co_await expect(probe, token, "s", denied);
             co_await expect(probe, token, "t/a/c", just("read"));
             co_await expect(probe, token, "t/b", denied);
         }},

        {.name = "plus-is-one-segment",
         .requirement = "A + matches exactly one segment, which may be empty.",
         .rows = {52},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto token =
                 co_await token_with(probe, {R"(path "s/+/x" { capabilities = ["read"] })"});
             co_await expect(probe, token, "s/a/x", just("read"));
             co_await expect(probe, token, "s//x", just("read"));
             co_await expect(probe, token, "s/a/b/x", denied);
             co_await expect(probe, token, "s/x", denied);
         }},

        {.name = "exact-path-decides",
         .requirement = "The rule of the exact path decides alone: rules of other paths that "
                        "match add nothing.",
         .rows = {53},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto token =
                 co_await token_with(probe, {R"(path "s/a" { capabilities = ["read"] }
path "s/*" { capabilities = ["update"] })"});
             co_await expect(probe, token, "s/a", just("read"));
             co_await expect(probe, token, "s/b", just("update"));
         }},

        {.name = "longer-prefix-decides",
         .requirement = "Of patterns, the one whose first wildcard comes later decides: s/a/* "
                        "before s/+/b before s/*.",
         .rows = {53},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto token =
                 co_await token_with(probe, {R"(path "s/a/*" { capabilities = ["read"] }
path "s/+/b" { capabilities = ["update"] }
path "s/*" { capabilities = ["delete"] })"});
             // The later first wildcard wins: s/a/* is more specific than s/+/b.
             co_await expect(probe, token, "s/a/b", just("read"));
             co_await expect(probe, token, "s/c/b", just("update"));
             co_await expect(probe, token, "s/c/d", just("delete"));
         }},

        {.name = "same-path-adds-up",
         .requirement = "The same path in several policies of a token adds up.",
         .rows = {53},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto token =
                 co_await token_with(probe, {R"(path "s/a" { capabilities = ["read"] })",
                                             R"(path "s/a" { capabilities = ["update"] })"});
             co_await expect(probe, token, "s/a", Json::array({"read", "update"}));
         }},

        {.name = "deny-wins-on-the-same-path",
         .requirement = "A deny in any policy for the same path wins.",
         .rows = {53},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto token =
                 co_await token_with(probe, {R"(path "s/a" { capabilities = ["read"] })",
                                             R"(path "s/a" { capabilities = ["deny"] })"});
             co_await expect(probe, token, "s/a", denied);
         }},

        {.name = "a-broad-deny-gives-way",
         .requirement = "A more specific rule overrides a broad deny.",
         .rows = {53},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto token =
                 co_await token_with(probe, {R"(path "s/*" { capabilities = ["deny"] }
path "s/a" { capabilities = ["read"] })"});
             co_await expect(probe, token, "s/a", just("read"));
             co_await expect(probe, token, "s/b", denied);
         }},

        {.name = "list-takes-both-forms",
         .requirement = "A LIST is allowed by a rule for the path without or with the final "
                        "slash.",
         .rows = {54, 14},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             for (const auto* form : {"roles", "roles/"}) {
                 const auto token = co_await probe.token_for(
                     fmt::format(R"(path "{}/{}" {{ capabilities = ["list"] }})", mount, form));
                 const auto list =
                     co_await probe.vault("LIST", mount + "/roles", {}, As::bearer(token));
                 // Allowed: an empty list is 404 (row 14).
                 probe.expect_no_text(list, 404);
             }
             const auto other = co_await probe.token_for(
                 fmt::format(R"(path "{}/roles/x" {{ capabilities = ["list"] }})", mount));
             const auto refused =
                 co_await probe.vault("LIST", mount + "/roles", {}, As::bearer(other));
             probe.expect_wrapped_error(refused, 403, "permission denied");
         }},

        {.name = "one-rule-decides-of-a-list",
         .requirement = "Of a path with a final slash the first rule found decides: one for the "
                        "whole path, with the slash or without, before patterns. A pattern "
                        "without the slash fits in OpenBao alone.",
         .rows = {54},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto below =
                 co_await token_with(probe, {R"(path "s/*" { capabilities = ["list"] }
path "s/a/*" { capabilities = ["read"] })"});
             co_await expect(probe, below, "s/a/", just("read"));
             co_await expect(probe, below, "s/b/", just("list"));
             const auto named =
                 co_await token_with(probe, {R"(path "s/a" { capabilities = ["read"] }
path "s/a*" { capabilities = ["list"] })"});
             co_await expect(probe, named, "s/a/", just("read"));
             const auto pattern =
                 co_await token_with(probe, {R"(path "s/+" { capabilities = ["list"] })"});
             co_await expect(probe, pattern, "s/a", just("list"));
             co_await expect(probe, pattern, "s/a/", probe.on(just("list"), denied));
         }},

        {.name = "a-read-keeps-its-final-slash",
         .requirement = "A policy's own path with a final slash is another path to whoever reads "
                        "it: a rule without the slash does not allow it.",
         .rows = {54},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/policies/acl/" + probe.name("absent");
             for (const auto* slash : {"", "/"}) {
                 const auto token = co_await probe.token_for(
                     fmt::format(R"(path "{}{}" {{ capabilities = ["read"] }})", path, slash));
                 const auto bare = co_await probe.vault("GET", path, {}, As::bearer(token));
                 const auto slashed =
                     co_await probe.vault("GET", path + "/", {}, As::bearer(token));
                 const auto& allowed = *slash == 0 ? bare : slashed;
                 const auto& refused = *slash == 0 ? slashed : bare;
                 probe.expect_no_text(allowed, 404);
                 probe.expect_wrapped_error(refused, 403, "permission denied");
             }
         }},
    };
}

}  // namespace meshproof::conformance
