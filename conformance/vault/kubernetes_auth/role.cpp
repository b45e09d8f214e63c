// auth/CLUSTER/role/NAME.
#include "conformance/vault/kubernetes_auth/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kubernetes_auth;

Task<Reply> write_role(Probe& probe, std::string mount, std::string name, Json body) {
    return probe.vault("POST", fmt::format("auth/{}/role/{}", mount, name), std::move(body));
}

}  // namespace

std::vector<Check> vault_kubernetes_auth_role() {
    return {
        {.name = "bindings-are-needed",
         .requirement = "A role needs names and namespaces of service accounts.",
         .rows = {140},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto no_names = co_await write_role(
                 probe, mount, "r", Json{{"bound_service_account_namespaces", "shop"}});
             probe.expect_error(no_names, 400, R"("bound_service_account_names" can not be empty)");
             const auto no_namespaces = co_await write_role(
                 probe, mount, "r", Json{{"bound_service_account_names", "web"}});
             probe.expect_error(no_namespaces, 400,
                                R"("bound_service_account_namespaces" can not be empty)");
             const auto good = co_await write_role(probe, mount, "r", bound_role());
             probe.expect_status(good, 204);
         }},

        {.name = "star-stands-alone",
         .requirement = "A binding may be *, alone, or a glob.",
         .rows = {140},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto star = co_await write_role(
                 probe, mount, "star", bound_role(Json{{"bound_service_account_names", "*"}}));
             probe.expect_status(star, 204);
             const auto glob = co_await write_role(
                 probe, mount, "glob", bound_role(Json{{"bound_service_account_names", "ap*"}}));
             probe.expect_status(glob, 204);
             const auto mixed = co_await write_role(
                 probe, mount, "mixed", bound_role(Json{{"bound_service_account_names", "*,web"}}));
             probe.expect_error(mixed, 400, R"(can not mix "*" with values)");
         }},

        {.name = "old-names",
         .requirement = "policies and ttl are the old names of token_policies and token_ttl, and "
                        "are read back where they were used.",
         .rows = {140, 141},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto written = co_await write_role(
                 probe, mount, "r", bound_role(Json{{"policies", "mesh"}, {"ttl", "5m"}}));
             probe.expect_status(written, 204);
             const auto read = co_await probe.vault("GET", fmt::format("auth/{}/role/r", mount));
             probe.expect_status(read, 200);
             probe.expect_equal(read.data().value("token_policies", Json()), Json::array({"mesh"}),
                                "token_policies");
             probe.expect_equal(read.data().value("token_ttl", Json()), 300, "token_ttl");
             probe.expect_equal(read.data().value("policies", Json()), Json::array({"mesh"}),
                                "policies");
             probe.expect_equal(read.data().value("ttl", Json()), 300, "ttl");
         }},

        {.name = "ttl-above-max",
         .requirement = "A ttl above the role's own max_ttl is 400.",
         .rows = {140},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto old_names = co_await write_role(
                 probe, mount, "r", bound_role(Json{{"ttl", "2h"}, {"max_ttl", "1h"}}));
             probe.expect_error(old_names, 400,
                                "token ttl should not be greater than token max ttl");
             const auto reply = co_await write_role(
                 probe, mount, "r", bound_role(Json{{"token_ttl", "2h"}, {"token_max_ttl", "1h"}}));
             probe.expect_error(reply, 400, "'token_ttl' cannot be greater than 'token_max_ttl'");
         }},

        {.name = "updated-in-part",
         .requirement = "An update with some fields keeps the others, and the role's name has no "
                        "case.",
         .rows = {140},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             (void)co_await write_role(probe, mount, "r", bound_role(Json{{"audience", "vault"}}));
             const auto updated = co_await write_role(probe, mount, "R", Json{{"token_ttl", "5m"}});
             probe.expect_status(updated, 204);
             const auto read = co_await probe.vault("GET", fmt::format("auth/{}/role/r", mount));
             probe.expect_equal(read.data().value("audience", Json()), "vault",
                                "audience, which was kept");
             probe.expect_equal(read.data().value("token_ttl", Json()), 300, "token_ttl");
         }},

        {.name = "alias-name-source",
         .requirement =
             "A new role with an empty alias_name_source has serviceaccount_uid; for one "
             "that exists it is 400, and the role stays as it was.",
         .rows = {140},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto nothing = bound_role(Json{{"alias_name_source", ""}});
             const auto created = co_await write_role(probe, mount, "r", nothing);
             probe.expect_status(created, 204);
             const auto path = fmt::format("auth/{}/role/r", mount);
             const auto first = co_await probe.vault("GET", path);
             probe.expect_equal(first.data().value("alias_name_source", Json()),
                                "serviceaccount_uid", "alias_name_source of the new role");
             (void)co_await write_role(probe, mount, "r",
                                       Json{{"alias_name_source", "serviceaccount_name"}});
             const auto refused = co_await write_role(probe, mount, "r", nothing);
             probe.expect_error(refused, 400, "invalid alias_name_source");
             const auto kept = co_await probe.vault("GET", path);
             probe.expect_equal(kept.data().value("alias_name_source", Json()),
                                "serviceaccount_name", "alias_name_source after the refusal");
         }},

        {.name = "read-back",
         .requirement = "A role is read back with all token_ fields, and audience only where it "
                        "was set; an absent one is 404.",
         .rows = {141, 4},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             (void)co_await write_role(probe, mount, "r", bound_role());
             const auto read = co_await probe.vault("GET", fmt::format("auth/{}/role/r", mount));
             probe.expect_status(read, 200);
             std::set<std::string> keys{"alias_name_source",
                                        "bound_service_account_names",
                                        "token_bound_cidrs",
                                        "bound_service_account_namespaces",
                                        "token_explicit_max_ttl",
                                        "token_max_ttl",
                                        "token_no_default_policy",
                                        "token_num_uses",
                                        "token_period",
                                        "token_policies",
                                        "token_ttl",
                                        "token_type"};
             if (probe.openbao()) {
                 keys.insert(
                     {"bound_service_account_namespace_selector", "token_strictly_bind_ip"});
             }
             probe.expect_keys(read.data(), keys, "data of a role");
             const auto absent =
                 co_await probe.vault("GET", fmt::format("auth/{}/role/absent", mount));
             probe.expect_no_text(absent, 404);
             const auto list = co_await probe.vault("LIST", fmt::format("auth/{}/role", mount));
             probe.expect_equal(list.data().value("keys", Json()), Json::array({"r"}), "the list");
         }},

        {.name = "batch-bounds",
         .requirement = "A role for batch tokens has neither period nor num_uses.",
         .rows = {180},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             for (const auto* field : {"token_period", "token_num_uses"}) {
                 Json more{{"token_type", "batch"}, {field, 5}};
                 const auto reply =
                     co_await write_role(probe, mount, "r", bound_role(std::move(more)));
                 probe.expect_error(reply, 400,
                                    "'token_type' cannot be 'batch' or 'default_batch'");
             }
         }},

        {.name = "older-names-are-looked-at-later",
         .requirement = "What a role has got by an older name is looked at with its next write: "
                        "fewer than no uses, and on OpenBao blocks beside the caller's address.",
         .rows = {244},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto change = [&](std::string role, Json fields) {
                 return probe.vault("POST", fmt::format("auth/{}/role/{}", mount, role),
                                    std::move(fields));
             };
             const std::string negative = "'token_num_uses' cannot be negative";
             probe.expect_plain_error(
                 co_await change("uses", bound_role(Json{{"token_num_uses", -1}})), 400, negative);
             probe.expect_status(co_await change("uses", bound_role(Json{{"num_uses", -1}})), 204);
             const auto told = co_await probe.vault("GET", fmt::format("auth/{}/role/uses", mount));
             probe.expect_equal(told.data().value("token_num_uses", Json()), -1, "token_num_uses");
             probe.expect(!told.data().contains("num_uses"), "num_uses below 0 is shown");
             probe.expect_plain_error(co_await change("uses", Json::object()), 400, negative);
             probe.expect_status(co_await change("uses", Json{{"token_num_uses", 3}}), 204);
             probe.expect_status(
                 co_await change("ip", bound_role(Json{{"token_strictly_bind_ip", true},
                                                       {"bound_cidrs", "127.0.0.1"}})),
                 204);
             const auto again = co_await change("ip", Json::object());
             const auto both = co_await change("none", Json{{"token_strictly_bind_ip", true},
                                                            {"token_bound_cidrs", "127.0.0.1"}});
             if (!probe.openbao()) {
                 probe.expect_status(again, 204);
                 probe.expect_plain_error(both, 400,
                                          "\"bound_service_account_names\" can not be empty");
                 co_return;
             }
             const std::string conflict =
                 "'token_strictly_bind_ip' conflicts with 'token_bound_cidrs'; set only one";
             probe.expect_plain_error(again, 400, conflict);
             probe.expect_plain_error(both, 400, conflict);
         }},

        {.name = "a-max-ttl-above-the-mount-is-warned-of",
         .requirement = "A max_ttl above the mount's own is taken with 200 and a warning, instead "
                        "of 204.",
         .rows = {140, 3},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto reply = co_await write_role(probe, mount, "r",
                                                    bound_role(Json{{"token_max_ttl", "9000h"}}));
             probe.expect_status(reply, 200);
             probe.expect_warning(reply,
                                  "max_ttl is greater than the system or backend mount's maximum");
         }},
    };
}

}  // namespace meshproof::conformance
