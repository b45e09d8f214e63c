// Rate limits: how they are set, and how a request over them is refused.
#include "conformance/steps.hpp"
#include "conformance/vault/sys/steps.hpp"

namespace meshproof::conformance {
namespace {

using sys::active_node;

Task<std::string> limited(Probe& probe, std::string mount, Json more = Json::object()) {
    auto path = "sys/quotas/rate-limit/" + probe.name("limit");
    probe.at_end("DELETE", path);
    Json body{{"rate", 2}, {"path", mount + "/"}, {"interval", "30s"}};
    body.update(more);
    (void)co_await probe.set_up("POST", path, std::move(body));
    co_return path;
}

}  // namespace

std::vector<Check> vault_sys_quota() {
    return {
        {.name = "read-back",
         .requirement = "A rate limit is written with 204 and read back with its interval of one "
                        "second, on OpenBao with the key inheritable.",
         .rows = {44},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto path = "sys/quotas/rate-limit/" + probe.name("limit");
             probe.at_end("DELETE", path);
             Json body{{"rate", 100}, {"path", mount + "/"}};
             const auto written = co_await probe.vault("POST", path, std::move(body));
             probe.expect_status(written, 204);
             const auto reply = co_await probe.vault("GET", path);
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data().value("rate", Json()), 100, "rate");
             probe.expect_equal(reply.data().value("interval", Json()), 1, "interval");
             probe.expect_equal(reply.data().value("path", Json()), mount + "/", "path");
             probe.expect_equal(reply.data().contains("inheritable"), probe.openbao(),
                                "whether there is the key inheritable");
         }},

