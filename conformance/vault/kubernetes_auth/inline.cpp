// Inline authentication: a login in the headers of the request that needs its token.
#include "conformance/steps.hpp"
#include "conformance/vault/kubernetes_auth/steps.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance {
namespace {

using namespace kubernetes_auth;

constexpr auto failed = "failed to perform inline authentication: ";
constexpr auto operation = "X-Vault-Inline-Auth-Operation";
constexpr auto space = "X-Vault-Inline-Auth-Namespace";
constexpr auto any = "X-Vault-Inline-Auth-Parameter-any";
constexpr auto mark = "X-Vault-Inline-Auth-Failed";
constexpr auto no_login = "expected a valid login operation in X-Vault-Inline-Auth-Operation";

// A CA, an auth method with role "app" that may read there and sign, and requests without a token.
struct Site {
    explicit Site(Probe& its_probe) : probe(its_probe), bench(its_probe) {}

    [[nodiscard]] Task<void> open() {
        pki = co_await steps::issuing_mount(probe);
        co_await bench.open();
        const auto policy = co_await probe.policy(
            "inline",
            fmt::format("path \"{}/*\" {{ capabilities = [\"update\", \"read\"] }}", pki));
        co_await bench.role("app", Json{{"token_policies", policy}});
    }
    [[nodiscard]] Task<Reply> read(http::Headers headers, As as = As::nobody()) {
        return probe.vault("GET", pki + "/roles/app", {}, std::move(as), std::move(headers));
    }
    [[nodiscard]] Task<Reply> read_with(std::string_view header, std::string value) {
        auto headers = bench.inline_login();
        headers.set(header, std::move(value));
        return read(std::move(headers));
    }
    [[nodiscard]] std::string login_path() const {
        return fmt::format("auth/{}/login", bench.mount());
    }

    Probe& probe;
    Bench bench;
    std::string pki;
};

void expect_headers_refused(Probe& probe, const Reply& reply, std::string_view why,
                            run::Place place = run::Place::current()) {
    probe.expect_plain_error(reply, 500, std::string(failed) + std::string(why), place);
}

bool is_marked(const Reply& reply) {
    return reply.headers.find(mark) == "true";
}

}  // namespace

