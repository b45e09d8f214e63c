// The parameters of token roles, and what tokens have of them.
#include "conformance/vault/token/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace token;

/// Writes a token role of the run's own, whatever comes of it.
Task<Reply> write(Probe& probe, Json parameters) {
    const auto path = "auth/token/roles/" + probe.name("fields");
    probe.at_end("DELETE", path);
    co_return co_await probe.vault("POST", path, std::move(parameters));
}

Task<Made> make_by(Probe& probe, Json role, Json parameters) {
    const auto written = co_await write(probe, std::move(role));
    probe.expect_status(written, 204);
    co_return co_await make(probe, std::move(parameters),
                            "auth/token/create/" + probe.name("fields"));
}

}  // namespace

std::vector<Check> vault_token_role_fields() {
    return {
        {.name = "both-names",
         .requirement = "Of a field's old and new names the new one counts, with a warning; the "
                        "old one alone sets both.",
         .rows = {181},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             Json both{{"period", "1h"}, {"token_period", "2h"}};
             const auto written = co_await write(probe, std::move(both));
             probe.expect_status(written, 200);
             probe.expect_warning(written,
                                  "Both 'token_period' and deprecated 'period' value supplied, "
                                  "ignoring the deprecated value");
             const auto read =
                 co_await probe.vault("GET", "auth/token/roles/" + probe.name("fields"));
             probe.expect_equal(read.data().value("token_period", Json()), 7200, "token_period");
             probe.expect_equal(read.data().value("period", Json()), 0, "period");
             Json old{{"period", "1h"}, {"token_period", nullptr}};
             old.erase("token_period");
             const auto alone = co_await write(probe, std::move(old));
             probe.expect_status(alone, 204);
             const auto again =
                 co_await probe.vault("GET", "auth/token/roles/" + probe.name("fields"));
             probe.expect_equal(again.data().value("token_period", Json()), 3600, "token_period");
             probe.expect_equal(again.data().value("period", Json()), 3600, "period");
         }},

        {.name = "suffix-form",
         .requirement =
             "A path suffix needs three characters of a name in a row, and has no \"..\", "
             "else 400.",
         .rows = {181},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const std::string suffix : {"a/b", "ab", " ", "."}) {
                 Json body{{"path_suffix", suffix}};
                 const auto refused = co_await write(probe, std::move(body));
                 probe.expect_plain_error(refused, 400,
                                          "given role path suffix contains invalid characters");
             }
             for (const std::string suffix : {"web..", "a..b"}) {
                 Json climbing{{"path_suffix", suffix}};
                 const auto refused = co_await write(probe, std::move(climbing));
                 probe.expect_plain_error(refused, 400, "path cannot contain parent references");
             }
             Json body{{"path_suffix", "web"}};
             const auto good = co_await write(probe, std::move(body));
             probe.expect_status(good, 204);
         }},

        {.name = "type-words",
         .requirement = "A role's token_type is service, batch, default-service or default-batch; "
                        "an empty one is 400 too, and so is null.",
         .rows = {181},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const std::string type : {"", "default", "x"}) {
                 Json body{{"token_type", type}};
                 const auto refused = co_await write(probe, std::move(body));
                 probe.expect_plain_error(refused, 400,
                                          fmt::format("invalid 'token_type' value \"{}\"", type));
             }
             Json null_type{{"token_type", nullptr}};
             const auto no_type = co_await write(probe, std::move(null_type));
             probe.expect_plain_error(no_type, 400, "Invalid 'token_type' value: null");
             Json body{{"token_type", "default-batch"}};
             const auto good = co_await write(probe, std::move(body));
             probe.expect_status(good, 204);
         }},

        {.name = "bound-to-addresses",
         .requirement = "A token bound to addresses is refused from others, and a lookup tells "
                        "them.",
         .rows = {181, 18, 59},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto policy =
                 co_await probe.policy("addresses", "path \"a\" { capabilities = [\"read\"] }");
             Json parameters{{"policies", Json::array({policy})}, {"ttl", "5m"}};
             const auto made =
                 co_await make_by(probe, Json{{"token_bound_cidrs", "203.0.113.0/24"}}, parameters);
             const auto refused = co_await lookup_self(probe, made.token);
             probe.expect_plain_error(refused, 403, "permission denied");
             const Json named{{"token", made.token.reveal()}};
             const auto seen = co_await probe.vault("POST", "auth/token/lookup", named);
             probe.expect_equal(seen.data().value("bound_cidrs", Json()),
                                Json::array({"203.0.113.0/24"}), "bound_cidrs");
         }},

        {.name = "bound-as-its-parent",
         .requirement = "A child is bound to the addresses of its parent.",
         .rows = {181, 256},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto policy = co_await probe.policy("maker", R"(path "auth/token/create" {
  capabilities = ["update"]
})");
             const auto everywhere = Json::array({"0.0.0.0/0", "::/0"});
             const auto parent = co_await make_by(
                 probe, Json{{"token_bound_cidrs", everywhere}},
                 Json{{"policies", Json::array({"default", policy})}, {"ttl", "5m"}});
             const auto child = co_await make(probe, Json{{"ttl", "5m"}}, "auth/token/create",
                                              As::bearer(parent.token));
             const auto seen = co_await lookup_self(probe, child.token);
             probe.expect_equal(seen.data().value("bound_cidrs", Json()), everywhere,
                                "bound_cidrs of the child");
         }},

        {.name = "globs-anywhere",
         .requirement = "A role's globs of policies may have their star anywhere.",
         .rows = {181, 256},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto policy =
                 co_await probe.policy("globs", "path \"a\" { capabilities = [\"read\"] }");
             const Json parameters{{"policies", Json::array({policy})}, {"ttl", "5m"}};
             const auto glob = "*" + policy.substr(1);
             const auto made =
                 co_await make_by(probe, Json{{"allowed_policies_glob", glob}}, parameters);
             probe.expect_equal(made.auth.value("policies", Json()),
                                Json::array({"default", policy}), "policies");
             const auto barred = co_await write(probe, Json{{"disallowed_policies_glob", glob}});
             probe.expect_status(barred, 204);
             const auto refused = co_await probe.vault(
                 "POST", "auth/token/create/" + probe.name("fields"), parameters);
             probe.expect_plain_error(refused, 400, "is disallowed by this role");
         }},

        {.name = "period-needs-sudo",
         .requirement = "Whoever asks for a period needs root or sudo, by a role too.",
         .rows = {181, 256},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             probe.expect_status(co_await write(probe, Json::object()), 204);
             const auto path = "auth/token/create/" + probe.name("fields");
             const auto token = co_await probe.token_for(
                 fmt::format("path \"{}\" {{ capabilities = [\"update\"] }}", path));
             const auto refused =
                 co_await probe.vault("POST", path, Json{{"period", "1h"}}, As::bearer(token));
             probe.expect_plain_error(refused, 400,
                                      "root or sudo privileges required to create periodic token");
         }},

        {.name = "root-stands-alone",
         .requirement = "A role that allows root allows nothing else.",
         .rows = {181, 256},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const Json role{{"allowed_policies", Json::array({"a", "root"})},
                             {"disallowed_policies", Json::array({"root", "a"})}};
             probe.expect_status(co_await write(probe, role), 204);
             const auto read =
                 co_await probe.vault("GET", "auth/token/roles/" + probe.name("fields"));
             probe.expect_equal(read.data().value("allowed_policies", Json()),
                                Json::array({"root"}), "allowed_policies");
             probe.expect_equal(read.data().value("disallowed_policies", Json()),
                                Json::array({"a", "root"}), "disallowed_policies");
         }},

        {.name = "fewer-uses",
         .requirement = "Of the uses that a role and a request give, the fewer count.",
         .rows = {181, 65},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             Json parameters{
                 {"policies", Json::array({"default"})}, {"ttl", "5m"}, {"num_uses", 5}};
             const auto made = co_await make_by(probe, Json{{"token_num_uses", 3}}, parameters);
             probe.expect_equal(made.auth.value("num_uses", Json()), 3, "num_uses");
         }},

        {.name = "lesser-period",
         .requirement = "Of the periods that a role and a request give, the lesser counts, with a "
                        "warning; the token shows its own.",
         .rows = {181, 59},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             Json parameters{{"policies", Json::array({"default"})}, {"period", "2h"}};
             const auto made = co_await make_by(probe, Json{{"token_period", "1h"}}, parameters);
             probe.expect_equal(made.auth.value("lease_duration", Json()), 3600, "lease_duration");
             const auto told = fmt::format("{}", fmt::join(made.warnings, "\n"));
             probe.expect(
                 told.find("Period specified both during creation call and in role; using the "
                           "lesser value of 3600 seconds") != std::string::npos,
                 "the warnings are: {}", told);
             const auto self = co_await lookup_self(probe, made.token);
             probe.expect_equal(self.data().value("period", Json()), 7200,
                                "period: the token's own");
         }},

        {.name = "meta-of-texts",
         .requirement = "Metadata may be texts of the form name=text; another is 400.",
         .rows = {67, 12},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             Json parameters{{"policies", Json::array({"default"})},
                             {"ttl", "5m"},
                             {"meta", Json::array({"a=b", "c=d=e"})}};
             const auto made = co_await make(probe, std::move(parameters));
             const Json expected{{"a", "b"}, {"c", "d=e"}};
             probe.expect_equal(made.auth.value("metadata", Json()), expected, "metadata");
             Json bad{{"policies", Json::array({"default"})}, {"meta", "x"}};
             const auto refused = co_await probe.vault("POST", "auth/token/create", std::move(bad));
             probe.expect_plain_error(refused, 400,
                                      "Field validation failed: error converting input ");
             probe.expect_plain_error(refused, 400, "invalid key pair");
         }},

        {.name = "last-use-renews-nothing",
         .requirement = "A token's last use cannot renew it: 400 \"token not found\".",
         .rows = {62, 65},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             Json parameters{
                 {"policies", Json::array({"default"})}, {"ttl", "5m"}, {"num_uses", 1}};
             const auto made = co_await make(probe, std::move(parameters));
             const auto refused = co_await renew_self(probe, made.token);
             probe.expect_plain_error(refused, 400, "token not found");
         }},

        {.name = "renewal-tells-all-uses",
         .requirement = "A renewal tells the uses that the token was made with, not those left.",
         .rows = {62, 65},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             Json parameters{
                 {"policies", Json::array({"default"})}, {"ttl", "5m"}, {"num_uses", 5}};
             const auto made = co_await make(probe, std::move(parameters));
             const auto renewed = co_await renew_self(probe, made.token);
             probe.expect_status(renewed, 200);
             probe.expect_equal(renewed.json.value("/auth/num_uses"_json_pointer, Json()), 5,
                                "num_uses");
             const auto self = co_await lookup_self(probe, made.token);
             probe.expect_equal(self.data().value("num_uses", Json()), 3, "num_uses of the lookup");
         }},

        {.name = "capabilities-of-nobody",
         .requirement = "sys/capabilities without a token is 500, by accessor without one 400, and "
                        "of an empty path 400.",
         .rows = {54, 5},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             Json paths{{"paths", Json::array({"a"})}};
             const auto token = co_await probe.vault("POST", "sys/capabilities", paths);
             probe.expect_wrapped_error(token, 500, "no token found");
             const auto accessor = co_await probe.vault("POST", "sys/capabilities-accessor", paths);
             probe.expect_plain_error(accessor, 400, "missing accessor");
             paths["paths"] = Json::array({""});
             const auto no_path = co_await probe.vault("POST", "sys/capabilities-self", paths);
             probe.expect_wrapped_error(no_path, 400, "missing path");
         }},

        {.name = "which-fault-first",
         .requirement =
             "Of a role's faults the path suffix is told first, then those of the token_ "
             "fields, then token_type, and bound_cidrs by its old name last.",
         .rows = {181},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "auth/token/roles/" + probe.name("faults");
             probe.at_end("DELETE", path);
             Json faults{{"path_suffix", "?"},
                         {"token_bound_cidrs", "x"},
                         {"token_num_uses", -1},
                         {"token_type", "x"},
                         {"bound_cidrs", "y"}};
             for (const auto& [field, text] : std::vector<std::pair<const char*, const char*>>{
                      {"path_suffix", "given role path suffix contains invalid characters"},
                      {"token_bound_cidrs", "error parsing role fields: error parsing address"},
                      {"token_num_uses", "'token_num_uses' cannot be negative"},
                      {"token_type", "invalid 'token_type' value"},
                      {"bound_cidrs", "error parsing bound_cidrs: error parsing address"}}) {
                 probe.expect_plain_error(co_await probe.vault("POST", path, faults), 400, text);
                 faults.erase(field);
             }
         }},
    };
}

}  // namespace meshproof::conformance
