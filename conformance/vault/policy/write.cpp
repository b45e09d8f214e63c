// sys/policies/acl and the older sys/policy: what may be written, and how it is read back.
#include <algorithm>

#include "conformance/check.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance {
namespace {

constexpr std::string_view read_rule = R"(path "secret/mesh" { capabilities = ["read"] })";

/// Writes a policy of the run's own under `base`, whatever comes of it.
Task<Reply> write(Probe& probe, std::string base, Json body) {
    const auto path = "sys/policies/acl/" + probe.name(base);
    probe.at_end("DELETE", path);
    co_return co_await probe.vault("PUT", path, std::move(body));
}

Task<Reply> write_hcl(Probe& probe, std::string base, std::string hcl) {
    Json body{{"policy", std::move(hcl)}};
    co_return co_await write(probe, std::move(base), std::move(body));
}

}  // namespace

std::vector<Check> vault_policy_write() {
    return {
        {.name = "hcl-json-or-base64",
         .requirement = "A policy may be HCL, JSON, or either of them in base64.",
         .rows = {47},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto hcl = co_await write_hcl(probe, "hcl", std::string(read_rule));
             probe.expect_status(hcl, 204);
             const auto json = co_await write_hcl(
                 probe, "json", R"({"path": {"secret/mesh": {"capabilities": ["read"]}}})");
             probe.expect_status(json, 204);
             const auto base64 = co_await write_hcl(
                 probe, "base64",
                 "cGF0aCAic2VjcmV0L21lc2giIHsgY2FwYWJpbGl0aWVzID0gWyJyZWFkIl0gfQ==");
             probe.expect_status(base64, 204);
             const auto read =
                 co_await probe.vault("GET", "sys/policies/acl/" + probe.name("base64"));
             probe.expect_equal(read.data().value("policy", Json()), std::string(read_rule),
                                "the policy written as base64");
         }},

        {.name = "empty-is-refused",
         .requirement = "A policy without text is refused with 400.",
         .rows = {47},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto missing = co_await write(probe, "missing", Json::object());
             probe.expect_plain_error(missing, 400, "'policy' parameter not supplied or empty");
             const auto empty = co_await write_hcl(probe, "empty", "");
             probe.expect_plain_error(empty, 400, "'policy' parameter not supplied or empty");
         }},

        {.name = "broken-is-refused",
         .requirement = "An unknown capability, a forbidden wildcard and broken syntax are 400 "
                        "\"failed to parse policy: …\".",
         .rows = {47},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto capability =
                 co_await write_hcl(probe, "fly", R"(path "a" { capabilities = ["fly"] })");
             probe.expect_plain_error(capability, 400, "failed to parse policy: ");
             probe.expect_error(capability, 400, R"(path "a": invalid capability "fly")");
             const auto wildcard =
                 co_await write_hcl(probe, "wild", R"(path "a/+*" { capabilities = ["read"] })");
             probe.expect_error(wildcard, 400, "failed to parse policy: ");
             probe.expect_error(wildcard, 400, "invalid use of wildcards ('+*' is forbidden)");
             const auto syntax =
                 co_await write_hcl(probe, "syntax", R"(path "a" { capabilities = )");
             probe.expect_error(syntax, 400, "failed to parse policy: ");
         }},

        {.name = "is-utf8",
         .requirement = "A policy with bytes that are no UTF-8, which only base64 can carry, is "
                        "refused with 400 and their place.",
         .rows = {47},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto& [hcl, place] :
                  {std::pair{"# \xc3\xa9\x86\npath \"a\" { capabilities = [\"read\"] }",
                             "At 1:4: "},
                   std::pair{"path \"a\" { capabilities = [\"cre\x86te\"] }", "At 1:32: "},
                   std::pair{"{\"path\": {\"a\": {\"capabilities\": [\"\x86\"]}}}",
                             "policy: 1:35: "}}) {
                 const auto refused = co_await write_hcl(probe, "bytes", to_base64(hcl));
                 probe.expect_plain_error(refused, 400, "failed to parse policy: ");
                 probe.expect_error(refused, 400, fmt::format("{}illegal UTF-8 encoding", place));
             }
         }},

        {.name = "legacy-rules",
         .requirement = "The old path takes `rules` with a warning of deprecation, and `policy` "
                        "without one.",
         .rows = {47, 3},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/policy/" + probe.name("legacy");
             probe.at_end("DELETE", path);
             Json rules{{"rules", std::string(read_rule)}};
             const auto old = co_await probe.vault("PUT", path, std::move(rules));
             probe.expect_status(old, 200);
             probe.expect(old.warnings().size() == 1,
                          "{}: expected one warning of deprecation, got {}", old.asked,
                          old.warnings().size());
             Json policy{{"policy", std::string(read_rule)}};
             const auto with_policy = co_await probe.vault("PUT", path, std::move(policy));
             probe.expect_status(with_policy, 204);
         }},

        {.name = "check-and-set-required",
         .requirement = "On OpenBao a policy with cas_required is not written without `cas`, and "
                        "-1 stands for one that is not there yet; Vault ignores both.",
         .rows = {47},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const Json first{
                 {"policy", std::string(read_rule)}, {"cas", -1}, {"cas_required", true}};
             probe.expect_status(co_await write(probe, "cas", first), 204);
             Json without{{"policy", std::string(read_rule)}};
             const auto blind = co_await write(probe, "cas", std::move(without));
             const auto again = co_await write(probe, "cas", first);
             if (probe.openbao()) {
                 probe.expect_plain_error(blind, 400,
                                          "check-and-set parameter required for this call");
                 probe.expect_plain_error(again, 400,
                                          "check-and-set parameter set to -1 on existing entry");
             } else {
                 probe.expect_status(blind, 204);
                 probe.expect_status(again, 204);
             }
             const Json known{{"policy", std::string(read_rule)}, {"cas", 1}};
             probe.expect_status(co_await write(probe, "cas", known), 204);
         }},

        {.name = "check-and-set",
         .requirement = "OpenBao refuses a write whose `cas` is not the current version; Vault "
                        "ignores `cas`.",
         .rows = {47},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             Json body{{"policy", std::string(read_rule)}, {"cas", 5}};
             const auto reply = co_await write(probe, "cas", std::move(body));
             if (probe.openbao()) {
                 probe.expect_error(
                     reply, 400, "check-and-set parameter 5 did not match the current version 0");
             } else {
                 probe.expect_status(reply, 204);
             }
         }},

        {.name = "names-are-lowered",
         .requirement = "A policy's name is lower-cased; Vault says so in a warning, OpenBao does "
                        "not.",
         .rows = {48},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto lowered = probe.name("upper");
             const auto path =
                 "sys/policies/acl/" + lowered.substr(0, lowered.size() - 5) + "UPPER";
             probe.at_end("DELETE", "sys/policies/acl/" + lowered);
             Json body{{"policy", std::string(read_rule)}};
             const auto written = co_await probe.vault("PUT", path, std::move(body));
             if (probe.openbao()) {
                 probe.expect_status(written, 204);
             } else {
                 probe.expect_status(written, 200);
                 probe.expect_warning(written, "policy name was converted to " + lowered);
             }
             const auto read = co_await probe.vault("GET", "sys/policies/acl/" + lowered);
             probe.expect_status(read, 200);
             probe.expect_equal(read.data().value("name", Json()), lowered, "the policy's name");
         }},

        {.name = "paths-of-any-case",
         .requirement = "OpenBao holds a policy's name in lower case against what the caller may "
                        "do, however the path writes it; Vault holds the path as it is.",
         .rows = {48},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto lowered = probe.name("cased");
             const auto path = "sys/policies/acl/" + lowered;
             const auto upper = path.substr(0, path.size() - 5) + "CASED";
             probe.at_end("DELETE", path);
             Json body{{"policy", std::string(read_rule)}};
             probe.expect_status(co_await probe.vault("PUT", path, std::move(body)), 204);
             for (const auto& named : {path, upper}) {
                 const auto rule = fmt::format(R"(path "{}" {{ capabilities = ["read"] }})", named);
                 const auto token = co_await probe.token_for(rule);
                 const auto read = co_await probe.vault("GET", upper, {}, As::bearer(token));
                 if ((named == path) == probe.openbao()) {
                     probe.expect_status(read, 200);
                 } else {
                     probe.expect_wrapped_error(read, 403, "permission denied");
                 }
             }
         }},

        {.name = "root-cannot-be-written",
         .requirement = "The policy `root` can be neither written nor deleted.",
         .rows = {48},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             // A refused write and a refused delete: nothing changes for anybody.
             Json body{{"policy", std::string(read_rule)}};
             const auto written =
                 co_await probe.vault("PUT", "sys/policies/acl/root", std::move(body));
             probe.expect_error(written, 400, R"(cannot update "root" policy)");
             const auto removed = co_await probe.vault("DELETE", "sys/policies/acl/root");
             probe.expect_status(removed, 400);
         }},

        {.name = "default-cannot-be-deleted",
         .requirement = "The policy `default` cannot be deleted.",
         .rows = {48},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto removed = co_await probe.vault("DELETE", "sys/policies/acl/default");
             probe.expect_error(removed, 400, "cannot delete default policy");
         }},

        {.name = "deleting-an-absent-one-is-204",
         .requirement = "Deleting a policy that does not exist is 204.",
         .rows = {48, 2},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto removed =
                 co_await probe.vault("DELETE", "sys/policies/acl/" + probe.name("absent"));
             probe.expect_status(removed, 204);
         }},

        {.name = "read-back",
         .requirement = "A policy is read back with `name` and `policy`, on OpenBao with its "
                        "version and settings too.",
         .rows = {49},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await probe.policy("read", std::string(read_rule));
             const auto read = co_await probe.vault("GET", "sys/policies/acl/" + name);
             probe.expect_status(read, 200);
             std::set<std::string> keys{"name", "policy"};
             if (probe.openbao()) {
                 keys.insert({"version", "cas_required", "modified",
                              "allow_slashes_in_identity_templates",
                              "allow_wildcards_in_identity_templates"});
             }
             probe.expect_keys(read.data(), keys, "data of a policy");
             probe.expect_equal(read.data().value("policy", Json()),
                                probe.mark().in_policy(read_rule), "its text");
         }},

        {.name = "legacy-read-back",
         .requirement = "The old path answers with `name` and `rules`, in `data` and beside it.",
         .rows = {49},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await probe.policy("legacy", std::string(read_rule));
             const auto read = co_await probe.vault("GET", "sys/policy/" + name);
             probe.expect_status(read, 200);
             const auto rules = probe.mark().in_policy(read_rule);
             probe.expect_equal(read.data().value("rules", Json()), rules, "data.rules");
             probe.expect_equal(read.json.value("rules", Json()), rules, "rules at the top level");
             probe.expect_equal(read.json.value("name", Json()), name, "name at the top level");
         }},

        {.name = "absent-is-404",
         .requirement = "Reading a policy that does not exist is 404 without a text.",
         .rows = {49, 4},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto read =
                 co_await probe.vault("GET", "sys/policies/acl/" + probe.name("absent"));
             probe.expect_no_text(read, 404);
         }},

        {.name = "list-holds-the-built-in-ones",
         .requirement = "The list of policies holds `default` and `root` beside what was written.",
         .rows = {49},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await probe.policy("listed", std::string(read_rule));
             const auto list = co_await probe.vault("LIST", "sys/policies/acl");
             probe.expect_status(list, 200);
             const auto keys = list.data().value("keys", Json::array());
             for (const auto& wanted : {std::string("default"), std::string("root"), name}) {
                 probe.expect(std::ranges::find(keys, Json(wanted)) != keys.end(),
                              "{}: the list lacks {}", list.asked, wanted);
             }
         }},

        {.name = "wrapping-bounds",
         .requirement = "min_wrapping_ttl and max_wrapping_ttl must be durations, the second not "
                        "less than the first.",
         .rows = {47},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("wrapping");
             probe.at_end("DELETE", "sys/policies/acl/" + name);
             for (const auto& [bounds, text] : std::vector<std::pair<std::string, std::string>>{
                      {"min_wrapping_ttl = \"xx\"",
                       "error parsing min_wrapping_ttl: time: invalid duration"},
                      {"min_wrapping_ttl = \"1h\" max_wrapping_ttl = \"1m\"",
                       "max_wrapping_ttl cannot be less than min_wrapping_ttl"}}) {
                 Json body{{"policy",
                            fmt::format("path \"a\" {{ capabilities = [\"read\"] {} }}", bounds)}};
                 const auto refused =
                     co_await probe.vault("PUT", "sys/policies/acl/" + name, std::move(body));
                 probe.expect_plain_error(refused, 400, "failed to parse policy: ");
                 probe.expect_plain_error(refused, 400, text);
             }
         }},

        {.name = "ends",
         .requirement = "OpenBao's policies may end, by ttl or expiration: one that has ended is "
                        "refused before its text is read, and so are both fields at once. Vault "
                        "looks at neither.",
         .rows = {47, 236},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto refuse = [&](Json fields, std::string_view text) -> Task<void> {
                 fields["policy"] = std::string(read_rule);
                 const auto reply = co_await write(probe, "ended", std::move(fields));
                 if (probe.openbao()) {
                     probe.expect_plain_error(reply, 400, text);
                 } else {
                     probe.expect_status(reply, 204);
                 }
             };
             constexpr std::string_view ended = "expiration time has already elapsed";
             for (const auto& ttl : {Json(0), Json("0"), Json("")}) {
                 co_await refuse(Json{{"ttl", ttl}}, ended);
             }
             co_await refuse(Json{{"expiration", "2020-01-01T00:00:00Z"}}, ended);
             co_await refuse(Json{{"expiration", 1}}, ended);
             co_await refuse(Json{{"expiration", "b"}}, "could not parse string as date and time");
             co_await refuse(Json{{"expiration", Json::object()}},
                             "could not parse time from input type");
             co_await refuse(Json{{"ttl", 5}, {"expiration", "2100-01-01T00:00:00Z"}},
                             "cannot supply both 'expiration' and 'ttl'");
             const auto unread = co_await write(probe, "unread", Json{{"policy", "?"}, {"ttl", 0}});
             probe.expect_plain_error(unread, 400,
                                      probe.on(ended, std::string_view("failed to parse policy")));
             const auto kept = co_await write(
                 probe, "kept",
                 Json{{"policy", std::string(read_rule)}, {"expiration", "2100-01-01T00:00:00Z"}});
             probe.expect_status(kept, 204);
             const auto read =
                 co_await probe.vault("GET", "sys/policies/acl/" + probe.name("kept"));
             probe.expect_equal(read.data().value("expiration", Json()),
                                probe.on(Json("2100-01-01T00:00:00Z"), Json()), "expiration");
         }},

        {.name = "capabilities-whose",
         .requirement = "sys/capabilities wants a token before it looks at the paths, and paths "
                        "before it looks for the token; an empty `paths` lets `path` count.",
         .rows = {54, 238},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto ask = [&](Json body) {
                 return probe.vault("POST", "sys/capabilities", std::move(body));
             };
             probe.expect_wrapped_error(co_await ask(Json::object()), 500, "no token found");
             probe.expect_plain_error(co_await ask(Json{{"token", "nobody"}}), 400,
                                      "paths must be supplied");
             const auto empty =
                 co_await ask(Json{{"token", "nobody"}, {"path", Json::array({""})}});
             probe.expect_wrapped_error(empty, 400, "missing path");
             probe.expect_wrapped_error(co_await ask(Json{{"token", "nobody"}, {"path", "a"}}), 400,
                                        "invalid token");
             const auto own = co_await probe.vault(
                 "POST", "sys/capabilities-self",
                 Json{{"paths", Json::array()}, {"path", Json::array({"a", "b"})}, {"x", 1}});
             probe.expect_status(own, 200);
             probe.expect_keys(own.data(), {"a", "b"}, "data");
             probe.expect_warning(own, "Endpoint ignored these unrecognized parameters: [x]");
         }},
    };
}

}  // namespace meshproof::conformance
