// How the values of parameters are read, whatever their JSON type: asked of a Kubernetes role,
// which has a field of every type.
#include "conformance/check.hpp"
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

Task<Reply> write_field(Probe& probe, std::string mount, std::string field, Json value) {
    Json body{{"bound_service_account_names", "web"}, {"bound_service_account_namespaces", "shop"}};
    body[field] = std::move(value);
    co_return co_await probe.vault("POST", fmt::format("auth/{}/role/r", mount), std::move(body));
}

/// Writes the field and reads it again.
Task<Json> kept(Probe& probe, std::string mount, std::string field, Json value) {
    const auto written = co_await write_field(probe, mount, field, std::move(value));
    probe.expect_status(written, 204);
    const auto read = co_await probe.vault("GET", fmt::format("auth/{}/role/r", mount));
    co_return read.data().value(field, Json());
}

}  // namespace

std::vector<Check> vault_http_values() {
    return {
        {.name = "durations",
         .requirement = "A duration is seconds, days, or Go's own form, and is kept in whole "
                        "seconds; another is 400 with Go's text.",
         .rows = {12},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             for (const auto& [text, seconds] : std::vector<std::pair<Json, int>>{{90, 90},
                                                                                  {"90", 90},
                                                                                  {"+5", 5},
                                                                                  {"1h30m", 5400},
                                                                                  {"1.5h", 5400},
                                                                                  {".5h", 1800},
                                                                                  {"2d", 172800},
                                                                                  {"1500ms", 1},
                                                                                  {"", 0},
                                                                                  {nullptr, 0}}) {
                 const auto seen = co_await kept(probe, mount, "token_ttl", text);
                 probe.expect(seen == seconds, "{} is read as {}", text.dump(), seen.dump());
             }
             for (const auto& [value, text] : std::vector<std::pair<Json, std::string>>{
                      {"xx", R"(time: invalid duration "xx")"},
                      {"1m1", R"(time: missing unit in duration "1m1")"},
                      {1.5, R"(time: missing unit in duration "1.5")"},
                      {"1w", R"(time: unknown unit "w" in duration "1w")"},
                      {"1d12h", R"(time: unknown unit "d" in duration "1d12h")"},
                      {"1.5d", R"(strconv.ParseInt: parsing "1.5": invalid syntax)"},
                      {"-1h", "cannot provide negative value '-3600'"},
                      {"a\"b", R"(time: invalid duration "a\"b")"},
                      {true, "could not parse duration from input"}}) {
                 const auto refused = co_await write_field(probe, mount, "token_ttl", value);
                 probe.expect_plain_error(refused, 400, text);
             }
         }},

        {.name = "too-long-durations",
         .requirement = "Seconds beyond some 292 years are 400: OpenBao tells the overflow, in "
                        "Vault they have become negative.",
         .rows = {12},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto refused = co_await write_field(probe, mount, "token_ttl", "9999999999");
             probe.expect_plain_error(refused, 400,
                                      probe.openbao()
                                          ? "multiplication of durations resulted in overflow"
                                          : "cannot provide negative value '-8446744074'");
         }},

        {.name = "booleans",
         .requirement = "A boolean may be 1 or 0, or one of Go's words; every other number or "
                        "text is 400.",
         .rows = {12},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             for (const auto& [value, truth] : std::vector<std::pair<Json, bool>>{{1, true},
                                                                                  {0, false},
                                                                                  {"t", true},
                                                                                  {"FALSE", false},
                                                                                  {"", false},
                                                                                  {true, true}}) {
                 const auto seen = co_await kept(probe, mount, "token_no_default_policy", value);
                 probe.expect(seen == truth, "{} is read as {}", value.dump(), seen.dump());
             }
             for (const auto& value : {Json(5), Json(1.5), Json("yes"), Json("tRUE")}) {
                 const auto refused =
                     co_await write_field(probe, mount, "token_no_default_policy", value);
                 probe.expect_plain_error(refused, 400, "strconv.ParseBool: ");
                 probe.expect_plain_error(refused, 400, "invalid syntax");
             }
         }},

        {.name = "integers",
         .requirement = "An integer may be a text as Go's source would have it: hexadecimal, "
                        "octal, with underscores.",
         .rows = {12},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             for (const auto& [value, number] : std::vector<std::pair<Json, int>>{
                      {"7", 7}, {"0x10", 16}, {"010", 8}, {"1_000", 1000}, {"+5", 5}, {true, 1}}) {
                 const auto seen = co_await kept(probe, mount, "token_num_uses", value);
                 probe.expect(seen == number, "{} is read as {}", value.dump(), seen.dump());
             }
             for (const auto& value : {Json(1.5), Json("5x"), Json(" 5")}) {
                 const auto refused = co_await write_field(probe, mount, "token_num_uses", value);
                 probe.expect_plain_error(refused, 400, "strconv.ParseInt: ");
             }
         }},

        {.name = "lists",
         .requirement = "A list may be a text with commas, of which empty parts stay; what is no "
                        "text within an array is 400 with its place.",
         .rows = {12},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             for (const auto& [value, list] : std::vector<std::pair<Json, Json>>{
                      {"a,b", Json::array({"a", "b"})},
                      {" a , b ", Json::array({"a", "b"})},
                      {"a,,b", Json::array({"a", "", "b"})},
                      {" ", Json::array({""})},
                      {Json::array({1, true, nullptr}), Json::array({"1", "1", ""})},
                      {Json::array({"a,b"}), Json::array({"a,b"})},
                      {Json::object(), Json::array()}}) {
                 const auto seen = co_await kept(probe, mount, "token_policies", value);
                 probe.expect(seen == list, "{} is read as {}", value.dump(), seen.dump());
             }
             const Json nested = Json::array({"a", Json::array({"b"})});
             const auto refused = co_await write_field(probe, mount, "token_policies", nested);
             probe.expect_plain_error(refused, 400,
                                      "1 error(s) decoding:\n\n* '[1]' expected type 'string', got "
                                      "unconvertible type '[]interface {}', value: '[b]'");
         }},
    };
}

}  // namespace meshproof::conformance
