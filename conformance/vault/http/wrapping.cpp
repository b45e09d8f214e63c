// sys/wrapping: whose token counts, and the older way to unwrap.
#include <algorithm>

#include "conformance/check.hpp"
#include "conformance/steps.hpp"
#include "core/base/json_text.hpp"

namespace meshproof::conformance {
namespace {

constexpr std::string_view unknown_token = "wrapping token is not valid or does not exist";

}  // namespace

std::vector<Check> vault_http_wrapping() {
    return {
        {.name = "token-is-looked-at-first",
         .requirement = "The wrapping token that is named is looked at before the caller's own: "
                        "400 where it is none, 403 where it is empty.",
         .rows = {21},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const Json bogus{{"token", "nope"}};
             for (const std::string path : {"sys/wrapping/unwrap", "sys/wrapping/rewrap"}) {
                 const auto nobody = co_await probe.vault("POST", path, bogus, As::nobody());
                 probe.expect_plain_error(nobody, 400, unknown_token);
                 const auto bad =
                     co_await probe.vault("POST", path, bogus, As::bearer(Secret("s.nope")));
                 probe.expect_plain_error(bad, 400, unknown_token);
             }
             const auto none =
                 co_await probe.vault("POST", "sys/wrapping/unwrap", Json::object(), As::nobody());
             probe.expect_plain_error(none, 403, "error validating wrapping token: token is empty");
             const Json empty{{"token", ""}};
             const auto nothing = co_await probe.vault("POST", "sys/wrapping/unwrap", empty);
             probe.expect_plain_error(
                 nothing, 403, "error validating wrapping token: empty token in request body");
         }},

        {.name = "lookups-and-unwraps-too",
         .requirement = "What sys/wrapping/lookup and unwrap answer is wrapped where that is asked "
                        "for; so is not a list of nothing, which is 404 with a text of its own.",
         .rows = {21, 240},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto wrapped = [&](std::string method, std::string path, Json body) {
                 return probe.vault(std::move(method), std::move(path), std::move(body), {},
                                    http::Headers{{"X-Vault-Wrap-TTL", "60s"}});
             };
             const auto token_in = [](const Reply& reply) {
                 return reply.json.value("/wrap_info/token"_json_pointer, "");
             };
             const auto first =
                 co_await wrapped("POST", "sys/wrapping/wrap", Json{{"word", "mesh"}});
             for (const auto* path : {"sys/wrapping/lookup", "sys/wrapping/unwrap"}) {
                 const auto reply =
                     co_await wrapped("POST", path, Json{{"token", token_in(first)}});
                 probe.expect_equal(reply.json.value("/wrap_info/creation_path"_json_pointer, ""),
                                    path, "creation_path");
                 Json body{{"token", token_in(reply)}};
                 const auto inside =
                     co_await probe.vault("POST", "sys/wrapping/unwrap", std::move(body));
                 probe.expect_status(inside, 200);
             }
             const auto mount = co_await steps::empty_pki(probe);
             const auto nothing = co_await probe.vault("LIST", mount + "/roles", std::nullopt, {},
                                                       http::Headers{{"X-Vault-Wrap-TTL", "60s"}});
             probe.expect_plain_error(nothing, 404, "unsupported path");
         }},

        {.name = "accessor-is-listed",
         .requirement = "A wrapping token's accessor is in the list of accessors.",
         .rows = {21},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             http::Headers headers;
             headers.set("X-Vault-Wrap-TTL", "60s");
             const Json inside{{"word", "mesh"}};
             const auto wrapped =
                 co_await probe.vault("POST", "sys/wrapping/wrap", inside, {}, std::move(headers));
             const auto accessor = wrapped.json.value("/wrap_info/accessor"_json_pointer, "");
             const auto listed = co_await probe.vault("LIST", "auth/token/accessors");
             probe.expect_status(listed, 200);
             const auto keys = listed.data().value("keys", Json::array());
             probe.expect(std::ranges::find(keys, Json(accessor)) != keys.end(), "{} is not listed",
                          accessor);
         }},

        {.name = "cubbyhole-response",
         .requirement = "A wrapping token can read cubbyhole/response, which is the whole answer "
                        "as a text, and then is used up.",
         .rows = {21},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             http::Headers headers;
             headers.set("X-Vault-Wrap-TTL", "60s");
             const Json inside{{"word", "mesh"}};
             const auto wrapped =
                 co_await probe.vault("POST", "sys/wrapping/wrap", inside, {}, std::move(headers));
             probe.expect_status(wrapped, 200);
             const auto id = wrapped.json.value("/wrap_info/token"_json_pointer, "");
             const auto read = co_await probe.vault("GET", "cubbyhole/response", std::nullopt,
                                                    As::bearer(Secret(id)));
             probe.expect_status(read, 200);
             probe.expect_warning(read, "Reading from 'cubbyhole/response' is deprecated.");
             const auto whole = json_or_null(read.data().value("response", ""));
             probe.expect(whole.is_object(), "data.response is no JSON text");
             probe.expect_equal(whole.is_object() ? whole.value("data", Json()) : Json(), inside,
                                "data");
             const Json body{{"token", id}};
             const auto again = co_await probe.vault("POST", "sys/wrapping/unwrap", body);
             probe.expect_error(again, 400, unknown_token);
         }},
    };
}

}  // namespace meshproof::conformance
