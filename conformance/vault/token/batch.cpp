// Batch tokens: not kept by the server, so not revocable.
#include "conformance/vault/token/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace token;

Task<Made> batch(Probe& probe, std::string ttl = "10m") {
    Json parameters{{"policies", "default"}, {"type", "batch"}, {"ttl", std::move(ttl)}};
    return make(probe, std::move(parameters));
}

}  // namespace

std::vector<Check> vault_token_batch() {
    return {
        {.name = "auth-block",
         .requirement = "A batch token has no accessor, is not renewable, and looks itself up as "
                        "type batch.",
         .rows = {180},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await batch(probe);
             probe.expect_equal(made.auth.value("token_type", Json()), "batch", "token_type");
             probe.expect_equal(made.auth.value("accessor", Json()), "", "accessor");
             probe.expect_equal(made.auth.value("renewable", Json()), false, "renewable");
             probe.expect_equal(made.auth.value("lease_duration", Json()), 600, "lease_duration");
             const auto self = co_await lookup_self(probe, made.token);
             probe.expect_status(self, 200);
             probe.expect_equal(self.data().value("type", Json()), "batch", "type in lookup-self");
             probe.expect_equal(self.data().value("accessor", Json()), "",
                                "accessor in lookup-self");
         }},

        {.name = "neither-renewed-nor-revoked",
         .requirement = "A batch token can be neither renewed nor revoked: 400.",
         .rows = {180},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await batch(probe);
             const auto renewed = co_await renew_self(probe, made.token);
             probe.expect_error(renewed, 400, "batch tokens cannot be renewed");
             const auto itself =
                 co_await probe.vault("POST", "auth/token/revoke-self", {}, As::bearer(made.token));
             probe.expect_error(itself, 400, "batch tokens cannot be revoked");
             Json body{{"token", made.token.reveal()}};
             const auto by_admin =
                 co_await probe.vault("POST", "auth/token/revoke", std::move(body));
             probe.expect_error(by_admin, 400, "batch tokens cannot be revoked");
             const auto still = co_await lookup_self(probe, made.token);
             probe.expect_status(still, 200);
         }},

        {.name = "no-cubbyhole",
         .requirement = "A batch token has no cubbyhole: 400.",
         .rows = {180},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await batch(probe);
             const Json body{{"a", "b"}};
             const auto written =
                 co_await probe.vault("PUT", "cubbyhole/x", body, As::bearer(made.token));
             probe.expect_status(written, 400);
         }},

        {.name = "tampered-or-expired",
         .requirement = "A tampered or expired batch token is 403 \"permission denied\".",
         .rows = {180, 18},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await batch(probe, "2s");
             auto text = made.token.reveal();
             const auto middle = text.size() / 2;
             text[middle] = text[middle] == 'A' ? 'B' : 'A';
             const auto tampered = co_await lookup_self(probe, Secret(text));
             probe.expect_plain_error(tampered, 403, "permission denied");
             co_await probe.wait(std::chrono::milliseconds(3100));
             const auto expired = co_await lookup_self(probe, made.token);
             probe.expect_plain_error(expired, 403, "permission denied");
         }},
    };
}

}  // namespace meshproof::conformance
