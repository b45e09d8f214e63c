// The token in a request, and answers that are wrapped in one.
#include "conformance/check.hpp"

namespace meshproof::conformance {
namespace {

constexpr auto self = "auth/token/lookup-self";

Task<Reply> wrapped(Probe& probe, std::string path) {
    const http::Headers wrap{{"X-Vault-Wrap-TTL", "30s"}};
    co_return co_await probe.vault("GET", std::move(path), {}, As::admin(), wrap);
}

}  // namespace

std::vector<Check> vault_http_token() {
    return {
        {.name = "two-headers",
         .requirement = "The token is taken from X-Vault-Token, and from a bearer authorization "
                        "where that is absent.",
         .rows = {17},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto token = co_await probe.token(Json::object());
             const http::Headers bearer{{"Authorization", "Bearer " + token.reveal()}};
             const auto alone = co_await probe.vault("GET", self, {}, As::nobody(), bearer);
             probe.expect_status(alone, 200);
             const auto second =
                 co_await probe.vault("GET", self, {}, As::bearer(Secret("not-a-token")), bearer);
             probe.expect_plain_error(second, 403, "permission denied");
             const http::Headers bad{{"Authorization", "Bearer not-a-token"}};
             const auto first = co_await probe.vault("GET", self, {}, As::bearer(token), bad);
             probe.expect_status(first, 200);
         }},

        {.name = "bearer-as-it-is-written",
         .requirement = "The word Bearer is told from bearer.",
         .rows = {17},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto token = co_await probe.token(Json::object());
             const http::Headers lower{{"Authorization", "bearer " + token.reveal()}};
             const auto reply = co_await probe.vault("GET", self, {}, As::nobody(), lower);
             probe.expect_plain_error(reply, 403, "permission denied");
         }},

        {.name = "bad-token-where-none-is-needed",
         .requirement = "A bad token does no harm where none is needed.",
         .rows = {17},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             Json root{{"common_name", "root"}, {"key_type", "ec"}};
             (void)co_await probe.set_up("POST", mount + "/root/generate/internal",
                                         std::move(root));
             for (const auto* path : {"/ca/pem", "/crl", "/ca_chain"}) {
                 const auto reply = co_await probe.vault("GET", mount + path, {},
                                                         As::bearer(Secret("not-a-token")));
                 probe.expect(reply.status == 200, "{} with a bad token is answered {}", path,
                              reply.status);
             }
         }},

        {.name = "two-kinds-of-403",
         .requirement = "A missing, unknown or revoked token is 403 \"permission denied\" in plain "
                        "text, a good one without the capability the same text wrapped.",
         .rows = {18},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/policies/acl/" + probe.name("p");
             const auto gone = co_await probe.token(Json::object());
             Json body{{"token", gone.reveal()}};
             (void)co_await probe.set_up("POST", "auth/token/revoke", std::move(body));
             for (const auto& who :
                  {As::nobody(), As::bearer(Secret("not-a-token")), As::bearer(gone)}) {
                 const auto reply = co_await probe.vault("GET", path, {}, who);
                 probe.expect_plain_error(reply, 403, "permission denied");
             }
             const auto weak =
                 co_await probe.token_for("path \"other/*\" { capabilities = [\"read\"] }");
             const auto denied = co_await probe.vault("GET", path, {}, As::bearer(weak));
             probe.expect_wrapped_error(denied, 403, "permission denied");
         }},

        {.name = "expired",
         .requirement = "An expired token is refused as an unknown one.",
         .rows = {18},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             Json parameters{{"ttl", "2s"}};
             const auto token = co_await probe.token(std::move(parameters));
             co_await probe.wait(std::chrono::milliseconds(3100));
             const auto reply = co_await probe.vault("GET", self, {}, As::bearer(token));
             probe.expect_plain_error(reply, 403, "permission denied");
         }},

        {.name = "wrapped-answer",
         .requirement = "With X-Vault-Wrap-TTL an answer is 200 with only wrap_info in it.",
         .rows = {21},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await wrapped(probe, self);
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.json.value("data", Json("absent")), Json(), "data");
             probe.expect_equal(reply.json.value("auth", Json("absent")), Json(), "auth");
             probe.expect_equal(reply.json.value("request_id", Json()), "", "request_id");
             const auto info = reply.json.value("wrap_info", Json());
             probe.expect_keys(info, {"token", "accessor", "ttl", "creation_time", "creation_path"},
                               "wrap_info");
             probe.expect_equal(info.value("ttl", Json()), 30, "ttl");
             probe.expect_equal(info.value("creation_path", Json()), self, "creation_path");
         }},

        {.name = "unwraps-once",
         .requirement = "A wrapped answer is given once; then, and for unknown tokens, unwrap is "
                        "400.",
         .rows = {21},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await wrapped(probe, self);
             const auto info = reply.json.value("wrap_info", Json());
             if (!info.is_object()) {
                 probe.give_up("the answer was not wrapped");
             }
             Json body{{"token", info.value("token", "")}};
             const auto first = co_await probe.vault("POST", "sys/wrapping/unwrap", body);
             probe.expect_status(first, 200);
             probe.expect_equal(first.data().value("path", Json()).is_string(), true,
                                "data of the answer");
             const auto second = co_await probe.vault("POST", "sys/wrapping/unwrap", body);
             probe.expect_plain_error(second, 400, "wrapping token is not valid or does not exist");
             Json bogus{{"token", "not-a-token"}};
             const auto other =
                 co_await probe.vault("POST", "sys/wrapping/unwrap", std::move(bogus));
             probe.expect_plain_error(other, 400, "wrapping token is not valid or does not exist");
         }},

        {.name = "bad-token-for-the-ui",
         .requirement = "The mounts for the UI are none without a token, and 403 with a bad one.",
         .rows = {17},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const std::string path = "sys/internal/ui/mounts";
             const auto nobody = co_await probe.vault("GET", path, {}, As::nobody());
             probe.expect_status(nobody, 200);
             probe.expect_equal(nobody.data().value("secret", Json()), Json::object(), "secret");
             const auto bad = co_await probe.vault("GET", path, {}, As::bearer(Secret("s.nope")));
             probe.expect_plain_error(bad, 403, "permission denied");
         }},
    };
}

}  // namespace meshproof::conformance
