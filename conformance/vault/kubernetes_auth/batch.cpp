// Batch tokens from a login: of the role, or of the auth method as a whole.
#include "conformance/steps.hpp"
#include "conformance/vault/kubernetes_auth/steps.hpp"
#include "conformance/vault/token/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kubernetes_auth;

Task<void> tune(Probe& probe, const Bench& bench, std::string type) {
    Json body{{"token_type", std::move(type)}};
    (void)co_await probe.set_up("POST", fmt::format("sys/auth/{}/tune", bench.mount()),
                                std::move(body));
}

// The auth block of a login with this role; the check ends as failed where there is none.
Task<Json> auth_of(Probe& probe, Bench& bench, std::string role) {
    const auto reply = co_await bench.login(std::move(role), bench.jwt());
    (void)token_of(probe, reply);
    co_return reply.json.at("auth");
}

Task<Json> looked_up(Probe& probe, Json auth) {
    const auto self =
        co_await token::lookup_self(probe, Secret(auth.value("client_token", std::string())));
    probe.expect_status(self, 200);
    co_return self.data();
}

}  // namespace

std::vector<Check> vault_kubernetes_auth_batch() {
    return {
        {.name = "login-and-sign",
         .requirement = "A role with token_type batch gives orphan batch tokens with the role's "
                        "policies and the workload's entity; they sign.",
         .rows = {180, 58, 154},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             Bench bench(probe);
             co_await bench.open();
             const auto policy = co_await probe.policy(
                 "sign",
                 fmt::format("path \"{}/sign/app\" {{ capabilities = [\"update\"] }}", mount));
             co_await bench.role(
                 "app",
                 Json{{"token_type", "batch"}, {"token_policies", policy}, {"token_ttl", "10m"}});
             co_await bench.role("service", Json{{"token_policies", policy}});
             const auto service = co_await auth_of(probe, bench, "service");
             const auto auth = co_await auth_of(probe, bench, "app");
             const auto token = auth.value("client_token", std::string());
             probe.expect(token.starts_with(probe.on("b.", "hvb.")),
                          "the token does not begin with {}", probe.on("b.", "hvb."));
             probe.expect_equal(auth.value("token_type", Json()), "batch", "token_type");
             probe.expect_equal(auth.value("accessor", Json()), "", "accessor");
             probe.expect_equal(auth.value("renewable", Json()), false, "renewable");
             probe.expect_equal(auth.value("orphan", Json()), true, "orphan");
             probe.expect_equal(auth.value("lease_duration", Json()), 600, "lease_duration");
             probe.expect_equal(auth.value("policies", Json()), Json::array({"default", policy}),
                                "policies");
             probe.expect_equal(auth.value("entity_id", Json()),
                                service.value("entity_id", Json("none")),
                                "entity_id, beside a service token's");
             Json body{{"csr", steps::workload_csr()}};
             const auto signed_leaf = co_await probe.vault(
                 "POST", mount + "/sign/app", std::move(body), As::bearer(Secret(token)));
             probe.expect_status(signed_leaf, 200);
             (void)steps::leaf_of(probe, signed_leaf);
         }},

        {.name = "method-goes-first",
         .requirement = "An auth method's token_type service or batch goes before the role's; "
                        "default-service and default-batch only count where the role says default.",
         .rows = {195},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             for (const std::string type : {"default", "service", "batch"}) {
                 co_await bench.role(type, Json{{"token_type", type}});
             }
             struct Case {
                 const char* method;
                 const char* by_default;
                 const char* of_service;
                 const char* of_batch;
             };
             for (const auto& [method, by_default, of_service, of_batch] :
                  {Case{"default-service", "service", "service", "batch"},
                   Case{"default-batch", "batch", "service", "batch"},
                   Case{"service", "service", "service", "service"},
                   Case{"batch", "batch", "batch", "batch"},
                   Case{"", "service", "service", "batch"}}) {
                 co_await tune(probe, bench, method);
                 for (const auto& [role, expected] :
                      {std::pair{"default", by_default}, std::pair{"service", of_service},
                       std::pair{"batch", of_batch}}) {
                     const auto auth = co_await auth_of(probe, bench, role);
                     probe.expect_equal(auth.value("token_type", Json()), expected,
                                        fmt::format("token_type of role \"{}\" where the method "
                                                    "says \"{}\"",
                                                    role, method));
                 }
             }
         }},

        {.name = "words",
         .requirement = "A method takes service, batch, default-service and default-batch as "
                        "token_type, a role default, service and batch; other words are 400.",
         .rows = {195},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto place = "sys/auth/" + mount + "/tune";
             const Json nonsense{{"token_type", "Batch"}};
             const auto tuned = co_await probe.vault("POST", place, nonsense);
             probe.expect_plain_error(tuned, 400, "invalid value for 'token_type'");
             const auto path = probe.name("typed");
             probe.at_end("DELETE", "sys/auth/" + path);
             Json typed{{"type", "kubernetes"}, {"config", {{"token_type", "batch"}}}};
             const auto enabled = co_await probe.vault("POST", "sys/auth/" + path, typed);
             probe.expect_status(enabled, 204);
             const auto read = co_await probe.vault("GET", "sys/auth/" + path + "/tune");
             probe.expect_equal(read.data().value("token_type", Json()), "batch", "token_type");
             typed["config"] = nonsense;
             const auto other = probe.name("mistyped");
             probe.at_end("DELETE", "sys/auth/" + other);
             const auto refused = co_await probe.vault("POST", "sys/auth/" + other, typed);
             probe.expect_plain_error(refused, 400, "invalid value for 'token_type'");
             for (const std::string type : {"default-batch", "default-service", "Batch"}) {
                 const auto role = co_await probe.vault("POST", "auth/" + mount + "/role/app",
                                                        bound_role(Json{{"token_type", type}}));
                 probe.expect_plain_error(role, 400,
                                          fmt::format("invalid 'token_type' value \"{}\"", type));
             }
         }},

        {.name = "role-without-bounds",
         .requirement = "A batch role can have neither period nor num_uses, in whichever order "
                        "they are written: 400.",
         .rows = {180},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto write = [&](const std::string& role, Json more) {
                 return probe.vault("POST", fmt::format("auth/{}/role/{}", mount, role),
                                    bound_role(std::move(more)));
             };
             constexpr auto front =
                 "'token_type' cannot be 'batch' or 'default_batch' when set to "
                 "generate ";
             for (const auto& [field, bound, what] :
                  {std::tuple{"token_period", "1h", "periodic tokens"},
                   std::tuple{"token_num_uses", "2", "tokens with limited use count"}}) {
                 const auto told = std::string(front) + what;
                 const auto at_once =
                     co_await write("a", Json{{"token_type", "batch"}, {field, bound}});
                 probe.expect_plain_error(at_once, 400, told);
                 const std::string batch = std::string("batch-") + field;
                 const auto first = co_await write(field, Json{{field, bound}});
                 probe.expect_status(first, 204);
                 const auto then = co_await write(field, Json{{"token_type", "batch"}});
                 probe.expect_plain_error(then, 400, told);
                 const auto made = co_await write(batch, Json{{"token_type", "batch"}});
                 probe.expect_status(made, 204);
                 const auto later = co_await write(batch, Json{{field, bound}});
                 probe.expect_plain_error(later, 400, told);
             }
         }},

        {.name = "bounds-of-a-method",
         .requirement = "Where the method makes a role's tokens batch, its period is their ttl and "
                        "its uses are told and not counted; an explicit maximum only cuts the ttl.",
         .rows = {195},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await tune(probe, bench, "batch");
             co_await bench.role("period", Json{{"token_period", "1h"}});
             co_await bench.role("uses", Json{{"token_num_uses", 2}});
             co_await bench.role("max", Json{{"token_explicit_max_ttl", "10m"}});
             const auto periodic = co_await auth_of(probe, bench, "period");
             probe.expect_equal(periodic.value("lease_duration", Json()), 3600,
                                "lease_duration of a period of an hour");
             const auto without = co_await looked_up(probe, periodic);
             probe.expect(!without.contains("period"), "lookup-self tells a period");
             const auto limited = co_await auth_of(probe, bench, "uses");
             probe.expect_equal(limited.value("num_uses", Json()), 2, "num_uses of the login");
             for (int use = 0; use < 3; ++use) {
                 const auto self = co_await looked_up(probe, limited);
                 probe.expect_equal(self.value("num_uses", Json()), 0, "num_uses in lookup-self");
             }
             const auto login = co_await bench.login("max", bench.jwt());
             probe.expect_warning(login, "exceeded the effective max_ttl");
             const auto cut = co_await auth_of(probe, bench, "max");
             probe.expect_equal(cut.value("lease_duration", Json()), 600, "lease_duration");
             const auto short_lived = co_await looked_up(probe, cut);
             probe.expect_equal(short_lived.value("explicit_max_ttl", Json()), 0,
                                "explicit_max_ttl in lookup-self");
         }},

        {.name = "entity-disabled",
         .requirement = "A workload whose entity is disabled cannot log in, and its batch tokens "
                        "are refused until it is enabled again: 403.",
         .rows = {196},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("app", Json{{"token_type", "batch"}});
             const auto auth = co_await auth_of(probe, bench, "app");
             const Secret token(auth.value("client_token", std::string()));
             const auto entity = "identity/entity/id/" + auth.value("entity_id", std::string());
             probe.at_end("DELETE", entity);
             const Json off{{"disabled", true}};
             const Json on{{"disabled", false}};
             (void)co_await probe.set_up("POST", entity, off);
             const auto refused = co_await token::lookup_self(probe, token);
             probe.expect_plain_error(refused, 403, "permission denied");
             const auto login = co_await bench.login();
             probe.expect_plain_error(login, 403, "permission denied");
             (void)co_await probe.set_up("POST", entity, on);
             const auto again = co_await token::lookup_self(probe, token);
             probe.expect_status(again, 200);
             (void)co_await probe.set_up("DELETE", entity);
             const auto orphan = co_await token::lookup_self(probe, token);
             probe.expect_plain_error(orphan, 403, "permission denied");
         }},
    };
}

}  // namespace meshproof::conformance
