// What the token of an inline login can do: it is kept nowhere.
#include "conformance/steps.hpp"
#include "conformance/vault/kubernetes_auth/steps.hpp"
#include "conformance/vault/token/steps.hpp"

namespace meshproof::conformance {
namespace {

using kubernetes_auth::Bench;

// An auth method whose roles may do whatever their name does not limit.
Task<void> open(Bench& bench, Probe& probe, Json role) {
    co_await bench.open();
    const auto policy =
        co_await probe.policy("all",
                              "path \"*\" { capabilities = [\"create\", \"read\", \"update\", "
                              "\"delete\", \"list\"] }");
    role["token_policies"] = policy;
    co_await bench.role("app", std::move(role));
}

Task<Reply> ask(Probe& probe, const Bench& bench, std::string method, std::string path,
                Json body = Json::object()) {
    const bool writes = method == "POST";
    return probe.vault(std::move(method), std::move(path),
                       writes ? std::optional(std::move(body)) : std::nullopt, As::nobody(),
                       bench.inline_login());
}

}  // namespace

std::vector<Check> vault_token_inline() {
    return {
        {.name = "unknown-to-the-token-store",
         .requirement = "The token of an inline login cannot be looked up, renewed, nor have "
                        "children, and its cubbyhole ends with the request.",
         .rows = {194},
         .level = Level::should,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await open(bench, probe, Json::object());
             const auto self = co_await ask(probe, bench, "GET", "auth/token/lookup-self");
             probe.expect_plain_error(self, 403, "bad token");
             const auto lookup = co_await ask(probe, bench, "POST", "auth/token/lookup");
             probe.expect_plain_error(lookup, 403, "bad token");
             const auto renewed = co_await ask(probe, bench, "POST", "auth/token/renew-self");
             probe.expect_plain_error(renewed, 400, "token not found");
             const auto revoked = co_await ask(probe, bench, "POST", "auth/token/revoke-self");
             probe.expect_status(revoked, 204);
             const auto child = co_await ask(probe, bench, "POST", "auth/token/create");
             probe.expect_plain_error(child, 400, "parent token lookup failed: no parent found");
             const Json paths{{"paths", Json::array({"cubbyhole/x"})}};
             const auto able = co_await ask(probe, bench, "POST", "sys/capabilities-self", paths);
             probe.expect_wrapped_error(able, 400, "invalid token");
             const auto rules = co_await ask(probe, bench, "GET", "sys/internal/ui/resultant-acl");
             probe.expect_wrapped_error(rules, 403, "permission denied");
             const Json held{{"word", "mesh"}};
             const auto put = co_await ask(probe, bench, "POST", "cubbyhole/x", held);
             probe.expect_status(put, 204);
             const auto later = co_await ask(probe, bench, "GET", "cubbyhole/x");
             probe.expect_no_text(later, 404);
         }},

        {.name = "policies-hold",
         .requirement = "The policies of an inline login's role decide what its request may do.",
         .rows = {191, 18},
         .level = Level::must,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             Bench bench(probe);
             co_await open(bench, probe, Json::object());
             const auto allowed = co_await ask(probe, bench, "GET", mount + "/roles/app");
             probe.expect_status(allowed, 200);
             co_await bench.role("app", Json{{"token_policies", "default"}});
             const auto denied = co_await ask(probe, bench, "GET", mount + "/roles/app");
             probe.expect_wrapped_error(denied, 403, "permission denied");
         }},

        {.name = "no-leases",
         .requirement = "A request with an inline login that would have a lease is 500; the leaf "
                        "was signed, and is revoked.",
         .rows = {194},
         .level = Level::must,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Json role{{"generate_lease", true}};
             const auto mount = co_await steps::issuing_mount(probe, std::move(role));
             Bench bench(probe);
             co_await open(bench, probe, Json::object());
             Json body{{"csr", steps::workload_csr()}};
             const auto refused =
                 co_await ask(probe, bench, "POST", mount + "/sign/app", std::move(body));
             probe.expect_plain_error(refused, 500,
                                      "requests with inline authentication cannot generate leases");
             const auto leases =
                 co_await probe.vault("LIST", "sys/leases/lookup/" + mount + "/sign/app");
             probe.expect_no_text(leases, 404);
             const auto revoked = co_await probe.vault("LIST", mount + "/certs/revoked");
             probe.expect_status(revoked, 200);
             const auto keys = revoked.data().value("keys", Json::array());
             probe.expect(keys.size() == 1,
                          "{} leaves are revoked, expected the one that was "
                          "signed",
                          keys.size());
         }},

        {.name = "limited-uses",
         .requirement = "The token of an inline login cannot be one of limited use: 500, allowed "
                        "or not, except where the request needs no token.",
         .rows = {194},
         .level = Level::should,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             Bench bench(probe);
             co_await open(bench, probe, Json{{"token_num_uses", 3}});
             const auto used = co_await ask(probe, bench, "GET", mount + "/roles/app");
             probe.expect_wrapped_error(used, 500, "internal error");
             co_await bench.role("app", Json{{"token_policies", "default"}, {"token_num_uses", 3}});
             const auto denied = co_await ask(probe, bench, "GET", mount + "/roles/app");
             probe.expect_wrapped_error(denied, 500, "internal error");
             const auto open_path = co_await ask(probe, bench, "GET", mount + "/ca/pem");
             probe.expect_status(open_path, 200);
         }},

        {.name = "batch-is-known",
         .requirement = "An inline login of a batch role has a token that looks itself up and can "
                        "be used again.",
         .rows = {194},
         .level = Level::may,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await open(bench, probe, Json{{"token_type", "batch"}});
             const auto self = co_await ask(probe, bench, "GET", "auth/token/lookup-self");
             probe.expect_status(self, 200);
             probe.expect_equal(self.data().value("type", Json()), "batch", "type");
             const auto child = co_await ask(probe, bench, "POST", "auth/token/create");
             probe.expect_plain_error(child, 400, "batch tokens cannot create more tokens");
             const auto again =
                 co_await token::lookup_self(probe, Secret(self.data().value("id", "")));
             probe.expect_status(again, 200);
         }},

        {.name = "wrapped-answer",
         .requirement = "The answer to a request with an inline login can be wrapped, and the "
                        "login's refusal is not.",
         .rows = {194, 21},
         .level = Level::may,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             Bench bench(probe);
             co_await open(bench, probe, Json::object());
             auto headers = bench.inline_login();
             headers.set("X-Vault-Wrap-TTL", "60s");
             const auto wrapped =
                 co_await probe.vault("GET", mount + "/roles/app", {}, As::nobody(), headers);
             probe.expect_status(wrapped, 200);
             Json body{{"token", wrapped.json.value("/wrap_info/token"_json_pointer, "")}};
             const auto inside =
                 co_await probe.vault("POST", "sys/wrapping/unwrap", std::move(body));
             probe.expect_status(inside, 200);
             probe.expect_equal(inside.data().value("key_type", Json()), "ec", "key_type");
             auto bad = bench.inline_login("nobody");
             bad.set("X-Vault-Wrap-TTL", "60s");
             const auto refused =
                 co_await probe.vault("GET", mount + "/roles/app", {}, As::nobody(), bad);
             probe.expect_plain_error(refused, 400, R"(invalid role name "nobody")");
         }},
    };
}

}  // namespace meshproof::conformance
