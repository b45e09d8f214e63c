// POST auth/CLUSTER/login: the order of its checks, and what it answers.
#include "conformance/vault/kubernetes_auth/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kubernetes_auth;

}  // namespace

std::vector<Check> vault_kubernetes_auth_login() {
    return {
        {.name = "order-of-the-checks",
         .requirement = "Role, JWT, the role's existence, the caller's address and the "
                        "configuration are looked at in this order, each with its own plain text.",
         .rows = {142, 5, 6},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto path = fmt::format("auth/{}/login", mount);
             const auto ask = [&](Json body) {
                 return probe.vault("POST", path, std::move(body), As::nobody());
             };
             const auto empty = co_await ask(Json::object());
             probe.expect_plain_error(empty, 400, "missing role");
             const auto no_jwt = co_await ask(Json{{"role", "x"}});
             probe.expect_plain_error(no_jwt, 400, "missing jwt");
             const Json unknown{{"role", "x"}, {"jwt", "y"}};
             const auto no_role = co_await ask(unknown);
             probe.expect_plain_error(no_role, 400, R"(invalid role name "x")");
             Json role{{"bound_service_account_names", "web"},
                       {"bound_service_account_namespaces", "shop"}};
             (void)co_await probe.set_up("POST", fmt::format("auth/{}/role/x", mount), role);
             const auto no_config = co_await ask(unknown);
             probe.expect_plain_error(no_config, 500, "could not load backend configuration");
             role["token_bound_cidrs"] = "203.0.113.0/24";
             (void)co_await probe.set_up("POST", fmt::format("auth/{}/role/x", mount), role);
             const auto elsewhere = co_await ask(unknown);
             probe.expect_plain_error(elsewhere, 403, "permission denied");
         }},

        {.name = "auth-block",
         .requirement = "A login answers with the auth block of an orphan service token, whose "
                        "metadata names role, account, namespace and uid.",
         .rows = {153, 68},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("app", Json{{"token_policies", "mesh"}, {"token_ttl", "10m"}});
             const auto reply = co_await bench.login("App", bench.jwt());
             probe.expect_status(reply, 200);
             probe.expect(reply.json.contains("data") && reply.json["data"].is_null(),
                          "{}: data must be null", reply.asked);
             const auto auth = reply.json.value("auth", Json::object());
             probe.expect_keys(auth,
                               {"client_token", "accessor", "policies", "token_policies",
                                "metadata", "lease_duration", "renewable", "entity_id",
                                "token_type", "orphan", "mfa_requirement", "num_uses"},
                               "auth");
             probe.expect_equal(auth.value("policies", Json()), Json::array({"default", "mesh"}),
                                "policies");
             probe.expect_equal(auth.value("lease_duration", Json()), 600, "lease_duration");
             probe.expect_equal(auth.value("renewable", Json()), true, "renewable");
             probe.expect_equal(auth.value("orphan", Json()), true, "orphan");
             probe.expect_equal(auth.value("token_type", Json()), "service", "token_type");
             const Json metadata{{"role", "App"},
                                 {"service_account_name", "web"},
                                 {"service_account_namespace", "shop"},
                                 {"service_account_secret_name", ""},
                                 {"service_account_uid", Workload{}.uid}};
             probe.expect_equal(auth.value("metadata", Json()), metadata,
                                "metadata, with the role as it was spelt");
         }},

        {.name = "display-name",
         .requirement = "The token's display name is CLUSTER-NAMESPACE-ACCOUNT, and its path the "
                        "login's.",
         .rows = {60},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             const auto login = co_await bench.login();
             const auto token = token_of(probe, login);
             const auto self =
                 co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(token));
             probe.expect_status(self, 200);
             probe.expect_equal(self.data().value("display_name", Json()),
                                bench.mount() + "-shop-web", "display_name");
             probe.expect_equal(self.data().value("path", Json()),
                                "auth/" + bench.mount() + "/login", "path");
         }},

        {.name = "one-entity-per-account",
         .requirement = "Logins of the same service account on one mount have the same entity.",
         .rows = {154},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("any", Json{{"bound_service_account_names", "*"}});
             const auto entity = [](const Reply& reply) {
                 return reply.json.value("auth", Json::object()).value("entity_id", std::string());
             };
             const auto first = co_await bench.login("any", bench.jwt());
             const auto second = co_await bench.login("any", bench.jwt());
             const auto other = co_await bench.login(
                 "any", bench.jwt(bench.claims({.name = "api", .uid = "another-uid"})));
             probe.expect(!entity(first).empty() && entity(first) == entity(second),
                          "two logins of one account have one entity, not {} and {}", entity(first),
                          entity(second));
             probe.expect(entity(other) != entity(first), "another account has another entity");
         }},

        {.name = "alias-by-name-is-another-entity",
         .requirement = "With alias_name_source serviceaccount_name the same workload has a second "
                        "entity.",
         .rows = {154, 183},
         .level = Level::may,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("by-uid");
             co_await bench.role("by-name", Json{{"alias_name_source", "serviceaccount_name"}});
             const auto by_uid = co_await bench.login("by-uid", bench.jwt());
             const auto by_name = co_await bench.login("by-name", bench.jwt());
             probe.expect_status(by_uid, 200);
             probe.expect_status(by_name, 200);
             const auto entity = [](const Reply& reply) {
                 return reply.json.value("auth", Json::object()).value("entity_id", std::string());
             };
             probe.expect(
                 entity(by_uid) != entity(by_name),
                 "alias_name_source serviceaccount_name gives the workload a second entity");
         }},

        {.name = "ttl-from-the-mount",
         .requirement = "Without a ttl the mount's default holds, and its maximum caps with a "
                        "warning.",
         .rows = {155, 63},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             const auto plain = co_await bench.login();
             probe.expect_equal(
                 plain.json.value("auth", Json::object()).value("lease_duration", Json()),
                 2'764'800, "lease_duration without any ttl");
             const Json tune{{"max_lease_ttl", "30m"}, {"default_lease_ttl", "20m"}};
             (void)co_await probe.set_up("POST", fmt::format("sys/auth/{}/tune", bench.mount()),
                                         tune);
             co_await bench.role("long", Json{{"token_ttl", "1h"}});
             const auto capped = co_await bench.login("long", bench.jwt());
             probe.expect_equal(
                 capped.json.value("auth", Json::object()).value("lease_duration", Json()), 1800,
                 "lease_duration above the mount's maximum");
             probe.expect_warning(capped, "TTL value is capped accordingly");
         }},

        {.name = "never-root",
         .requirement = "A role with the policy root lets nobody log in.",
         .rows = {155},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("app", Json{{"token_policies", "root"}});
             const auto reply = co_await bench.login();
             probe.expect_error(reply, 400, "auth methods cannot create root tokens");
         }},

        {.name = "batch-type",
         .requirement = "A role of type batch gives batch tokens.",
         .rows = {180, 154},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("app", Json{{"token_type", "batch"}, {"token_ttl", "10m"}});
             const auto reply = co_await bench.login();
             const auto auth = reply.json.value("auth", Json::object());
             probe.expect_equal(auth.value("token_type", Json()), "batch", "token_type");
             probe.expect_equal(auth.value("accessor", Json()), "", "accessor");
             probe.expect_equal(auth.value("renewable", Json()), false, "renewable");
             probe.expect_equal(auth.value("lease_duration", Json()), 600, "lease_duration");
         }},

        {.name = "batch-survives-its-mount",
         .requirement = "Revoking by prefix ends a mount's service tokens; batch tokens outlive "
                        "that, and the mount.",
         .rows = {180, 66, 40},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("batch", Json{{"token_type", "batch"}, {"token_ttl", "10m"}});
             co_await bench.role("service", Json{{"token_ttl", "10m"}});
             const auto batch = token_of(probe, co_await bench.login("batch", bench.jwt()));
             const auto service = token_of(probe, co_await bench.login("service", bench.jwt()));
             const auto prefix =
                 fmt::format("sys/leases/revoke-prefix/auth/{}/login", bench.mount());
             const auto revoked = co_await probe.vault("PUT", prefix);
             probe.expect_status(revoked, 204);
             const auto dead =
                 co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(service));
             probe.expect_plain_error(dead, 403, "permission denied");
             const auto alive =
                 co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(batch));
             probe.expect_status(alive, 200);
             (void)co_await probe.set_up("DELETE", "sys/auth/" + bench.mount());
             const auto still =
                 co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(batch));
             probe.expect_status(still, 200);
         }},

        {.name = "disabling-revokes",
         .requirement =
             "Disabling the mount revokes its service tokens; a login there is then 403, "
             "and 404 for a privileged caller.",
         .rows = {40, 19},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             const auto token = token_of(probe, co_await bench.login());
             (void)co_await probe.set_up("DELETE", "sys/auth/" + bench.mount());
             const auto self =
                 co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(token));
             probe.expect_plain_error(self, 403, "permission denied");
             const auto login = co_await bench.login();
             probe.expect_plain_error(login, 403, "permission denied");
             Json body{{"role", "app"}, {"jwt", bench.jwt()}};
             const auto as_admin = co_await probe.vault(
                 "POST", fmt::format("auth/{}/login", bench.mount()), std::move(body));
             probe.expect_plain_error(as_admin, 404, "no handler for route");
         }},

        {.name = "taken-in-every-form",
         .requirement =
             "PUT, a form body, a JWT of 9 KB and a garbage token beside it are taken; a "
             "role in the query and GET are not.",
         .rows = {157, 9, 10, 17},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             const auto path = fmt::format("auth/{}/login", bench.mount());
             Json body{{"role", "app"}, {"jwt", bench.jwt()}};
             const auto put = co_await probe.vault("PUT", path, body, As::nobody());
             probe.expect_status(put, 200);
             const auto garbage = co_await probe.vault("POST", path, body,
                                                       As::bearer(Secret("no-such-token-at-all")));
             probe.expect_status(garbage, 200);
             const auto form =
                 co_await probe.vault_raw("POST", path, "role=app&jwt=" + bench.jwt(), As::nobody(),
                                          {{"Content-Type", "application/x-www-form-urlencoded"}});
             probe.expect_status(form, 200);
             auto big = bench.claims();
             big["padding"] = std::string(9UL * 1024, 'x');
             const auto long_one = co_await bench.login("app", bench.jwt(big));
             probe.expect_status(long_one, 200);
             Json only_jwt{{"jwt", bench.jwt()}};
             const auto query = co_await probe.vault("POST", path + "?role=app",
                                                     std::move(only_jwt), As::nobody());
             probe.expect_plain_error(query, 400, "missing role");
             const auto get = co_await probe.vault("GET", path, {}, As::nobody());
             probe.expect_plain_error(get, 405, "unsupported operation");
         }},
    };
}

}  // namespace meshproof::conformance
