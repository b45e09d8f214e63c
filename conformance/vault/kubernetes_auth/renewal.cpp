// Renewal of a login's token: the largest difference of the two products.
#include "conformance/vault/kubernetes_auth/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kubernetes_auth;

Task<Reply> renew(Probe& probe, Secret token) {
    return probe.vault("POST", "auth/token/renew-self", Json::object(),
                       As::bearer(std::move(token)));
}

}  // namespace

std::vector<Check> vault_kubernetes_auth_renewal() {
    return {
        {.name = "reviewed-again",
         .requirement = "Each renewal makes one TokenReview on OpenBao, and none on Vault.",
         .rows = {156},
         .level = Level::may,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("app", Json{{"token_ttl", "10m"}});
             const auto token = token_of(probe, co_await bench.login());
             const auto before = bench.api().reviews.size();
             const auto renewed = co_await renew(probe, token);
             probe.expect_status(renewed, 200);
             const auto more = bench.api().reviews.size() - before;
             probe.expect(more == probe.on(1U, 0U), "a renewal made {} TokenReviews", more);
         }},

        {.name = "refused-by-the-api-server",
         .requirement = "OpenBao refuses a renewal whose review fails with 403 in the wrapped "
                        "form, and the token lives on; Vault renews.",
         .rows = {156},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("app", Json{{"token_ttl", "10m"}});
             const auto token = token_of(probe, co_await bench.login());
             bench.api().overrides = Json{{"authenticated", false}};
             const auto renewed = co_await renew(probe, token);
             if (probe.openbao()) {
                 probe.expect_wrapped_error(
                     renewed, 403,
                     "failed to renew entry: failed to validate token and secret "
                     "still exist for \"web\" during renewal: permission denied");
             } else {
                 probe.expect_status(renewed, 200);
             }
             // The token itself stays good, and a later renewal can succeed.
             const auto self =
                 co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(token));
             probe.expect_status(self, 200);
             bench.api().overrides = Json::object();
             const auto later = co_await renew(probe, token);
             probe.expect_status(later, 200);
         }},

        {.name = "bindings-are-checked-again",
         .requirement = "OpenBao looks at the role's bindings again when it renews; Vault does "
                        "not.",
         .rows = {156},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("app", Json{{"token_ttl", "10m"}});
             const auto token = token_of(probe, co_await bench.login());
             co_await bench.role("app", Json{{"bound_service_account_names", "somebody-else"}});
             const auto renewed = co_await renew(probe, token);
             if (probe.openbao()) {
                 probe.expect_wrapped_error(
                     renewed, 403, "failed to renew entry: service account name not authorized");
             } else {
                 probe.expect_status(renewed, 200);
             }
         }},

        {.name = "the-jwt-ends",
         .requirement = "On OpenBao a login cannot be renewed once its JWT has expired; on Vault "
                        "it can.",
         .rows = {156, 144},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("app", Json{{"token_ttl", "10m"}});
             auto claims = bench.claims();
             claims["iat"] = claims["nbf"] = bench.now() - 600;
             claims["exp"] = bench.now() - 58;  // good for two more seconds of leeway
             const auto token = token_of(probe, co_await bench.login("app", bench.jwt(claims)));
             co_await probe.wait(std::chrono::seconds(4));
             const auto renewed = co_await renew(probe, token);
             if (probe.openbao()) {
                 probe.expect_wrapped_error(renewed, 403,
                                            "failed to renew entry: invalid expiration time (exp) "
                                            "claim: token is expired");
             } else {
                 probe.expect_status(renewed, 200);
             }
         }},

        {.name = "role-as-it-is-now",
         .requirement = "A renewal follows the role as it is now; without the role it is 500 in "
                        "the wrapped form.",
         .rows = {156, 5},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             co_await bench.role("app", Json{{"token_ttl", "10m"}});
             const auto token = token_of(probe, co_await bench.login());
             co_await bench.role("app", Json{{"token_ttl", "5m"}});
             const auto renewed = co_await renew(probe, token);
             probe.expect_status(renewed, 200);
             probe.expect_equal(
                 renewed.json.value("auth", Json::object()).value("lease_duration", Json()), 300,
                 "lease_duration: the role's current ttl");
             (void)co_await probe.set_up("DELETE", fmt::format("auth/{}/role/app", bench.mount()));
             const auto gone = co_await renew(probe, token);
             probe.expect_wrapped_error(
                 gone, 500, "failed to renew entry: role app does not exist during renewal");
         }},
    };
}

}  // namespace meshproof::conformance
