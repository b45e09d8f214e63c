// Renewal and how long a token lives.
#include <algorithm>

#include "conformance/vault/token/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace token;

}  // namespace

std::vector<Check> vault_token_renew() {
    return {
        {.name = "whole-auth-block",
         .requirement = "renew-self answers 200 with the whole auth block and data null.",
         .rows = {62},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await make(probe, Json{{"policies", "default"}, {"ttl", "300s"}});
             const auto reply = co_await renew_self(probe, made.token);
             probe.expect_status(reply, 200);
             probe.expect(reply.json.contains("data") && reply.json["data"].is_null(),
                          "{}: data must be null", reply.asked);
             const auto auth = reply.json.value("auth", Json::object());
             for (const auto* key : {"client_token", "accessor", "policies", "token_policies",
                                     "metadata", "lease_duration", "renewable", "entity_id",
                                     "token_type", "orphan", "mfa_requirement", "num_uses"}) {
                 probe.expect(auth.contains(key), "{}: auth lacks {}", reply.asked, key);
             }
         }},

        {.name = "increment-may-shorten",
         .requirement = "An increment decides the new lease, also where that is shorter.",
         .rows = {63},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await make(probe, Json{{"policies", "default"}, {"ttl", "300s"}});
             const auto reply = co_await renew_self(probe, made.token, Json{{"increment", "60s"}});
             probe.expect_status(reply, 200);
             probe.expect(lease_of(reply) == 60, "{}: increment 60s gave {} s", reply.asked,
                          lease_of(reply));
             const auto self = co_await lookup_self(probe, made.token);
             const auto ttl = self.data().value("ttl", std::int64_t{-1});
             probe.expect(ttl > 50 && ttl <= 60, "ttl afterwards: expected about 60, got {}", ttl);
         }},

        {.name = "period-ignores-increment",
         .requirement = "A periodic token is renewed for its period, whatever the increment.",
         .rows = {63},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made =
                 co_await make(probe, Json{{"policies", "default"}, {"period", "300s"}});
             const auto reply = co_await renew_self(probe, made.token, Json{{"increment", "60s"}});
             probe.expect(lease_of(reply) == 300, "{}: a period of 300 s gave {} s", reply.asked,
                          lease_of(reply));
         }},

        {.name = "explicit-max-caps",
         .requirement = "A ttl above the explicit maximum is capped, and a warning says so.",
         .rows = {63},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             Json parameters{{"policies", "default"}, {"ttl", "1h"}, {"explicit_max_ttl", "30m"}};
             const auto made = co_await make(probe, std::move(parameters));
             probe.expect_equal(made.auth.value("lease_duration", Json()), 1800, "lease_duration");
             const bool warned = std::ranges::any_of(made.warnings, [](const std::string& text) {
                 return text.find("exceeded") != std::string::npos ||
                        text.find("capped") != std::string::npos ||
                        text.find("explicit max") != std::string::npos;
             });
             probe.expect(warned, "the capped ttl must come with a warning");
             const auto renewed = co_await renew_self(probe, made.token, Json{{"increment", "1h"}});
             probe.expect_status(renewed, 200);
             probe.expect(lease_of(renewed) > 1700 && lease_of(renewed) <= 1800,
                          "{}: capped at the explicit maximum, got {} s", renewed.asked,
                          lease_of(renewed));
             probe.expect_warning(renewed, "TTL value is capped accordingly");
         }},

        {.name = "shrinks-towards-the-cap",
         .requirement = "Near its maximum each renewal gives less, without an error, until the "
                        "token is gone and everything is 403.",
         .rows = {63, 18},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             Json parameters{{"policies", "default"}, {"ttl", "3s"}, {"explicit_max_ttl", "6s"}};
             const auto made = co_await make(probe, std::move(parameters));
             co_await probe.wait(std::chrono::milliseconds(2000));
             const auto first = co_await renew_self(probe, made.token);
             probe.expect_status(first, 200);
             co_await probe.wait(std::chrono::milliseconds(2500));
             const auto second = co_await renew_self(probe, made.token);
             probe.expect_status(second, 200);
             probe.expect(lease_of(second) < lease_of(first) && lease_of(second) >= 0,
                          "near its end a token gets less and less: {} s, then {} s",
                          lease_of(first), lease_of(second));
             co_await probe.wait(std::chrono::milliseconds(2500));
             const auto dead = co_await renew_self(probe, made.token);
             probe.expect_plain_error(dead, 403, "permission denied");
         }},

        {.name = "not-renewable",
         .requirement = "Renewing a token that is not renewable is 400 \"lease is not "
                        "renewable\".",
         .rows = {62},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made =
                 co_await make(probe, Json{{"policies", "default"}, {"renewable", false}});
             const auto reply = co_await renew_self(probe, made.token);
             probe.expect_plain_error(reply, 400, "lease is not renewable");
         }},

        {.name = "an-accessor-gives-no-token",
         .requirement = "Who renews a token by its accessor is not given the token; one that is "
                        "not renewable is 400 \"invalid request\" there.",
         .rows = {241},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await make(probe, Json{{"policies", "default"}, {"ttl", "300s"}});
             const auto renew = [&](const Json& auth) {
                 return probe.vault(
                     "POST", "auth/token/renew-accessor",
                     Json{{"accessor", auth.value("accessor", "")}, {"increment", "60s"}});
             };
             const auto reply = co_await renew(made.auth);
             probe.expect_status(reply, 200);
             const auto auth = reply.json.value("auth", Json::object());
             probe.expect_equal(auth.value("client_token", Json()), "", "client_token");
             probe.expect_equal(auth.value("accessor", Json()), made.auth.at("accessor"),
                                "accessor");
             probe.expect_equal(auth.value("lease_duration", Json()), 60, "lease_duration");
             const auto fixed =
                 co_await make(probe, Json{{"policies", "default"}, {"renewable", false}});
             probe.expect_wrapped_error(co_await renew(fixed.auth), 400, "invalid request");
         }},

        {.name = "expired-is-denied",
         .requirement = "An expired token is 403 \"permission denied\", for its own renewal too.",
         .rows = {62, 18},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await make(probe, Json{{"policies", "default"}, {"ttl", "2s"}});
             co_await probe.wait(std::chrono::milliseconds(3000));
             const auto renewed = co_await renew_self(probe, made.token);
             probe.expect_plain_error(renewed, 403, "permission denied");
             const auto looked_up = co_await lookup_self(probe, made.token);
             probe.expect_plain_error(looked_up, 403, "permission denied");
         }},
    };
}

}  // namespace meshproof::conformance