        {.name = "path-read-back",
         .requirement = "A limit's path is read back as the mount with its slash and what is below "
                        "it without one.",
         .rows = {211},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto limit = "sys/quotas/rate-limit/" + probe.name("limit");
             probe.at_end("DELETE", limit);
             const std::vector<std::pair<std::string, std::string>> paths{
                 {mount, mount + "/"},
                 {"/" + mount, mount + "/"},
                 {mount + "/sign/", mount + "/sign"},
                 {mount + "/sign/*", mount + "/sign/*"}};
             for (const auto& [given, wanted] : paths) {
                 const Json body{{"rate", 900}, {"path", given}};
                 probe.expect_status(co_await probe.vault("POST", limit, body), 204);
                 const auto told = co_await probe.vault("GET", limit);
                 probe.expect_equal(told.data().value("path", Json()), wanted, "path");
                 probe.expect_equal(told.data().value("inheritable", Json()),
                                    probe.on(Json(false), Json()), "inheritable");
             }
         }},

        {.name = "role",
         .requirement = "A limit may be of a role of an auth method, and of nothing else's; it "
                        "goes before the method's own.",
         .rows = {211},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto method = "auth/" + co_await probe.auth_mount();
             Json role{{"bound_service_account_names", "web"},
                       {"bound_service_account_namespaces", "shop"}};
             (void)co_await probe.set_up("POST", method + "/role/app", std::move(role));
             const auto limit = "sys/quotas/rate-limit/" + probe.name("limit");
             probe.at_end("DELETE", limit);
             const std::vector<std::pair<std::string, std::string>> refused{
                 {mount,
                  "is not a valid auth method and therefore unsuitable for use with "
                  "role-based quotas"},
                 {method + "/login", "Quotas cannot contain both a path suffix and a role"},
                 {"auth/token", "does not support use with role-based quotas"}};
             for (const auto& [path, text] : refused) {
                 const Json body{{"rate", 900}, {"path", path}, {"role", "app"}};
                 probe.expect_plain_error(co_await probe.vault("POST", limit, body), 400, text);
             }
             const Json body{{"rate", 1}, {"path", method}, {"role", "app"}, {"interval", "30s"}};
             (void)co_await probe.set_up("POST", limit, body);
             const auto told = co_await probe.vault("GET", limit);
             probe.expect_equal(told.data().value("role", Json()), "app", "role");
             const auto log_in = [&](const char* name) {
                 Json login{{"role", name}, {"jwt", "junk"}};
                 return probe.vault("POST", method + "/login", std::move(login), As::nobody());
             };
             (void)co_await log_in("app");
             probe.expect_status(co_await log_in("app"), 429);
             probe.expect_status(co_await log_in("another"), 400);
         }},

        {.name = "one-for-each-place",
         .requirement = "A second limit for the same path is 400, and names the first.",
         .rows = {211},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto first = probe.name("first");
             const std::string place = "sys/quotas/rate-limit/";
             probe.at_end("DELETE", place + first);
             probe.at_end("DELETE", place + probe.name("second"));
             const Json body{{"rate", 900}, {"path", mount}};
             (void)co_await probe.set_up("POST", place + first, body);
             const auto second = co_await probe.vault("POST", place + probe.name("second"), body);
             probe.expect_plain_error(
                 second, 400,
                 fmt::format("quota rule with similar properties exists under the name \"{}\"",
                             first));
         }},

        {.name = "goes-with-its-mount",
         .requirement = "A limit ends with the mount that it is for.",
         .rows = {211},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto limit = "sys/quotas/rate-limit/" + probe.name("limit");
             probe.at_end("DELETE", limit);
             const Json body{{"rate", 900}, {"path", mount + "/sign/*"}};
             (void)co_await probe.set_up("POST", limit, body);
             (void)co_await probe.set_up("DELETE", "sys/mounts/" + mount);
             probe.expect_status(co_await probe.vault("GET", limit), 404);
         }},

        {.name = "no-rate",
         .requirement = "A rate of 0 is 400.",
         .rows = {44},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto path = "sys/quotas/rate-limit/" + probe.name("limit");
             probe.at_end("DELETE", path);
             Json body{{"rate", 0}, {"path", mount + "/"}};
             const auto refused = co_await probe.vault("POST", path, std::move(body));
             probe.expect_plain_error(refused, 400, "'rate' is invalid");
         }},

        {.name = "no-mount",
         .requirement = "A limit for a mount that does not exist is 400.",
         .rows = {44},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/quotas/rate-limit/" + probe.name("limit");
             const auto place = probe.name("nobody") + "/";
             probe.at_end("DELETE", path);
             Json body{{"rate", 10}, {"path", place}};
             const auto refused = co_await probe.vault("POST", path, std::move(body));
             probe.expect_error(refused, 400, fmt::format("invalid mount path \"{}\"", place));
         }},

        {.name = "refused-over-the-rate",
         .requirement =
             "Over the rate a request, an unauthenticated read too, is 429 with its path "
             "in the text and by default without Retry-After.",
         .rows = {45},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             (void)co_await limited(probe, mount);
             int served = 0;
             Reply last;
             for (int i = 0; i < 8; ++i) {
                 last = co_await probe.vault("GET", mount + "/ca/pem", {}, As::nobody());
                 served += last.status == 200 ? 1 : 0;
             }
             probe.expect_plain_error(
                 last, 429,
                 fmt::format("request path \"{}/ca/pem\": rate limit quota exceeded", mount));
             probe.expect(served >= 1 && served < 8, "{} of 8 reads were served", served);
             probe.expect(!last.headers.find("Retry-After").has_value() ||
                              last.headers.find("X-Ratelimit-Limit").has_value(),
                          "Retry-After without the server's headers being turned on");
         }},

        {.name = "before-the-token",
         .requirement = "The limit is applied before anybody looks at the token.",
         .rows = {45},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             (void)co_await limited(probe, mount);
             Reply last;
             for (int i = 0; i < 8; ++i) {
                 last = co_await probe.vault("GET", mount + "/roles/r", {},
                                             As::bearer(Secret("not-a-token")));
             }
             probe.expect_plain_error(last, 429, "rate limit quota exceeded");
         }},

        // The setting is the whole server's, so this one needs a server that is there to be
        // disturbed.
        {.name = "told-in-headers",
         .requirement = "With the server's rate limit headers on, answers tell limit, rest and "
                        "reset, and refusals when to try again.",
         .rows = {45},
         .level = Level::may,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = probe.name("pki");
             const auto limit = "sys/quotas/rate-limit/" + probe.name("limit");
             const Json type{{"type", "pki"}, {"description", probe.mark().text()}};
             const Json rule{{"rate", 2}, {"path", path + "/"}, {"interval", "30s"}};
             const Json on{{"enable_rate_limit_response_headers", true}};
             const Json off{{"enable_rate_limit_response_headers", false}};
             const auto active = co_await active_node(probe);
             const auto mounted = co_await probe.node(active, "POST", "sys/mounts/" + path, type);
             probe.expect_status(mounted, 204);
             const auto set = co_await probe.node(active, "POST", "sys/quotas/config", on);
             probe.expect_status(set, 204);
             const auto written = co_await probe.node(active, "POST", limit, rule);
             probe.expect_status(written, 204);
             const auto first =
                 co_await probe.node(active, "LIST", path + "/issuers", {}, As::nobody());
             Reply last;
             for (int i = 0; i < 8; ++i) {
                 last = co_await probe.node(active, "LIST", path + "/issuers", {}, As::nobody());
             }
             (void)co_await probe.node(active, "DELETE", limit);
             (void)co_await probe.node(active, "POST", "sys/quotas/config", off);
             (void)co_await probe.node(active, "DELETE", "sys/mounts/" + path);
             for (const auto* name :
                  {"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"}) {
                 probe.expect(first.headers.find(name).has_value(), "a served answer lacks {}",
                              name);
                 probe.expect(last.headers.find(name).has_value(), "a refusal lacks {}", name);
             }
             probe.expect_status(last, 429);
             probe.expect(!first.headers.find("Retry-After").has_value(),
                          "a served answer has Retry-After");
             probe.expect(last.headers.find("Retry-After").has_value(),
                          "a refusal lacks Retry-After");
         }},

        {.name = "two-meanings-of-429",
         .requirement = "A 429 of a logical path means a quota: health of the same server is 200 "
                        "meanwhile.",
         .rows = {46, 22},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             (void)co_await limited(probe, mount);
             Reply last;
             for (int i = 0; i < 8 && last.status != 429; ++i) {
                 last = co_await probe.vault("GET", mount + "/ca/pem", {}, As::nobody());
             }
             probe.expect_status(last, 429);
             const auto health = co_await probe.vault("GET", "sys/health", {}, As::nobody());
             probe.expect_status(health, 200);
         }},
    };
}

}  // namespace meshproof::conformance
