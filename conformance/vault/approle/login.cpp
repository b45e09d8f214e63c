// Logins by AppRole, and the tokens that come of them.
#include "conformance/vault/approle/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace approle;

Task<Reply> of_token(Probe& probe, std::string verb, const Json& auth) {
    return probe.vault(verb == "renew-self" ? "PUT" : "GET", "auth/token/" + verb, std::nullopt,
                       As::bearer(Secret(auth.value("client_token", ""))));
}

}  // namespace

std::vector<Check> vault_approle_login() {
    return {
        {.name = "gives-what-the-role-says",
         .requirement = "A login by role id and secret id gives a token with the role's policies, "
                        "life and uses, and the secret id's metadata.",
         .rows = {201},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth,
                           Json{{"token_policies", "x"},
                                {"token_ttl", "10m"},
                                {"token_max_ttl", "20m"},
                                {"token_num_uses", 7}});
             const auto made =
                 co_await secret_id(probe, auth, Json{{"metadata", R"({"team":"shop"})"}});
             const auto id = made.value("secret_id", "");
             const auto login = co_await log_in(probe, auth, " " + id + " ", " id-app ");
             const auto given = auth_of(probe, login);
             probe.expect_equal(given.value("policies", Json()), Json::array({"default", "x"}),
                                "policies");
             probe.expect_equal(given.value("lease_duration", Json()), 600, "lease_duration");
             probe.expect_equal(given.value("num_uses", Json()), 7, "num_uses");
             probe.expect_equal(given.value("orphan", Json()), true, "orphan");
             probe.expect_equal(given.value("metadata", Json()),
                                Json{{"role_name", "app"}, {"team", "shop"}}, "metadata");
             const auto self = co_await of_token(probe, "lookup-self", given);
             probe.expect_status(self, 200);
             probe.expect_equal(self.data().value("path", Json()), auth + "/login", "path");
             probe.expect_equal(self.data().value("display_name", Json()),
                                auth.substr(std::string_view("auth/").size()), "display_name");
         }},

        {.name = "one-entity",
         .requirement = "Every login of a role id is of one entity.",
         .rows = {201},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth);
             co_await role(probe, auth, Json::object(), "other");
             std::vector<std::string> entities;
             for (const std::string name : {"app", "app", "other"}) {
                 const auto made = co_await secret_id(probe, auth, Json::object(), name);
                 const auto login =
                     co_await log_in(probe, auth, made.value("secret_id", ""), "id-" + name);
                 entities.push_back(auth_of(probe, login).value("entity_id", ""));
             }
             probe.expect(!entities[0].empty(), "a login has no entity");
             probe.expect(entities[0] == entities[1], "two logins of a role are of two entities");
             probe.expect(entities[0] != entities[2], "two roles share an entity");
         }},

        {.name = "uses-run-out",
         .requirement = "Each login takes one of a secret id's uses; after the last the secret id "
                        "is gone.",
         .rows = {201, 200},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth, Json{{"secret_id_num_uses", 2}});
             const auto id = (co_await secret_id(probe, auth)).value("secret_id", "");
             probe.expect_status(co_await log_in(probe, auth, id), 200);
             const auto left = co_await probe.vault("PUT", auth + "/role/app/secret-id/lookup",
                                                    Json{{"secret_id", id}});
             probe.expect_status(left, 200);
             probe.expect_equal(left.data().value("secret_id_num_uses", Json()), 1, "uses left");
             probe.expect_status(co_await log_in(probe, auth, id), 200);
             probe.expect_plain_error(co_await log_in(probe, auth, id), 400,
                                      probe.on("invalid role or secret ID", "invalid secret id"));
         }},

        {.name = "refusals",
         .requirement = "A login with an unknown or a missing part is refused.",
         .rows = {201},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth);
             const auto id = (co_await secret_id(probe, auth)).value("secret_id", "");
             probe.expect_plain_error(co_await log_in(probe, auth, id, "unknown"), 400,
                                      probe.on("invalid role or secret ID", "invalid role ID"));
             probe.expect_plain_error(co_await log_in(probe, auth, "unknown"), 400,
                                      probe.on("invalid role or secret ID", "invalid secret id"));
             const auto ask = [&](Json body) {
                 return probe.vault("POST", auth + "/login", std::move(body), As::nobody());
             };
             probe.expect_plain_error(co_await ask(Json{{"role_id", "id-app"}}), 400,
                                      "missing secret_id");
             probe.expect_plain_error(
                 co_await ask(Json{{"secret_id", id}}), 500,
                 probe.on("missing role_id", "failed to determine alias name from login request"));
         }},

        {.name = "from-elsewhere",
         .requirement = "A login from outside of the blocks of the role or of the secret id is "
                        "refused; a role bound by blocks alone needs no secret id.",
         .rows = {201},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth, Json{{"secret_id_bound_cidrs", "203.0.113.0/24"}});
             co_await role(probe, auth, Json::object(), "other");
             co_await role(probe, auth,
                           Json{{"bind_secret_id", false},
                                {"token_bound_cidrs", Json::array({"0.0.0.0/0", "::/0"})}},
                           "free");
             const auto id = (co_await secret_id(probe, auth)).value("secret_id", "");
             probe.expect_plain_error(co_await log_in(probe, auth, id), 400,
                                      "unauthorized by CIDR restrictions on the role");
             const auto bound =
                 co_await secret_id(probe, auth, Json{{"cidr_list", "203.0.113.0/24"}}, "other");
             const auto refused =
                 co_await log_in(probe, auth, bound.value("secret_id", ""), "id-other");
             probe.expect_plain_error(refused, 400,
                                      "unauthorized through CIDR restrictions on the secret ID");
             const auto free = co_await probe.vault("POST", auth + "/login",
                                                    Json{{"role_id", "id-free"}}, As::nobody());
             probe.expect_status(free, 200);
         }},

        {.name = "lockout",
         .requirement = "Five wrong secret ids in a row lock the role id, for right ones too; a "
                        "login before that starts the count anew.",
         .rows = {201},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth);
             const auto id = (co_await secret_id(probe, auth)).value("secret_id", "");
             const auto fail = [&](int times) -> Task<void> {
                 for (int i = 0; i < times; ++i) {
                     probe.expect_status(co_await log_in(probe, auth, "wrong"), 400);
                 }
             };
             co_await fail(4);
             probe.expect_status(co_await log_in(probe, auth, id), 200);
             co_await fail(5);
             probe.expect_plain_error(co_await log_in(probe, auth, id), 403, "permission denied");
         }},

        {.name = "tuned-lockout",
         .requirement = "After how many wrong secret ids a role id is locked is tuned with the "
                        "method, and whether it is at all.",
         .rows = {201, 208},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth);
             const auto id = (co_await secret_id(probe, auth)).value("secret_id", "");
             const auto tune = [&](Json lockout) -> Task<void> {
                 const Json body{{"user_lockout_config", std::move(lockout)}};
                 const auto reply = co_await probe.vault("POST", "sys/" + auth + "/tune", body);
                 probe.expect_status(reply, 204);
             };
             const auto fail = [&](int times) -> Task<void> {
                 for (int i = 0; i < times; ++i) {
                     probe.expect_status(co_await log_in(probe, auth, "wrong"), 400);
                 }
             };
             co_await tune(Json{{"lockout_disable", true}, {"lockout_threshold", "2"}});
             co_await fail(6);
             probe.expect_status(co_await log_in(probe, auth, id), 200);
             co_await tune(Json{{"lockout_disable", false}});
             const auto told = co_await probe.vault("GET", "sys/" + auth + "/tune");
             probe.expect_equal(told.data().value("user_lockout_threshold", Json()), 2,
                                "user_lockout_threshold");
             probe.expect_equal(told.data().value("user_lockout_disable", Json()), false,
                                "user_lockout_disable");
             co_await fail(2);
             probe.expect_plain_error(co_await log_in(probe, auth, id), 403, "permission denied");
         }},

        {.name = "renewed-by-the-role",
         .requirement = "A token of AppRole is renewed by its role as it is now; it outlives role "
                        "and secret id, but is not renewed without the role.",
         .rows = {201},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth, Json{{"token_ttl", "10m"}});
             const auto id = (co_await secret_id(probe, auth)).value("secret_id", "");
             const auto given = auth_of(probe, co_await log_in(probe, auth, id));
             (void)co_await probe.set_up("POST", auth + "/role/app", Json{{"token_ttl", "20m"}});
             const auto renewed = co_await of_token(probe, "renew-self", given);
             probe.expect_status(renewed, 200);
             probe.expect_equal(
                 renewed.json.value("auth", Json::object()).value("lease_duration", Json()), 1200,
                 "lease_duration");
             (void)co_await probe.set_up("DELETE", auth + "/role/app");
             const auto refused = co_await of_token(probe, "renew-self", given);
             probe.expect_wrapped_error(
                 refused, 500, "failed to renew entry: role \"app\" does not exist during renewal");
             probe.expect_status(co_await of_token(probe, "lookup-self", given), 200);
         }},
    };
}

}  // namespace meshproof::conformance
