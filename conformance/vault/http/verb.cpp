// Lists, paths and verbs: what is told apart before any endpoint sees the request.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

Task<std::string> with_roles(Probe& probe) {
    const auto mount = co_await probe.mount();
    for (const auto* role : {"a", "b", "c"}) {
        (void)co_await probe.set_up("POST", mount + "/roles/" + role, Json::object());
    }
    co_return mount;
}

}  // namespace

std::vector<Check> vault_http_verb() {
    return {
        {.name = "list-by-verb-and-query",
         .requirement = "LIST and GET with list=true, in any spelling of true, list the same keys.",
         .rows = {14},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await with_roles(probe);
             const auto expected = Json::array({"a", "b", "c"});
             const auto verb = co_await probe.vault("LIST", mount + "/roles");
             probe.expect_status(verb, 200);
             probe.expect_equal(verb.data().value("keys", Json()), expected, "keys by LIST");
             for (const auto* value : {"true", "1", "t", "TRUE"}) {
                 const auto query = co_await probe.vault("GET", mount + "/roles?list=" + value);
                 probe.expect(query.status == 200, "list={} is answered {}", value, query.status);
                 probe.expect_equal(query.data().value("keys", Json()), expected,
                                    fmt::format("keys by list={}", value));
             }
             const auto slash = co_await probe.vault("LIST", mount + "/roles/");
             probe.expect_equal(slash.data().value("keys", Json()), expected, "keys with a slash");
         }},

        {.name = "junk-for-list",
         .requirement = "A value of list that is no boolean is 400 without a text, before the path "
                        "is looked at.",
         .rows = {14},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto junk = co_await probe.vault("GET", mount + "/roles?list=xyz");
             probe.expect_no_text(junk, 400);
             const auto status = co_await probe.vault("GET", "sys/seal-status?list=xyz");
             probe.expect_no_text(status, 400);
             const auto unclean = co_await probe.vault("GET", mount + "//roles?list=xyz");
             probe.expect_no_text(unclean, 400);
         }},

        {.name = "empty-list-is-404",
         .requirement = "An empty list is 404 without a text.",
         .rows = {14, 4},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto empty = co_await probe.vault("LIST", mount + "/roles");
             probe.expect_no_text(empty, 404);
         }},

        {.name = "read-of-a-list-path",
         .requirement = "A plain read of a path that can only be listed is 405.",
         .rows = {14},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await with_roles(probe);
             const auto plain = co_await probe.vault("GET", mount + "/roles");
             probe.expect_wrapped_error(plain, 405, "unsupported operation");
             const auto no = co_await probe.vault("GET", mount + "/roles?list=false");
             probe.expect_status(no, 405);
         }},

        {.name = "pages",
         .requirement =
             "OpenBao lists in pages by limit and after; Vault ignores both and says so.",
         .rows = {14},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await with_roles(probe);
             const auto first = co_await probe.vault("LIST", mount + "/roles?limit=2");
             probe.expect_status(first, 200);
             const auto next = co_await probe.vault("LIST", mount + "/roles?after=b&limit=2");
             probe.expect_status(next, 200);
             const auto all = Json::array({"a", "b", "c"});
             probe.expect_equal(first.data().value("keys", Json()),
                                probe.on(Json::array({"a", "b"}), all), "the first two keys");
             probe.expect_equal(next.data().value("keys", Json()),
                                probe.on(Json::array({"c"}), all), "the keys after b");
             if (!probe.openbao()) {
                 probe.expect_warning(first,
                                      "Endpoint ignored these unrecognized parameters: [limit]");
             }
         }},

        {.name = "list-of-nothing-with-a-warning",
         .requirement = "A list of nothing is 404, but 200 with empty data where the answer warns "
                        "of a parameter.",
         .rows = {11, 14, 240},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             for (const auto* path : {"/roles", "/issuers", "/keys", "/certs"}) {
                 probe.expect_no_text(co_await probe.vault("LIST", mount + path), 404);
                 const auto warned = co_await probe.vault("LIST", mount + path + "?other=1");
                 probe.expect_status(warned, 200);
                 probe.expect_equal(warned.data(), Json::object(), "data");
                 probe.expect_warning(warned, "unrecognized parameters: [other]");
             }
         }},

        {.name = "scan",
         .requirement = "SCAN where nothing can be scanned is refused as any other operation on "
                        "OpenBao, and an unknown verb on Vault.",
         .rows = {14},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await with_roles(probe);
             const auto reply = co_await probe.vault("SCAN", mount + "/roles");
             if (probe.openbao()) {
                 probe.expect_wrapped_error(reply, 405, "unsupported operation");
             } else {
                 probe.expect_no_text(reply, 405);
             }
             const auto nowhere = co_await probe.vault("SCAN", mount + "/nowhere");
             if (probe.openbao()) {
                 probe.expect_wrapped_error(nowhere, 404, "unsupported path");
             } else {
                 probe.expect_no_text(nowhere, 405);
             }
         }},

        {.name = "no-write-to-a-folder",
         .requirement =
             "A write to a path that ends in a slash is 400, before anybody looks at the "
             "token.",
         .rows = {15},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = probe.name("nowhere") + "/";
             for (const auto& who :
                  {As::admin(), As::nobody(), As::bearer(Secret("not-a-token"))}) {
                 const auto refused = co_await probe.vault("PUT", path, Json::object(), who);
                 probe.expect_plain_error(refused, 400, "cannot write to a path ending in '/'");
             }
         }},

        {.name = "unclean-paths-are-redirected",
         .requirement = "A path with // or .. is redirected to its clean form, by 307 on OpenBao "
                        "and 301 on Vault.",
         .rows = {16},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto moved = probe.on(307, 301);
             for (const auto& [asked, clean] :
                  {std::pair{"/v1//sys/health", "/v1/sys/health"},
                   std::pair{"/v1/sys/../sys/health", "/v1/sys/health"},
                   std::pair{"/v1/sys//seal-status?a=b", "/v1/sys/seal-status?a=b"}}) {
                 const auto reply = co_await probe.vault("GET", asked);
                 probe.expect_status(reply, moved);
                 const auto location = reply.headers.find("Location").value_or("");
                 probe.expect(location.ends_with(clean), "{} is sent to {}", asked, location);
             }
             const auto write = co_await probe.vault("PUT", "/v1//sys/unseal", Json::object());
             probe.expect_status(write, moved);
         }},

        {.name = "escaped-slash",
         .requirement = "%2F in a path is a slash.",
         .rows = {16},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.vault("GET", "/v1/auth%2Ftoken%2Flookup-self");
             probe.expect_status(reply, 200);
         }},

        {.name = "outside-of-v1",
         .requirement = "A path that is not below /v1/ is 404 without a text.",
         .rows = {16},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto* path : {"/v2/sys/health", "/nowhere", "/v1", "/sys/health"}) {
                 const auto reply = co_await probe.vault("GET", path);
                 probe.expect(reply.status == 404, "{} is answered {}", path, reply.status);
                 probe.expect_no_text(reply, 404);
             }
         }},

        {.name = "unknown-verb",
         .requirement = "An unknown verb is 405 without a text.",
         .rows = {16},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto* path : {"sys/mounts", "no/such/path"}) {
                 const auto reply = co_await probe.vault("BREW", path);
                 probe.expect_no_text(reply, 405);
             }
         }},

        {.name = "head",
         .requirement = "HEAD on a logical path is 405 without a body, and 404 where there is no "
                        "mount.",
         .rows = {16},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.vault("HEAD", "auth/token/lookup-self");
             probe.expect_status(reply, 405);
             probe.expect_equal(reply.body, "", "body");
             const auto nowhere = co_await probe.vault("HEAD", probe.name("nowhere") + "/x");
             probe.expect_status(nowhere, 404);
             probe.expect_equal(nowhere.body, "", "body");
         }},

        {.name = "options",
         .requirement = "OPTIONS is 405 on Vault and 400 on OpenBao.",
         .rows = {16},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.vault("OPTIONS", "auth/token/lookup-self");
             if (probe.openbao()) {
                 probe.expect_plain_error(reply, 400,
                                          "cannot handle internal-only request operation");
             } else {
                 probe.expect_wrapped_error(reply, 405, "unsupported operation");
             }
         }},

        {.name = "authorised-before-routed",
         .requirement = "Who may not ask for a path learns 403 whether or not it exists; who may "
                        "learns 404 \"no handler for route\".",
         .rows = {19},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto nowhere = probe.name("nowhere") + "/x";
             const auto nobody = co_await probe.vault("GET", nowhere, {}, As::nobody());
             probe.expect_plain_error(nobody, 403, "permission denied");
             const auto weak =
                 co_await probe.token_for("path \"other/*\" { capabilities = [\"read\"] }");
             const auto denied = co_await probe.vault("GET", nowhere, {}, As::bearer(weak));
             probe.expect_wrapped_error(denied, 403, "permission denied");
             const auto admin = co_await probe.vault("GET", nowhere);
             probe.expect_plain_error(
                 admin, 404,
                 fmt::format("no handler for route \"{}\". route entry not found.", nowhere));
         }},

        {.name = "unknown-below-a-mount",
         .requirement =
             "Below a mount an unknown path is 404 \"unsupported path\" and a wrong verb "
             "405 \"unsupported operation\", wrapped where a token is needed.",
         .rows = {20, 5},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto path = co_await probe.vault("GET", mount + "/nowhere");
             probe.expect_wrapped_error(path, 404, "unsupported path");
             const auto verb = co_await probe.vault("DELETE", mount + "/roles");
             probe.expect_wrapped_error(verb, 405, "unsupported operation");
             const auto open = co_await probe.vault("POST", mount + "/ca/pem", {}, As::nobody());
             probe.expect_plain_error(open, 405, "unsupported operation");
         }},

        {.name = "head-needs-root",
         .requirement = "No capability stands for HEAD: a policy's token is denied it even where "
                        "it may read.",
         .rows = {16},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto token =
                 co_await probe.token_for("path \"cubbyhole/*\" { capabilities = [\"read\"] }");
             const auto denied =
                 co_await probe.vault("HEAD", "cubbyhole/a", std::nullopt, As::bearer(token));
             probe.expect_status(denied, 403);
             const auto read =
                 co_await probe.vault("GET", "cubbyhole/a", std::nullopt, As::bearer(token));
             probe.expect_no_text(read, 404);
         }},

        {.name = "body-before-folder",
         .requirement = "A body that cannot be read is refused before a path that ends in a slash.",
         .rows = {9, 15},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto broken = co_await probe.vault_raw("POST", "cubbyhole/a/", "{");
             probe.expect_plain_error(
                 broken, 400,
                 probe.openbao() ? "failed to decode JSON input: " : "error parsing JSON");
             const auto folder = co_await probe.vault_raw("POST", "cubbyhole/a/", "{}");
             probe.expect_plain_error(folder, 400, "cannot write to a path ending in '/'");
         }},

        {.name = "unprintable-paths",
         .requirement = "A path with control characters is 400 without a body.",
         .rows = {16},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const std::string path : {"/v1/cubbyhole/a%00b", "/v1/cubbyhole/a%0Ab"}) {
                 const auto refused = co_await probe.vault("GET", path);
                 probe.expect_status(refused, 400);
                 probe.expect(refused.json.is_null() || refused.json.empty(), "{} is told: {}",
                              path, refused.json.dump());
             }
         }},

        {.name = "hidden-relative-paths",
         .requirement = "OpenBao refuses a path whose dots are escaped, and redirects where they "
                        "are not.",
         .rows = {16},
         .level = Level::may,
         .features = {Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             const auto hidden = co_await probe.vault("GET", "/v1/cubbyhole/%2e%2e/x");
             probe.expect_plain_error(hidden, 400, "relative paths not supported");
             const auto plain = co_await probe.vault("GET", "/v1/cubbyhole/../x");
             probe.expect_status(plain, 307);
         }},
    };
}

}  // namespace meshproof::conformance
