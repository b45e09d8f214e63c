// Path-help, and the description of the whole API: what a server says that paths take.
#include "conformance/check.hpp"

namespace meshproof::conformance {

std::vector<Check> vault_http_help() {
    return {
        {.name = "of-a-path",
         .requirement = "With help=1 a path tells its route and parameters, without an envelope, "
                        "and of a mount alone its paths.",
         .rows = {221},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto path = co_await probe.vault("GET", mount + "/sign/app?help=1");
             probe.expect_status(path, 200);
             probe.expect_keys(path.json, {"help", "openapi", "see_also"}, "the answer");
             const auto help = path.json.value("help", "");
             probe.expect(help.starts_with("Request:        sign/app\nMatching Route: ^sign/"),
                          "help does not begin with the request and its route");
             probe.expect(help.find("\n    csr (string)\n") != std::string::npos,
                          "help lacks the parameter csr");
             const auto whole = co_await probe.vault("GET", mount + "?help=1");
             probe.expect_status(whole, 200);
             probe.expect(whole.json.value("help", "").find("## PATHS") != std::string::npos,
                          "a mount's help lacks its paths");
             const auto unknown = co_await probe.vault("GET", mount + "/nonsense?help=1");
             probe.expect_wrapped_error(unknown, 404, "unsupported path");
         }},

        {.name = "for-any-token",
         .requirement = "Help is for every token, whatever its policies, and for nobody without "
                        "one.",
         .rows = {221},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto token = co_await probe.token(Json{{"policies", Json::array({"default"})}});
             for (const auto& path : {mount + "/sign/app", std::string("sys/audit")}) {
                 const auto told =
                     co_await probe.vault("GET", path + "?help=1", std::nullopt, As::bearer(token));
                 probe.expect_status(told, 200);
                 const auto refused =
                     co_await probe.vault("GET", path + "?help=1", std::nullopt, As::nobody());
                 probe.expect_plain_error(refused, 403, "permission denied");
             }
         }},

        {.name = "describes-the-api",
         .requirement = "sys/internal/specs/openapi is an OpenAPI document of the paths of the "
                        "mounts that the token's policies touch.",
         .rows = {254},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto policy = co_await probe.policy(
                 "one-mount", "path \"" + mount + "/roles/*\" { capabilities = [\"read\"] }");
             // Of all mounts it would be some hundred kilobytes.
             const auto token = co_await probe.token(
                 Json{{"policies", Json::array({policy})}, {"no_default_policy", true}});
             const auto told = co_await probe.vault("GET", "sys/internal/specs/openapi",
                                                    std::nullopt, As::bearer(token));
             probe.expect_status(told, 200);
             probe.expect_equal(told.json.value("openapi", ""), "3.0.2", "openapi");
             const auto paths = told.json.value("paths", Json::object());
             bool others = false;
             for (const auto& [path, item] : paths.items()) {
                 others = others || !path.starts_with("/" + mount + "/");
             }
             probe.expect(!others, "it has paths of another mount");
             const auto role = paths.value("/" + mount + "/roles/{name}", Json::object());
             for (const auto* method : {"get", "post", "delete"}) {
                 probe.expect(role.contains(method), "a role has no {}", method);
             }
             const auto pem = paths.value("/" + mount + "/ca/pem", Json::object());
             probe.expect_equal(pem.value("x-vault-unauthenticated", Json()), true,
                                "x-vault-unauthenticated of ca/pem");
             const auto bad =
                 co_await probe.vault("GET", "sys/internal/specs/openapi", std::nullopt,
                                      As::bearer(Secret("s.nobody-has-this-token")));
             probe.expect_plain_error(bad, 403, "permission denied");
             const auto nobody = co_await probe.vault("GET", "sys/internal/specs/openapi",
                                                      std::nullopt, As::nobody());
             probe.expect_status(nobody, 200);
         }},
    };
}

}  // namespace meshproof::conformance
