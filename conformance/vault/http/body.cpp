// How a request's body and its parameters are read.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

constexpr std::string_view broken(const Probe& probe) {
    return probe.openbao() ? "failed to decode JSON input: " : "error parsing JSON";
}

Task<Json> role_of(Probe& probe, std::string mount) {
    const auto reply = co_await probe.set_up("GET", mount + "/roles/r");
    co_return reply.data();
}

}  // namespace

std::vector<Check> vault_http_body() {
    return {
        {.name = "post-is-put",
         .requirement = "POST and PUT write the same way.",
         .rows = {9},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             for (const auto* method : {"PUT", "POST"}) {
                 Json body{{"max_ttl", method == std::string_view("PUT") ? "1h" : "2h"}};
                 const auto written =
                     co_await probe.vault(method, mount + "/roles/r", std::move(body));
                 probe.expect_status(written, 200);
                 const auto role = co_await role_of(probe, mount);
                 probe.expect_equal(role.value("max_ttl", Json()),
                                    method == std::string_view("PUT") ? 3600 : 7200, "max_ttl");
             }
         }},

        {.name = "no-body-is-no-parameters",
         .requirement = "No body, an empty object and null are an empty set of parameters.",
         .rows = {9},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             for (const auto* body : {"", "{}", "null"}) {
                 const auto written = co_await probe.vault_raw("PUT", mount + "/roles/r", body);
                 probe.expect(written.status == 200, "a body of \"{}\" is answered {}", body,
                              written.status);
             }
         }},

        {.name = "broken-json",
         .requirement = "A body that is no JSON object is 400: \"error parsing JSON\" on Vault, "
                        "\"failed to decode JSON input: ...\" on OpenBao.",
         .rows = {9},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             for (const auto* body : {"[]", "{\"max_ttl\":", "\"x\"", "{max_ttl:1}"}) {
                 const auto refused = co_await probe.vault_raw("PUT", mount + "/roles/r", body);
                 probe.expect_plain_error(refused, 400, broken(probe));
             }
         }},

        {.name = "the-first-value-counts",
         .requirement =
             "Of several JSON values in a body the first counts; junk after it is 400 on "
             "OpenBao and ignored by Vault.",
         .rows = {9},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto two = co_await probe.vault_raw("PUT", mount + "/roles/r",
                                                       R"({"max_ttl":"1h"} {"max_ttl":"2h"})");
             probe.expect_status(two, 200);
             const auto role = co_await role_of(probe, mount);
             probe.expect_equal(role.value("max_ttl", Json()), 3600, "max_ttl");
             const auto junk =
                 co_await probe.vault_raw("PUT", mount + "/roles/r", R"({"max_ttl":"1h"} ])");
             probe.expect_status(junk, probe.on(400, 200));
         }},

        {.name = "too-large",
         .requirement = "A body of more than 32 MiB is refused with 413 as JSON.",
         .rows = {9},
         .level = Level::may,
         .exclusive = true,  // so large a body holds up everybody in this process
         .run = [](Probe& probe) -> Task<void> {
             constexpr std::size_t more_than_32_mib = (32U << 20) + 1024;
             const auto reply =
                 co_await probe.vault_raw("PUT", probe.name("nowhere"),
                                          "{\"a\":\"" + std::string(more_than_32_mib, 'x') + "\"}");
             probe.expect_error(
                 reply, 413,
                 probe.openbao() ? "http: request body too large" : "error parsing JSON");
         }},

        {.name = "content-type-ignored",
         .requirement = "JSON is read as JSON whatever its content type says.",
         .rows = {10},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             for (const auto* type : {"text/plain", "application/octet-stream", "nonsense"}) {
                 const http::Headers headers{{"Content-Type", type}};
                 const auto written = co_await probe.vault_raw("PUT", mount + "/roles/r",
                                                               R"({"max_ttl":"1h"})", {}, headers);
                 probe.expect(written.status == 200, "Content-Type {} is answered {}", type,
                              written.status);
             }
             const auto role = co_await role_of(probe, mount);
             probe.expect_equal(role.value("max_ttl", Json()), 3600, "max_ttl");
         }},

        {.name = "forms",
         .requirement = "A form is read as parameters, unless it begins as JSON.",
         .rows = {10},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const http::Headers form{{"Content-Type", "application/x-www-form-urlencoded"}};
             const auto written = co_await probe.vault_raw(
                 "PUT", mount + "/roles/r", "max_ttl=1h&allow_any_name=true", {}, form);
             probe.expect_status(written, 200);
             const auto by_form = co_await role_of(probe, mount);
             probe.expect_equal(by_form.value("max_ttl", Json()), 3600, "max_ttl of a form");
             probe.expect_equal(by_form.value("allow_any_name", Json()), true,
                                "allow_any_name of a form");
             const auto json = co_await probe.vault_raw("PUT", mount + "/roles/r",
                                                        R"({"max_ttl":"3h"})", {}, form);
             probe.expect_status(json, 200);
             const auto by_json = co_await role_of(probe, mount);
             probe.expect_equal(by_json.value("max_ttl", Json()), 10800,
                                "max_ttl of JSON sent as a form");
         }},

        {.name = "query-is-not-read",
         .requirement = "Parameters in the query of a write are not read.",
         .rows = {10},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto written =
                 co_await probe.vault("PUT", mount + "/roles/r?max_ttl=5h", Json::object());
             probe.expect_status(written, 200);
             const auto role = co_await role_of(probe, mount);
             probe.expect_equal(role.value("max_ttl", Json()), 0, "max_ttl");
         }},

        {.name = "loose-types",
         .requirement = "Durations, booleans, lists and texts are taken from numbers, texts and "
                        "comma lists.",
         .rows = {12},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             for (const auto& ttl : {Json(5400), Json("5400"), Json("90m"), Json("1h30m")}) {
                 Json body{{"max_ttl", ttl}};
                 const auto written =
                     co_await probe.vault("PUT", mount + "/roles/r", std::move(body));
                 probe.expect_status(written, 200);
                 const auto role = co_await role_of(probe, mount);
                 probe.expect_equal(role.value("max_ttl", Json()), 5400, "max_ttl " + ttl.dump());
             }
             Json days{{"max_ttl", "1d"},
                       {"allow_any_name", "true"},
                       {"allow_localhost", 0},
                       {"allowed_domains", "a.test,b.test"},
                       {"organization", 5}};
             (void)co_await probe.vault("PUT", mount + "/roles/r", std::move(days));
             const auto role = co_await role_of(probe, mount);
             probe.expect_equal(role.value("max_ttl", Json()), 86400, "max_ttl 1d");
             probe.expect_equal(role.value("allow_any_name", Json()), true,
                                "allow_any_name \"true\"");
             probe.expect_equal(role.value("allow_localhost", Json()), false, "allow_localhost 0");
             probe.expect_equal(role.value("allowed_domains", Json()),
                                Json::array({"a.test", "b.test"}), "allowed_domains of a text");
             probe.expect_equal(role.value("organization", Json()), Json::array({"5"}),
                                "organization of a number");
         }},

        {.name = "what-cannot-be-read",
         .requirement = "A value that cannot be taken as its field's type is 400 and names the "
                        "field, and on Vault the value.",
         .rows = {12},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             struct Case {
                 const char* field;
                 Json value;
                 const char* shown;
                 const char* text;
             };
             const Case cases[] = {
                 {"ttl", "xx", "xx", "time: invalid duration \"xx\""},
                 {"ttl", "-5", "-5", "cannot provide negative value '-5'"},
                 {"allow_any_name", "zz", "zz", "invalid syntax"},
                 {"key_bits", "zz", "zz", "invalid syntax"},
                 {"issuer_ref", Json::array({"a"}), "[a]", "expected type 'string'"}};
             for (const auto& one : cases) {
                 Json body = Json::object();
                 body[one.field] = one.value;
                 const auto refused =
                     co_await probe.vault("PUT", mount + "/roles/r", std::move(body));
                 const auto shown = probe.openbao() ? std::string() : std::string(one.shown) + " ";
                 probe.expect_plain_error(
                     refused, 400,
                     fmt::format(
                         "Field validation failed: error converting input {}for field \"{}\": ",
                         shown, one.field));
                 probe.expect_error(refused, 400, one.text);
             }
         }},

        {.name = "tune-has-its-own-text",
         .requirement = "A bad duration for a mount's tuning is 400 with the parser's bare text.",
         .rows = {12},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             Json body{{"max_lease_ttl", "xx"}};
             const auto refused =
                 co_await probe.vault("POST", "sys/mounts/" + mount + "/tune", std::move(body));
             probe.expect_plain_error(refused, 400, "invalid duration");
             for (const auto& text : refused.errors()) {
                 probe.expect(text.find("Field validation failed") == std::string::npos,
                              "the text is that of a field: {}", text);
             }
         }},

        {.name = "patch-needs-its-type",
         .requirement = "PATCH takes merge-patch JSON only: another type is 415, none is 400.",
         .rows = {13},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const http::Headers json{{"Content-Type", "application/json"}};
             const auto wrong =
                 co_await probe.vault_raw("PATCH", mount + "/issuer/default", "{}", {}, json);
             probe.expect_plain_error(wrong, 415, "PATCH requires Content-Type of");
             const auto none = co_await probe.vault_raw("PATCH", mount + "/issuer/default", "{}");
             probe.expect_plain_error(none, 400, "mime: no media type");
             const http::Headers merge{{"Content-Type", "application/merge-patch+json"}};
             const auto right =
                 co_await probe.vault_raw("PATCH", mount + "/issuer/default", "{}", {}, merge);
             probe.expect_status(right, 200);
         }},
    };
}

}  // namespace meshproof::conformance
