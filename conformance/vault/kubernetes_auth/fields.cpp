// What of a role's and a configuration's parameters is kept, told, and refused.
#include "conformance/vault/kubernetes_auth/steps.hpp"

namespace meshproof::conformance {
using namespace kubernetes_auth;

std::vector<Check> vault_kubernetes_auth_fields() {
    return {
        {.name = "names-of-roles",
         .requirement = "A role's name is letters, digits and underscores, with dots and hyphens "
                        "inside; with another there is no such path.",
         .rows = {20, 140},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             for (const std::string name : {"a@b", "x-", "a/b", "a%20b"}) {
                 const auto read =
                     co_await probe.vault("GET", fmt::format("auth/{}/role/{}", mount, name));
                 probe.expect_wrapped_error(read, 404, "unsupported path");
                 const auto written = co_await probe.vault(
                     "POST", fmt::format("auth/{}/role/{}", mount, name), bound_role());
                 probe.expect_wrapped_error(written, 404, "unsupported path");
             }
             const auto good = co_await probe.vault(
                 "POST", fmt::format("auth/{}/role/a.b-c_d", mount), bound_role());
             probe.expect_status(good, 204);
         }},

        {.name = "policies-as-written",
         .requirement = "token_policies are kept as they were written; by the old name they are "
                        "sorted and in lower case.",
         .rows = {140, 141},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto path = fmt::format("auth/{}/role/r", mount);
             Json fresh = bound_role(Json{{"token_policies", "Web,api"}});
             (void)co_await probe.set_up("POST", path, std::move(fresh));
             const auto read = co_await probe.vault("GET", path);
             probe.expect_equal(read.data().value("token_policies", Json()),
                                Json::array({"Web", "api"}), "token_policies");
             Json old = bound_role(Json{{"policies", "Web,api"}});
             (void)co_await probe.set_up("POST", path, std::move(old));
             const auto tidied = co_await probe.vault("GET", path);
             probe.expect_equal(tidied.data().value("token_policies", Json()),
                                Json::array({"api", "web"}), "token_policies of the old name");
         }},

        {.name = "blocks-of-addresses",
         .requirement = "bound_cidrs is an old name as well, and a whole address loses its mask.",
         .rows = {140, 141},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto path = fmt::format("auth/{}/role/r", mount);
             Json old = bound_role(Json{{"bound_cidrs", "10.1.2.3/8,127.0.0.1/32"}});
             (void)co_await probe.set_up("POST", path, std::move(old));
             const auto read = co_await probe.vault("GET", path);
             const Json blocks = Json::array({"10.1.2.3/8", "127.0.0.1"});
             probe.expect_equal(read.data().value("token_bound_cidrs", Json()), blocks,
                                "token_bound_cidrs");
             probe.expect_equal(read.data().value("bound_cidrs", Json()), blocks, "bound_cidrs");
             Json bad = bound_role(Json{{"token_bound_cidrs", "x"}});
             const auto refused = co_await probe.vault("POST", path, std::move(bad));
             probe.expect_plain_error(
                 refused, 400, R"(error parsing address "x": Unable to convert "x" to an IPv4)");
         }},

        {.name = "period-within-bounds",
         .requirement = "A period above the mount's maximum is 400.",
         .rows = {140},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             Json body = bound_role(Json{{"token_period", "9000h"}});
             const auto refused = co_await probe.vault("POST", fmt::format("auth/{}/role/r", mount),
                                                       std::move(body));
             probe.expect_plain_error(refused, 400,
                                      "token period of '\"9000h0m0s\"' is greater than the "
                                      "backend's maximum lease TTL of '\"768h0m0s\"'");
         }},

        {.name = "reads-warn-too",
         .requirement = "A read tells of parameters that it ignored.",
         .rows = {11},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto path = fmt::format("auth/{}/role/r", mount);
             (void)co_await probe.set_up("POST", path, bound_role());
             const auto read = co_await probe.vault("GET", path + "?foo=1");
             probe.expect_status(read, 200);
             probe.expect_warning(read, "Endpoint ignored these unrecognized parameters: [foo]");
         }},

        {.name = "path-wins",
         .requirement = "A parameter that the path gives is not read from the body, and a warning "
                        "says so where there is one anyway.",
         .rows = {11},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             Json body = bound_role(Json{{"name", "other"}, {"token_max_ttl", "9000h"}});
             const auto written = co_await probe.vault("POST", fmt::format("auth/{}/role/r", mount),
                                                       std::move(body));
             probe.expect_status(written, 200);
             probe.expect_warning(
                 written,
                 "Endpoint replaced the value of these parameters with the values captured "
                 "from the endpoint's path: [name]");
         }},

        {.name = "keys-by-content",
         .requirement = "A PEM block's label does not matter for pem_keys; what holds neither key "
                        "nor certificate is 400, before a missing CA is looked for.",
         .rows = {138},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto path = fmt::format("auth/{}/config", mount);
             const auto key = crypto::Key::generate(crypto::KeyType::p256);
             auto labelled = key.public_key().pem();
             for (auto at = labelled.find("PUBLIC KEY"); at != std::string::npos;
                  at = labelled.find("PUBLIC KEY")) {
                 labelled.replace(at, 10, "MESH");
             }
             Json body{{"kubernetes_host", "https://127.0.0.1:1"},
                       {"kubernetes_ca_cert", "none"},
                       {"pem_keys", labelled}};
             const auto accepted = co_await probe.vault("POST", path, body);
             probe.expect_status(accepted, 204);
             body["pem_keys"] = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
             const auto refused = co_await probe.vault("POST", path, body);
             probe.expect_plain_error(refused, 400, "x509: malformed certificate");
             body["pem_keys"] = "junk";
             body.erase("kubernetes_ca_cert");
             const auto first = co_await probe.vault("POST", path, std::move(body));
             probe.expect_plain_error(first, 400, "data does not contain any valid ");
         }},

        {.name = "claims-of-other-types",
         .requirement = "A registered claim of another type is 403 and one of the workload's 500, "
                        "both with Go's text, and nobody is asked.",
         .rows = {143, 147},
         .level = Level::may,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             auto claims = bench.claims();
             claims["jti"] = 5;
             const auto registered = co_await bench.login("app", bench.jwt(claims));
             probe.expect_plain_error(
                 registered, 403,
                 "json: cannot unmarshal number into Go struct field Claims.jti of type string");
             claims = bench.claims();
             claims["aud"] = Json::array({1});
             const auto audience = co_await bench.login("app", bench.jwt(claims));
             probe.expect_plain_error(audience, 403,
                                      "expected string or array value to unmarshal to "
                                      "Audience");
             claims = bench.claims();
             claims["kubernetes.io"]["namespace"] = 5;
             const auto bound_claim = co_await bench.login("app", bench.jwt(claims));
             probe.expect_plain_error(
                 bound_claim, 500,
                 "'kubernetes.io.namespace' expected type 'string', got unconvertible "
                 "type 'float64'");
             claims["kubernetes.io"] = "x";
             const auto no_object = co_await bench.login("app", bench.jwt(claims));
             probe.expect_plain_error(no_object, 500, "'kubernetes.io' expected a map");
             probe.expect(bench.api().reviews.empty(), "the API server was asked");
         }},
    };
}

}  // namespace meshproof::conformance
