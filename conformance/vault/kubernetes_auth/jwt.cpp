// The local stage of a login: what the JWT itself says, before the API server is asked.
#include "conformance/vault/kubernetes_auth/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kubernetes_auth;

}  // namespace

std::vector<Check> vault_kubernetes_auth_jwt() {
    return {
        {.name = "unreadable",
         .requirement = "A JWT that cannot be read is 403 \"permission denied\", and nobody is "
                        "asked.",
         .rows = {143},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             for (const auto* text : {"junk", "a.b", "a.b.c"}) {
                 const auto reply = co_await bench.login("app", text);
                 probe.expect_plain_error(reply, 403, "permission denied");
             }
             probe.expect(bench.api().reviews.empty(),
                          "an unreadable JWT is never sent to the API server");
         }},

        {.name = "signature-is-the-api-servers-business",
         .requirement = "Without pem_keys the signature is not checked locally: the API server "
                        "decides.",
         .rows = {143},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             auto forged = bench.jwt();
             forged[forged.size() - 5] = forged[forged.size() - 5] == 'A' ? 'B' : 'A';
             const auto reply = co_await bench.login("app", forged);
             probe.expect_status(reply, 200);
             probe.expect(bench.api().reviews.size() == 1, "one TokenReview decides, {} were made",
                          bench.api().reviews.size());
         }},

        {.name = "algorithms",
         .requirement = "RS and ES algorithms pass, EdDSA and PS are refused by name, HS256 and "
                        "none by name in Vault and plainly in OpenBao.",
         .rows = {143, 182},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             for (const auto* good : {"RS256", "ES384"}) {
                 const auto reply = co_await bench.login("app", bench.jwt_with(good));
                 probe.expect_status(reply, 200);
             }
             for (const auto* named : {"EdDSA", "PS256"}) {
                 const auto reply = co_await bench.login("app", bench.jwt_with(named));
                 probe.expect_plain_error(reply, 403, "token signed with unexpected algorithm");
             }
             for (const auto* other : {"HS256", "none"}) {
                 const auto reply = co_await bench.login("app", bench.jwt_with(other));
                 probe.expect_plain_error(
                     reply, 403,
                     probe.on("permission denied", "invalid algorithm (alg) header parameter"));
             }
         }},

        {.name = "pem-keys-check-it-first",
         .requirement = "With pem_keys a bad signature is 403 without a call, and a good one is "
                        "still reviewed.",
         .rows = {143, 182},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             Json keys{
                 {"pem_keys",
                  Json::array({crypto::Key::generate(crypto::KeyType::p256).public_key().pem(),
                               bench.public_key_pem()})}};
             (void)co_await bench.configure(std::move(keys));
             const auto good = co_await bench.login();
             probe.expect_status(good, 200);
             probe.expect(bench.api().reviews.size() == 1,
                          "a good signature is reviewed all the same");
             auto forged = bench.jwt();
             forged[forged.size() - 5] = forged[forged.size() - 5] == 'A' ? 'B' : 'A';
             const auto bad = co_await bench.login("app", forged);
             probe.expect_plain_error(bad, 403, "permission denied");
             const auto hmac = co_await bench.login("app", bench.jwt_with("HS256"));
             probe.expect_plain_error(hmac, 403, "permission denied");
             probe.expect(bench.api().reviews.size() == 1,
                          "a bad signature is never reviewed, {} reviews were made",
                          bench.api().reviews.size());
             bench.api().overrides = Json{{"authenticated", false}};
             const auto refused = co_await bench.login();
             probe.expect_plain_error(refused, 403, "permission denied");
         }},

        {.name = "blanks",
         .requirement = "A newline after the JWT is taken by both products, a blank before it only "
                        "by Vault.",
         .rows = {143},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             const auto after = co_await bench.login("app", bench.jwt() + "\n");
             probe.expect_status(after, 200);
             const auto before = co_await bench.login("app", " " + bench.jwt());
             probe.expect_status(before, probe.on(403, 200));
         }},

        {.name = "expired-beyond-a-minute",
         .requirement = "exp is refused by its name, but only beyond 60 seconds.",
         .rows = {144},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             auto claims = bench.claims();
             claims["iat"] = claims["nbf"] = bench.now() - 600;
             claims["exp"] = bench.now() - 30;
             const auto within = co_await bench.login("app", bench.jwt(claims));
             probe.expect_status(within, 200);
             claims["exp"] = bench.now() - 90;
             const auto beyond = co_await bench.login("app", bench.jwt(claims));
             probe.expect_plain_error(beyond, 403,
                                      "invalid expiration time (exp) claim: token is expired");
         }},

        {.name = "not-yet",
         .requirement = "nbf and iat more than 60 seconds ahead are refused by their names.",
         .rows = {144},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             auto claims = bench.claims();
             claims["nbf"] = bench.now() + 90;
             const auto early = co_await bench.login("app", bench.jwt(claims));
             probe.expect_plain_error(early, 403,
                                      "invalid not before (nbf) claim: token not yet valid");
             claims["nbf"] = bench.now() + 30;
             const auto leeway = co_await bench.login("app", bench.jwt(claims));
             probe.expect_status(leeway, 200);
             claims["nbf"] = bench.now();
             claims["iat"] = bench.now() + 90;
             const auto future = co_await bench.login("app", bench.jwt(claims));
             probe.expect_plain_error(future, 403,
                                      "invalid issued at (iat) claim: token issued in the future");
         }},

        {.name = "without-exp",
         .requirement = "Without exp a token ends 150 seconds after iat or nbf.",
         .rows = {144},
         .level = Level::may,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             auto claims = bench.claims();
             claims.erase("exp");
             claims["iat"] = claims["nbf"] = bench.now() - 120;
             const auto young = co_await bench.login("app", bench.jwt(claims));
             probe.expect_status(young, 200);
             claims["iat"] = claims["nbf"] = bench.now() - 240;
             const auto old = co_await bench.login("app", bench.jwt(claims));
             probe.expect_plain_error(old, 403, "token is expired");
         }},

        {.name = "audience-of-the-role",
         .requirement = "A role's audience must be among the token's.",
         .rows = {145},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("app", Json{{"audience", "other"}});
             const auto reply = co_await bench.login();
             probe.expect_plain_error(reply, 403,
                                      "invalid audience (aud) claim: audience claim does not match "
                                      "any expected audience");
             co_await bench.role("app", Json{{"audience", "vault"}});
             const auto good = co_await bench.login();
             probe.expect_status(good, 200);
         }},

        {.name = "issuer-only-on-demand",
         .requirement = "The issuer is checked only where disable_iss_validation is false.",
         .rows = {145},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open(Json{{"issuer", "https://somebody-else"}});
             co_await bench.role();
             const auto unchecked = co_await bench.login();
             probe.expect_status(unchecked, 200);
             const Json strict{{"issuer", "https://somebody-else"},
                               {"disable_iss_validation", false}};
             (void)co_await bench.configure(strict);
             const auto checked = co_await bench.login();
             probe.expect_plain_error(checked, 403, "invalid issuer (iss) claim");
         }},

        {.name = "bindings",
         .requirement = "A name or namespace outside the role's is refused by name; of two, "
                        "OpenBao names the account and Vault the namespace.",
         .rows = {146},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             const auto name =
                 co_await bench.login("app", bench.jwt(bench.claims({.name = "api"})));
             probe.expect_plain_error(name, 403, "service account name not authorized");
             const auto place =
                 co_await bench.login("app", bench.jwt(bench.claims({.namespace_name = "bank"})));
             probe.expect_plain_error(place, 403, "namespace not authorized");
             const auto both = co_await bench.login(
                 "app", bench.jwt(bench.claims({.name = "api", .namespace_name = "bank"})));
             probe.expect_plain_error(
                 both, 403,
                 probe.on("service account name not authorized", "namespace not authorized"));
             auto bare = bench.claims();
             bare.erase("kubernetes.io");
             const auto nothing = co_await bench.login("app", bench.jwt(bare));
             probe.expect_plain_error(
                 nothing, 403,
                 probe.on("service account name not authorized", "namespace not authorized"));
             probe.expect(bench.api().reviews.empty(),
                          "bindings are looked at before the API server");
         }},

        {.name = "globs",
         .requirement = "Bindings are globs.",
         .rows = {140, 146},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             const Json wide{{"bound_service_account_names", "we*"},
                             {"bound_service_account_namespaces", "sh*"}};
             co_await bench.role("app", wide);
             const auto reply = co_await bench.login();
             probe.expect_status(reply, 200);
             const auto other =
                 co_await bench.login("app", bench.jwt(bench.claims({.name = "api"})));
             probe.expect_plain_error(other, 403, "service account name not authorized");
         }},

        {.name = "odd-claims",
         .requirement = "aud as a string is 500; an empty uid is 403 in OpenBao and 500 in Vault.",
         .rows = {147, 6},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role();
             auto text = bench.claims();
             text["aud"] = "vault";
             const auto string = co_await bench.login("app", bench.jwt(text));
             probe.expect_error(string, 500, "source data must be an array or slice, got string");
             const auto no_uid = co_await bench.login("app", bench.jwt(bench.claims({.uid = ""})));
             if (probe.openbao()) {
                 probe.expect_plain_error(no_uid, 403, "permission denied");
             } else {
                 probe.expect_plain_error(no_uid, 500, "could not parse UID from claims");
             }
         }},
    };
}

}  // namespace meshproof::conformance
