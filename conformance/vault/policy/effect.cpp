// What policies make of requests: capabilities, operations, sudo, parameters, and when they take
// effect.
#include "conformance/vault/kubernetes_auth/steps.hpp"

namespace meshproof::conformance {
namespace {

struct Protected {
    std::string method, path;
    Json body;
};

/// One request with every capability but sudo, then with sudo: only the second may pass the gate.
Task<void> expect_sudo(Probe& probe, Protected request) {
    const auto rule = [&](std::string_view more) {
        return fmt::format(
            R"(path "{}" {{ capabilities = ["create","read","update","delete","list"{}] }})",
            request.path, more);
    };
    const auto without = co_await probe.token_for(rule(""));
    const auto refused =
        co_await probe.vault(request.method, request.path, request.body, As::bearer(without));
    probe.expect_wrapped_error(refused, 403, "permission denied");
    const auto with = co_await probe.token_for(rule(R"(,"sudo")"));
    const auto allowed =
        co_await probe.vault(request.method, request.path, request.body, As::bearer(with));
    probe.expect(allowed.status != 403, "{}: with sudo it must not be 403", allowed.asked);
}

}  // namespace

std::vector<Check> vault_policy_effect() {
    return {
        {.name = "capability-names",
         .requirement = "The capabilities are create, read, update, patch, delete, list, sudo and "
                        "deny; OpenBao also has scan.",
         .rows = {50},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/policies/acl/" + probe.name("all");
             probe.at_end("DELETE", path);
             Json all{{"policy", R"(path "a" {
  capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo", "deny"]
})"}};
             const auto written = co_await probe.vault("PUT", path, std::move(all));
             probe.expect_status(written, 204);
             Json scan{{"policy", R"(path "a" { capabilities = ["scan"] })"}};
             const auto scanned = co_await probe.vault("PUT", path, std::move(scan));
             if (probe.openbao()) {
                 probe.expect_status(scanned, 204);
             } else {
                 probe.expect_error(scanned, 400, R"(invalid capability "scan")");
             }
         }},

        {.name = "shorthands",
         .requirement = "`policy = \"write\"`, \"read\" and \"deny\" stand for their "
                        "capabilities.",
         .rows = {50},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await probe.policy("short", R"(path "w" { policy = "write" }
path "r" { policy = "read" }
path "d" { policy = "deny" })");
             Json parameters{{"policies", Json::array({name})}};
             const auto token = co_await probe.token(std::move(parameters));
             Json body{{"paths", Json::array({"w", "r", "d"})}};
             const auto reply = co_await probe.vault("POST", "sys/capabilities-self",
                                                     std::move(body), As::bearer(token));
             probe.expect_status(reply, 200);
             const auto& data = reply.data();
             probe.expect_equal(data.value("w", Json()),
                                Json::array({"create", "delete", "list", "read", "update"}),
                                "write");
             probe.expect_equal(data.value("r", Json()), Json::array({"list", "read"}), "read");
             probe.expect_equal(data.value("d", Json()), Json::array({"deny"}), "deny");
         }},

