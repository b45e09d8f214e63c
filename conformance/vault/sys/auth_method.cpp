// Auth methods: where they are enabled and what disabling them ends.
#include "conformance/vault/kubernetes_auth/steps.hpp"

namespace meshproof::conformance {
namespace {

// The token of a login with this token_type, once its method was disabled.
Task<Reply> after_disabling(Probe& probe, std::string token_type) {
    kubernetes_auth::Bench bench(probe);
    co_await bench.open();
    Json more{{"token_type", std::move(token_type)}};
    co_await bench.role("app", std::move(more));
    const auto login = co_await bench.login();
    const auto token = kubernetes_auth::token_of(probe, login);
    const auto before =
        co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(token));
    probe.expect_status(before, 200);
    (void)co_await probe.set_up("DELETE", "sys/auth/" + bench.mount());
    co_return co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(token));
}

}  // namespace

std::vector<Check> vault_sys_auth_method() {
    return {
        {.name = "enabled-once",
         .requirement = "Enabling an auth method answers 204; a second one at its path is 400 and "
                        "names the path without auth/.",
         .rows = {39},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = probe.name("k8s");
             probe.at_end("DELETE", "sys/auth/" + path);
             const Json body{{"type", "kubernetes"}, {"description", probe.mark().text()}};
             const auto made = co_await probe.vault("POST", "sys/auth/" + path, body);
             probe.expect_status(made, 204);
             const auto again = co_await probe.vault("POST", "sys/auth/" + path, body);
             probe.expect_plain_error(again, 400, "path is already in use at " + path + "/");
             const auto one = co_await probe.vault("GET", "sys/auth/" + path);
             probe.expect_equal(one.data().value("type", Json()), "kubernetes", "type");
         }},

        {.name = "nested",
         .requirement = "A method may be at a path of several parts, and then none above it.",
         .rows = {39},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto parent = probe.name("deep");
             (void)co_await probe.auth_mount("deep/er");
             const Json body{{"type", "kubernetes"}};
             const auto above = co_await probe.vault("POST", "sys/auth/" + parent, body);
             probe.expect_plain_error(above, 400, "path is already in use at");
         }},

        {.name = "absent",
         .requirement = "Reading a method that does not exist is 400, disabling it 204.",
         .rows = {39},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("nobody");
             const auto read = co_await probe.vault("GET", "sys/auth/" + name);
             probe.expect_plain_error(read, 400, "No auth engine at " + name + "/");
             const auto gone = co_await probe.vault("DELETE", "sys/auth/" + name);
             probe.expect_status(gone, 204);
         }},

        {.name = "tokens-stay",
         .requirement = "The token method cannot be disabled.",
         .rows = {39},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.vault("DELETE", "sys/auth/token");
             probe.expect_plain_error(reply, 400, "token credential backend cannot be disabled");
         }},

        {.name = "login-after-disabling",
         .requirement = "A login at a disabled method is 403 for nobody and 404 for an "
                        "administrator.",
         .rows = {40, 19},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await probe.auth_mount();
             (void)co_await probe.set_up("DELETE", "sys/auth/" + path);
             const Json body{{"role", "r"}, {"jwt", "x"}};
             const auto login = "auth/" + path + "/login";
             const auto nobody = co_await probe.vault("POST", login, body, As::nobody());
             probe.expect_plain_error(nobody, 403, "permission denied");
             const auto admin = co_await probe.vault("POST", login, body);
             probe.expect_plain_error(admin, 404, "no handler for route");
         }},

        {.name = "disabling-ends-tokens",
         .requirement = "Disabling a method revokes the service tokens of its logins.",
         .rows = {40},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             const auto after = co_await after_disabling(probe, "service");
             probe.expect_plain_error(after, 403, "permission denied");
         }},

        {.name = "disabling-spares-batch-tokens",
         .requirement = "Disabling a method leaves the batch tokens of its logins alone.",
         .rows = {40, 180},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             const auto after = co_await after_disabling(probe, "batch");
             probe.expect_status(after, 200);
         }},
    };
}

}  // namespace meshproof::conformance