std::vector<Check> vault_kubernetes_auth_inline() {
    return {
        {.name = "signs",
         .requirement = "On OpenBao a login in the headers of a signature gives it its token, by "
                        "one TokenReview; Vault does not know the headers.",
         .rows = {191},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             Json body{{"csr", steps::workload_csr()}};
             const auto reply =
                 co_await probe.vault("POST", site.pki + "/sign/app", std::move(body), As::nobody(),
                                      site.bench.inline_login());
             const auto reviews = site.bench.api().reviews.size();
             probe.expect_equal(reviews, probe.on(1, 0), "TokenReviews");
             if (!probe.openbao()) {
                 probe.expect_plain_error(reply, 403, "permission denied");
                 co_return;
             }
             probe.expect_status(reply, 200);
             (void)steps::leaf_of(probe, reply);
             probe.expect(reply.json.contains("auth") && reply.json["auth"].is_null(),
                          "{}: auth must be null", reply.asked);
         }},

        {.name = "nothing-is-kept",
         .requirement = "An inline login leaves no lease of a token behind; a login does.",
         .rows = {194},
         .level = Level::should,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             const auto leases = "sys/leases/lookup/" + site.login_path();
             const auto read = co_await site.read(site.bench.inline_login());
             probe.expect_status(read, 200);
             const auto none = co_await probe.vault("LIST", leases);
             probe.expect_no_text(none, 404);
             const auto login = co_await site.bench.login();
             probe.expect_status(login, 200);
             const auto one = co_await probe.vault("LIST", leases);
             probe.expect_status(one, 200);
         }},

        {.name = "operations",
         .requirement = "An inline login is an update or a create; a read is 405, and any other "
                        "word 500.",
         .rows = {191, 192, 193},
         .level = Level::may,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             for (const std::string word : {"update", "create"}) {
                 const auto done = co_await site.read_with(operation, word);
                 probe.expect_status(done, 200);
             }
             const auto read = co_await site.read_with(operation, "read");
             probe.expect_plain_error(read, 405, std::string(failed) + "unsupported operation");
             for (const std::string word : {"list", "delete", "patch", "Update", ""}) {
                 const auto refused = co_await site.read_with(operation, word);
                 expect_headers_refused(probe, refused, no_login);
             }
         }},

        {.name = "parameters",
         .requirement = "A parameter's name and type are what its value says; the end of the "
                        "header's name does not count.",
         .rows = {191},
         .level = Level::should,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             auto headers = site.bench.inline_login();
             headers.remove("X-Vault-Inline-Auth-Parameter-role");
             const auto without = co_await site.read(headers);
             probe.expect_plain_error(without, 400, "missing role");
             headers.set(any, to_base64url(R"({"key":"role","value":"app"})"));
             const auto named = co_await site.read(headers);
             probe.expect_status(named, 200);
             headers.set(any, to_base64url(R"({"value":5,"key":"role"})"));
             const auto number = co_await site.read(headers);
             probe.expect_plain_error(number, 400, R"(invalid role name "5")");
             const auto more =
                 co_await site.read_with(any, to_base64url(R"({"key":"x","value":null})"));
             probe.expect_status(more, 200);
         }},

        {.name = "broken-parameters",
         .requirement = "A parameter that is padded, no base64url, no JSON object, or has other "
                        "members than a key and a value is 500 and says so.",
         .rows = {192},
         .level = Level::should,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             constexpr auto encoding = "failed raw url-safe base64 decoding header value";
             const auto padded =
                 co_await site.read_with(any, to_base64(R"({"key":"role","value":"a"})"));
             expect_headers_refused(probe, padded, encoding);
             const auto plain = co_await site.read_with(any, R"({"key":"role","value":"a"})");
             expect_headers_refused(probe, plain, encoding);
             for (const auto& [text, why] :
                  {std::pair{"junk", "failed json decoding header value"},
                   std::pair{"[1]", "failed json decoding header value"},
                   std::pair{"", "failed json decoding header value"},
                   std::pair{R"({"value":"x"})", "decoded header lacked `key` field"},
                   std::pair{R"({"Key":"q","value":"x"})", "decoded header lacked `key` field"},
                   std::pair{R"({"key":1,"value":"x"})",
                             "decoded header had incorrect type for `key` field"},
                   std::pair{R"({"key":"q"})", "decoded header lacked `value` field"},
                   std::pair{R"({"key":"q","value":"x","z":1})",
                             "unexpected field in decoded request parameter"}}) {
                 const auto reply = co_await site.read_with(any, to_base64url(text));
                 expect_headers_refused(probe, reply, why);
             }
         }},

        {.name = "beside-a-token",
         .requirement = "An inline login beside a token is 500, whatever the token is worth.",
         .rows = {192},
         .level = Level::should,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             constexpr auto why = "cannot layer inline authentication with token authentication";
             for (const auto& who : {As::admin(), As::bearer(Secret("s.nobody"))}) {
                 const auto reply = co_await site.read(site.bench.inline_login(), who);
                 expect_headers_refused(probe, reply, why);
             }
             const auto bearer = co_await site.read_with("Authorization", "Bearer s.nobody");
             expect_headers_refused(probe, bearer, why);
         }},

        {.name = "order-of-the-checks",
         .requirement = "A token beside it, the operation, the namespace and the parameters are "
                        "looked at in this order, and then the path.",
         .rows = {192},
         .level = Level::may,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             auto headers = inline_headers("auth/nowhere/login", Json::object());
             headers.set(any, "%");
             headers.set(operation, "list");
             headers.set(space, probe.name("nobody"));
             const auto token = co_await site.read(headers, As::admin());
             expect_headers_refused(probe, token, "cannot layer inline authentication");
             const auto word = co_await site.read(headers);
             expect_headers_refused(probe, word, no_login);
             headers.remove(operation);
             const auto unknown = co_await site.read(headers);
             expect_headers_refused(probe, unknown, "inline auth namespace was not found");
             headers.remove(space);
             const auto parameter = co_await site.read(headers);
             expect_headers_refused(probe, parameter, "failed raw url-safe base64 decoding");
             headers.remove(any);
             const auto path = co_await site.read(headers);
             probe.expect_plain_error(path, 403, "permission denied");
         }},

        {.name = "given-twice",
         .requirement = "A header of an inline login that is given twice is 500.",
         .rows = {192},
         .level = Level::may,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             for (const auto& [name, why] :
                  {std::pair{"X-Vault-Inline-Auth-Path",
                             "expected exactly one value for X-Vault-Inline-Auth-Path"},
                   std::pair{operation,
                             "expected exactly one value for X-Vault-Inline-Auth-Operation"},
                   std::pair{space, "expected at most one value for X-Vault-Inline-Auth-Namespace"},
                   std::pair{any, "expected exactly one value for each auth header parameter"}}) {
                 auto headers = site.bench.inline_login();
                 headers.add(name, "");
                 headers.add(name, "");
                 const auto reply = co_await site.read(std::move(headers));
                 expect_headers_refused(probe, reply, why);
             }
         }},

        {.name = "login-refused",
         .requirement = "An inline login that is refused answers with the login's own status: a "
                        "refused input with its own text and a header that says so, else with "
                        "the cause after a prefix.",
         .rows = {193},
         .level = Level::must,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             const auto no_role = co_await site.read(site.bench.inline_login("nobody"));
             probe.expect_plain_error(no_role, 400, R"(invalid role name "nobody")");
             probe.expect(is_marked(no_role), "an unknown role is answered without {}", mark);
             const auto stranger = site.bench.jwt(site.bench.claims({.name = "stranger"}));
             const auto not_bound = co_await site.read(
                 inline_headers(site.login_path(), Json{{"role", "app"}, {"jwt", stranger}}));
             probe.expect_plain_error(not_bound, 403,
                                      std::string(failed) + "service account name not authorized");
             probe.expect(!is_marked(not_bound), "another account is answered with {}", mark);
             site.bench.api().overrides = Json{{"authenticated", false}};
             const auto not_known = co_await site.read(site.bench.inline_login());
             probe.expect_plain_error(not_known, 403, std::string(failed) + "permission denied");
             const auto bare = co_await probe.auth_mount("bare");
             (void)co_await probe.set_up("POST", fmt::format("auth/{}/role/app", bare),
                                         bound_role());
             const auto not_configured = co_await site.read(inline_headers(
                 fmt::format("auth/{}/login", bare), Json{{"role", "app"}, {"jwt", "x"}}));
             probe.expect_plain_error(not_configured, 500,
                                      std::string(failed) + "could not load backend configuration");
         }},

        {.name = "not-a-login",
         .requirement = "An inline login at a path that needs a token, or at none, is 403; at one "
                        "that needs none, its answer is the answer.",
         .rows = {193},
         .level = Level::should,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             const auto mount = site.bench.mount();
             for (const auto& path :
                  {fmt::format("auth/{}/config", mount), std::string("auth/nowhere/login"),
                   mount + "/login", std::string("auth/token/create"), std::string()}) {
                 const auto denied = co_await site.read_with("X-Vault-Inline-Auth-Path", path);
                 probe.expect_plain_error(denied, 403, "permission denied");
                 probe.expect(is_marked(denied), "at \"{}\" it is answered without {}", path, mark);
             }
             const auto folder =
                 co_await site.read_with("X-Vault-Inline-Auth-Path", site.login_path() + "/");
             probe.expect_plain_error(folder, 400, "cannot write to a path ending in '/'");
             auto headers = inline_headers(site.pki + "/cert/ca", Json::object());
             headers.set(operation, "read");
             const auto open = co_await site.read(headers);
             probe.expect_status(open, 200);
             probe.expect(is_marked(open), "an answer of another path comes without {}", mark);
             probe.expect(open.data().contains("certificate"), "it is not that of {}/cert/ca",
                          site.pki);
         }},

        {.name = "before-anything-else",
         .requirement = "A request that needs no token, or that is refused anyway, is not looked "
                        "at before its inline login.",
         .rows = {191, 15},
         .level = Level::may,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             for (const auto& [method, path] :
                  {std::pair{"GET", site.pki + "/ca/pem"},
                   std::pair{"POST", site.pki + "/sign/app/"},
                   std::pair{"POST", std::string("sys/wrapping/unwrap")}}) {
                 const auto body =
                     std::string_view(method) == "GET" ? std::optional<Json>() : Json::object();
                 const auto refused = co_await probe.vault(method, path, body, As::nobody(),
                                                           site.bench.inline_login("nobody"));
                 probe.expect_plain_error(refused, 400, R"(invalid role name "nobody")");
             }
             const auto open = co_await probe.vault("GET", site.pki + "/ca/pem", {}, As::nobody(),
                                                    site.bench.inline_login());
             probe.expect_status(open, 200);
             const auto folder =
                 co_await probe.vault("POST", site.pki + "/sign/app/", Json::object(), As::nobody(),
                                      site.bench.inline_login());
             probe.expect_plain_error(folder, 400, "cannot write to a path ending in '/'");
         }},

        {.name = "namespaces",
         .requirement = "An inline login is in the request's namespace unless its own header or "
                        "path says otherwise, and its token belongs there.",
         .rows = {191},
         .level = Level::should,
         .features = {Feature::call_back, Feature::namespaces, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Site site(probe);
             co_await site.open();
             const auto child = probe.name("inline");
             probe.at_end("DELETE", "sys/namespaces/" + child);
             Json body{{"custom_metadata", {{"meshproof-run", probe.mark().run_id()}}}};
             (void)co_await probe.set_up("PUT", "sys/namespaces/" + child, std::move(body));
             auto inherited = site.bench.inline_login();
             inherited.set("X-Vault-Namespace", child);
             const auto nowhere = co_await site.read(inherited);
             probe.expect_plain_error(nowhere, 403, "permission denied");
             probe.expect(is_marked(nowhere), "the login is not looked for in {}", child);
             // The login succeeds in the root namespace, whose policy says nothing of the child.
             for (const std::string root : {"", "root"}) {
                 inherited.set(space, root);
                 const auto outside = co_await site.read(inherited);
                 probe.expect_wrapped_error(outside, 403, "permission denied");
             }
             const auto unknown = co_await site.read_with(space, probe.name("nobody"));
             expect_headers_refused(probe, unknown, "inline auth namespace was not found");
             const auto by_path = co_await site.read_with("X-Vault-Inline-Auth-Path",
                                                          child + "/" + site.login_path());
             probe.expect_plain_error(by_path, 403, "permission denied");
             probe.expect(is_marked(by_path), "the login is not looked for in {}/", child);
         }},
    };
}

}  // namespace meshproof::conformance