        {.name = "signing-is-an-update",
         .requirement = "pki issue and sign are the operation update: a policy with only create "
                        "is refused.",
         .rows = {51},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto create = co_await probe.token_for(
                 fmt::format(R"(path "{}/*" {{ capabilities = ["create"] }})", mount));
             const auto update = co_await probe.token_for(
                 fmt::format(R"(path "{}/*" {{ capabilities = ["update"] }})", mount));
             for (const auto* path : {"/issue/r", "/sign/r"}) {
                 const auto refused =
                     co_await probe.vault("PUT", mount + path, Json::object(), As::bearer(create));
                 probe.expect_wrapped_error(refused, 403, "permission denied");
                 // There is no such role: what answers is the engine, no longer the policy.
                 const auto allowed =
                     co_await probe.vault("PUT", mount + path, Json::object(), As::bearer(update));
                 probe.expect_error(allowed, 400, "unknown role: r");
             }
         }},

        {.name = "an-absent-role-of-an-auth-mount-is-created",
         .requirement = "Writing a Kubernetes auth role is create while it is absent and update "
                        "once it is there.",
         .rows = {51},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto path = "auth/" + mount + "/role/r";
             Json role{{"bound_service_account_names", "web"},
                       {"bound_service_account_namespaces", "default"}};
             const auto update = co_await probe.token_for(
                 fmt::format(R"(path "{}" {{ capabilities = ["update"] }})", path));
             const auto absent = co_await probe.vault("POST", path, role, As::bearer(update));
             probe.expect_wrapped_error(absent, 403, "permission denied");
             const auto create = co_await probe.token_for(
                 fmt::format(R"(path "{}" {{ capabilities = ["create"] }})", path));
             const auto made = co_await probe.vault("POST", path, role, As::bearer(create));
             probe.expect(made.status == 204 || made.status == 200, "{}: expected 2xx, got {}",
                          made.asked, made.status);
             const auto again = co_await probe.vault("POST", path, role, As::bearer(create));
             probe.expect_wrapped_error(again, 403, "permission denied");
         }},

        {.name = "capabilities-self",
         .requirement = "sys/capabilities-self tells the capabilities per path, [\"deny\"] where "
                        "there are none, and refuses a request without paths.",
         .rows = {54},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name =
                 co_await probe.policy("some", R"(path "s/a" { capabilities = ["read", "list"] })");
             Json parameters{{"policies", Json::array({name})}};
             const auto token = co_await probe.token(std::move(parameters));
             Json body{{"paths", Json::array({"s/a", "s/b"})}};
             const auto reply =
                 co_await probe.vault("POST", "sys/capabilities-self", body, As::bearer(token));
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data().value("s/a", Json()), Json::array({"list", "read"}),
                                "s/a");
             probe.expect_equal(reply.data().value("s/b", Json()), Json::array({"deny"}), "s/b");

             Json one{{"paths", Json::array({"s/a"})}};
             const auto single = co_await probe.vault("POST", "sys/capabilities-self",
                                                      std::move(one), As::bearer(token));
             probe.expect_equal(single.data().value("capabilities", Json()),
                                Json::array({"list", "read"}), "data.capabilities of one path");
             const auto none = co_await probe.vault("POST", "sys/capabilities-self", Json::object(),
                                                    As::bearer(token));
             probe.expect_error(none, 400, "paths must be supplied");
         }},

        {.name = "root-has-root",
         .requirement = "A root token's capabilities are [\"root\"] everywhere.",
         .rows = {54},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             Json parameters{{"policies", Json::array({"root"})}};
             const auto token = co_await probe.token(std::move(parameters));
             Json body{{"paths", Json::array({"anything/at/all"})}};
             const auto reply = co_await probe.vault("POST", "sys/capabilities-self",
                                                     std::move(body), As::bearer(token));
             probe.expect_equal(reply.data().value("anything/at/all", Json()),
                                Json::array({"root"}), "capabilities of a root token");
         }},

        {.name = "parameters-are-bound",
         .requirement = "allowed_parameters and denied_parameters refuse with the same 403 as a "
                        "missing capability.",
         .rows = {55},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto token = co_await probe.token_for(fmt::format(
                 R"(path "{0}/roles/allowed" {{
  capabilities = ["update"]
  allowed_parameters = {{ "ttl" = ["1h"] }}
}}
path "{0}/roles/denied" {{
  capabilities = ["update"]
  denied_parameters = {{ "ttl" = [] }}
}})",
                 mount));
             const Json good{{"ttl", "1h"}};
             const Json other_value{{"ttl", "2h"}};
             const Json other_key{{"max_ttl", "1h"}};
             const auto write = [&](std::string role, Json body) {
                 return probe.vault("POST", mount + "/roles/" + role, std::move(body),
                                    As::bearer(token));
             };
             const auto allowed = co_await write("allowed", good);
             probe.expect_status(allowed, 200);
             const auto value = co_await write("allowed", other_value);
             probe.expect_wrapped_error(value, 403, "permission denied");
             const auto key = co_await write("allowed", other_key);
             probe.expect_wrapped_error(key, 403, "permission denied");
             const auto denied = co_await write("denied", good);
             probe.expect_wrapped_error(denied, 403, "permission denied");
             const auto free = co_await write("denied", other_key);
             probe.expect_status(free, 200);
         }},

        {.name = "changes-reach-tokens-at-once",
         .requirement = "Changing or deleting a policy changes existing tokens at once.",
         .rows = {56},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto name = co_await probe.policy(
                 "changing",
                 fmt::format(R"(path "{}/config/urls" {{ capabilities = ["read"] }})", mount));
             Json parameters{{"policies", Json::array({name})}, {"no_default_policy", true}};
             const auto token = co_await probe.token(std::move(parameters));
             const auto path = mount + "/config/urls";
             const auto before = co_await probe.vault("GET", path, {}, As::bearer(token));
             probe.expect_status(before, 200);
             Json less{{"policy", R"(path "elsewhere" { capabilities = ["read"] })"}};
             (void)co_await probe.set_up("PUT", "sys/policies/acl/" + name, std::move(less));
             const auto after = co_await probe.vault("GET", path, {}, As::bearer(token));
             probe.expect_wrapped_error(after, 403, "permission denied");
             Json more{{"policy", R"(path "*" { capabilities = ["read"] })"}};
             (void)co_await probe.set_up("PUT", "sys/policies/acl/" + name, std::move(more));
             const auto again = co_await probe.vault("GET", path, {}, As::bearer(token));
             probe.expect_status(again, 200);
             (void)co_await probe.set_up("DELETE", "sys/policies/acl/" + name);
             const auto deleted = co_await probe.vault("GET", path, {}, As::bearer(token));
             probe.expect_wrapped_error(deleted, 403, "permission denied");
         }},

        {.name = "unknown-names-are-kept",
         .requirement = "A token keeps the name of a policy that does not exist, and its making "
                        "says so in a warning.",
         .rows = {56},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto unknown = probe.name("nowhere");
             Json parameters{{"policies", Json::array({unknown})}, {"ttl", "10m"}};
             const auto made =
                 co_await probe.vault("POST", "auth/token/create", std::move(parameters));
             probe.expect_status(made, 200);
             probe.expect_warning(made, fmt::format(R"(Policy "{}" does not exist)", unknown));
             const auto auth = made.json.value("auth", Json::object());
             probe.expect_equal(auth.value("policies", Json()), Json::array({"default", unknown}),
                                "policies of the token");
             Json accessor{{"accessor", auth.value("accessor", "")}};
             probe.at_end("POST", "auth/token/revoke-accessor", std::move(accessor));
         }},

        {.name = "sudo-paths",
         .requirement = "Deleting a root, sign-self-issued, enabling and tuning auth methods, "
                        "remount and revoke-prefix need sudo beside the verb.",
         .rows = {57},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto auth = probe.name("sudo-auth");
             probe.at_end("DELETE", "sys/auth/" + auth);
             co_await expect_sudo(probe, {"DELETE", mount + "/root", Json::object()});
             co_await expect_sudo(probe,
                                  {"POST", mount + "/root/sign-self-issued", Json::object()});
             co_await expect_sudo(
                 probe, {"POST", "sys/auth/" + auth,
                         Json{{"type", "kubernetes"}, {"description", probe.mark().text()}}});
             co_await expect_sudo(probe, {"POST", "sys/auth/" + auth + "/tune",
                                          Json{{"description", probe.mark().text() + " tuned"}}});
             co_await expect_sudo(probe, {"POST", "sys/remount", Json::object()});
             co_await expect_sudo(probe, {"PUT", "sys/leases/revoke-prefix/auth/" + auth + "/login",
                                          Json::object()});
         }},

        {.name = "no-sudo-needed",
         .requirement = "Reading sys/auth, sys/mounts and policies, and pki's tidy, crl/rotate "
                        "and config need no sudo.",
         .rows = {57},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto token = co_await probe.token_for(fmt::format(
                 R"(path "sys/auth" {{ capabilities = ["read"] }}
path "sys/mounts/*" {{ capabilities = ["read"] }}
path "sys/policies/*" {{ capabilities = ["read", "list"] }}
path "{}/*" {{ capabilities = ["read", "update"] }})",
                 mount));
             const auto as = As::bearer(token);
             const auto auth = co_await probe.vault("GET", "sys/auth", {}, as);
             probe.expect_status(auth, 200);
             const auto entry = co_await probe.vault("GET", "sys/mounts/" + mount, {}, as);
             probe.expect_status(entry, 200);
             const auto policies = co_await probe.vault("LIST", "sys/policies/acl", {}, as);
             probe.expect_status(policies, 200);
             const auto tidy = co_await probe.vault("POST", mount + "/tidy", Json::object(), as);
             probe.expect_status(tidy, 202);
             const auto rotate = co_await probe.vault("GET", mount + "/crl/rotate", {}, as);
             probe.expect(rotate.status != 403, "{}: needs no sudo, got 403", rotate.asked);
             const auto urls = co_await probe.vault("GET", mount + "/config/urls", {}, as);
             probe.expect_status(urls, 200);
         }},

        {.name = "wrapping-bounds",
         .requirement = "A rule with min_wrapping_ttl and max_wrapping_ttl lets through only what "
                        "asks for an answer that is wrapped for a time between them.",
         .rows = {55},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto token = co_await probe.token_for(R"(path "auth/token/lookup-self" {
  capabilities = ["read"]
  min_wrapping_ttl = "1m"
  max_wrapping_ttl = "5m"
})");
             const std::string path = "auth/token/lookup-self";
             const auto bare = co_await probe.vault("GET", path, {}, As::bearer(token));
             probe.expect_wrapped_error(bare, 403, "permission denied");
             for (const auto& [ttl, allowed] :
                  {std::pair("59s", false), std::pair("60s", true), std::pair("301s", false)}) {
                 const auto answer = co_await probe.vault("GET", path, {}, As::bearer(token),
                                                          http::Headers{{"X-Vault-Wrap-TTL", ttl}});
                 if (allowed) {
                     probe.expect_status(answer, 200);
                 } else {
                     probe.expect_wrapped_error(answer, 403, "permission denied");
                 }
             }
         }},

        {.name = "values-with-slashes",
         .requirement = "A policy's path may name the caller's entity; on OpenBao a value with a "
                        "slash makes every request of the token 400, unless the policy allows "
                        "it.",
         .rows = {210},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             kubernetes_auth::Bench bench(probe);
             co_await bench.open();
             const std::string rule =
                 "path \"sys/{{identity.entity.metadata.part}}\" { capabilities = [\"read\"] }";
             const auto policy = co_await probe.policy("own", rule);
             co_await bench.role("app", Json{{"token_policies", policy}});
             const auto login = co_await bench.login();
             const auto token = kubernetes_auth::token_of(probe, login);
             const auto entity =
                 "identity/entity/id/" + login.json.value("/auth/entity_id"_json_pointer, "");
             const auto read = [&](const char* path) {
                 return probe.vault("GET", path, std::nullopt, As::bearer(token));
             };
             const Json plain{{"metadata", {{"part", "mounts"}}}};
             (void)co_await probe.set_up("POST", entity, plain);
             probe.expect_status(co_await read("sys/mounts"), 200);
             const Json slash{{"metadata", {{"part", "a/b"}}}};
             (void)co_await probe.set_up("POST", entity, slash);
             const auto barred = co_await read("auth/token/lookup-self");
             if (probe.openbao()) {
                 probe.expect_plain_error(barred, 400, "Forbidden");
             } else {
                 probe.expect_status(barred, 200);
             }
             Json wider{{"policy", rule}, {"allow_slashes_in_identity_templates", true}};
             (void)co_await probe.set_up("PUT", "sys/policies/acl/" + policy, std::move(wider));
             probe.expect_status(co_await read("auth/token/lookup-self"), 200);
         }},
    };
}

}  // namespace meshproof::conformance
