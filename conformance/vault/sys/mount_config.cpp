// What a mount is configured with besides its lease times, and what tuning changes of it.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

// Every setting that a mount can have, each of its own value.
Json every_setting() {
    return {{"listing_visibility", "hidden"},
            {"force_no_cache", true},
            {"passthrough_request_headers", Json::array({"X-In"})},
            {"allowed_response_headers", Json::array({"X-Out", "X-Too"})},
            {"audit_non_hmac_request_keys", Json::array({"asked"})},
            {"audit_non_hmac_response_keys", Json::array({"told"})}};
}

void expect_settings(Probe& probe, const Json& told, const Json& wanted) {
    for (const auto& [name, value] : wanted.items()) {
        probe.expect_equal(told.value(name, Json()), value, name);
    }
}

// What sys/mounts/P says of the mount's configuration.
Task<Json> told_config(Probe& probe, std::string path) {
    const auto reply = co_await probe.vault("GET", std::move(path));
    co_return reply.data().value("config", Json::object());
}

Task<Reply> tune_to(Probe& probe, std::string path, Json body) {
    co_return co_await probe.vault("POST", path + "/tune", std::move(body));
}

// The mounts of one kind ("secret", "auth") that the UI is told of, by their paths.
Task<Json> shown_to(Probe& probe, As as, std::string kind) {
    const auto reply =
        co_await probe.vault("GET", "sys/internal/ui/mounts", std::nullopt, std::move(as));
    probe.expect_status(reply, 200);
    co_return reply.data().value(kind, Json::object());
}

}  // namespace

std::vector<Check> vault_sys_mount_config() {
    return {
        {.name = "kept",
         .requirement = "What a mount's config holds reads back from the list of mounts, and from "
                        "its tuning, where seal_wrap is not told.",
         .rows = {207},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/mounts/" + probe.name("set");
             probe.at_end("DELETE", path);
             const Json body{{"type", "pki"},
                             {"config", every_setting()},
                             {"description", probe.mark().text()},
                             {"options", {{"mesh", "on"}}},
                             {"seal_wrap", true},
                             {"external_entropy_access", true}};
             (void)co_await probe.set_up("POST", path, body);
             const auto whole = co_await probe.vault("GET", path);
             expect_settings(probe, whole.data().value("config", Json::object()), every_setting());
             for (const auto* name : {"seal_wrap", "external_entropy_access"}) {
                 probe.expect_equal(whole.data().value(name, Json()), true, name);
             }
             const auto tuning = co_await probe.vault("GET", path + "/tune");
             expect_settings(probe, tuning.data(), every_setting());
             probe.expect_equal(tuning.data().value("options", Json()), Json{{"mesh", "on"}},
                                "options");
             probe.expect_equal(tuning.data().value("external_entropy_access", Json()), true,
                                "external_entropy_access");
             probe.expect(!tuning.data().contains("seal_wrap"), "the tuning tells seal_wrap");
         }},

        {.name = "lists-behind-commas",
         .requirement = "A setting that is a list may be one text, and an empty one is not told.",
         .rows = {207},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             Json config{{"allowed_response_headers", " X-A , X-B"},
                         {"passthrough_request_headers", Json::array()}};
             const auto mount = co_await probe.mount("pki", "pki", std::move(config));
             const auto told = co_await told_config(probe, "sys/mounts/" + mount);
             probe.expect_equal(told.value("allowed_response_headers", Json()),
                                Json::array({"X-A", "X-B"}), "allowed_response_headers");
             probe.expect(!told.contains("passthrough_request_headers"), "an empty list is told");
         }},

        {.name = "refused-values",
         .requirement = "A setting of another kind, and a value that is none of the setting's, are "
                        "400, and nothing is mounted.",
         .rows = {207},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/mounts/" + probe.name("set");
             probe.at_end("DELETE", path);
             const std::vector<std::tuple<Json, std::string>> refused{
                 {{{"listing_visibility", "everybody"}}, "invalid listing_visibility everybody"},
                 {{{"force_no_cache", "true"}}, "unable to convert given mount config information"},
                 {{{"allowed_response_headers", 5}},
                  "unable to convert given mount config information"},
                 {{{"max_lease_ttl", true}}, "unable to convert given mount config information"},
                 {{{"max_lease_ttl", "-1"}},
                  "given default lease TTL greater than given max lease TTL"},
                 {{{"default_lease_ttl", "800h"}},
                  "given default lease TTL greater than system max lease TTL of"},
                 {{{"plugin_version", "v1"}},
                  "plugin not found in the catalog: pki, version=v1.0.0"},
                 {{{"plugin_version", "x"}}, "version \"x\" is not a valid semantic version"},
             };
             for (const auto& [config, text] : refused) {
                 const Json body{{"type", "pki"}, {"config", config}};
                 const auto reply = co_await probe.vault("POST", path, body);
                 probe.expect_plain_error(reply, 400, text);
             }
             const auto none = co_await probe.vault("GET", path);
             probe.expect_status(none, 400);
         }},

        {.name = "config-is-an-object",
         .requirement = "config may be one object or a list of them; anything else is 400 with its "
                        "place, also where what is to be tuned is not there.",
         .rows = {12, 207},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/mounts/" + probe.name("listed");
             probe.at_end("DELETE", path);
             const auto wanted = [&](std::string place, std::string type) {
                 return probe.on(fmt::format("'{}' expected type 'map[string]interface {{}}', got "
                                             "unconvertible type '{}'",
                                             place, type),
                                 fmt::format("'{}' expected a map, got '{}'", place,
                                             type == "bool" ? type : "string"));
             };
             for (const auto& [config, place, type] :
                  std::vector<std::tuple<Json, std::string, std::string>>{
                      {Json::array({1}), "[0]", "json.Number"},
                      {Json::array({Json::object(), Json::array({"a"})}), "[1][0]", "string"},
                      {true, "", "bool"}}) {
                 const auto refused =
                     co_await probe.vault("POST", path, Json{{"type", "pki"}, {"config", config}});
                 probe.expect_plain_error(refused, 400, wanted(place, type));
                 const auto absent = co_await tune_to(probe, "sys/mounts/" + probe.name("absent"),
                                                      Json{{"user_lockout_config", config}});
                 probe.expect_plain_error(absent, 400, wanted(place, type));
             }
             const auto listed = Json::array({Json{{"max_lease_ttl", "1h"}}, Json::object()});
             const auto made =
                 co_await probe.vault("POST", path, Json{{"type", "pki"}, {"config", listed}});
             probe.expect_status(made, 204);
             expect_settings(probe, co_await told_config(probe, path),
                             Json{{"max_lease_ttl", 3600}});
         }},

        {.name = "auth-refused-values",
         .requirement = "An auth method's config is looked at likewise, and its token_type first.",
         .rows = {207, 195},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/auth/" + probe.name("set");
             probe.at_end("DELETE", path);
             const std::vector<std::tuple<Json, std::string>> refused{
                 {{{"force_no_cache", "true"}}, "unable to convert given auth config information"},
                 {{{"listing_visibility", "everybody"}}, "invalid listing_visibility everybody"},
                 {{{"listing_visibility", "everybody"}, {"token_type", "other"}},
                  "invalid value for 'token_type'"},
             };
             for (const auto& [config, text] : refused) {
                 const Json body{{"type", "kubernetes"}, {"config", config}};
                 const auto reply = co_await probe.vault("POST", path, body);
                 probe.expect_plain_error(reply, 400, text);
             }
         }},

        {.name = "tuned-settings",
         .requirement = "Tuning changes the settings that it names, all but force_no_cache, and an "
                        "empty one is taken away.",
         .rows = {208},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = "sys/mounts/" + co_await probe.mount();
             const auto tuned = co_await tune_to(probe, mount, every_setting());
             probe.expect_status(tuned, 204);
             auto wanted = every_setting();
             wanted["force_no_cache"] = false;
             expect_settings(probe, co_await told_config(probe, mount), wanted);
             Json less{{"listing_visibility", ""}, {"audit_non_hmac_request_keys", Json::array()}};
             probe.expect_status(co_await tune_to(probe, mount, std::move(less)), 204);
             const auto after = co_await told_config(probe, mount);
             probe.expect(!after.contains("listing_visibility"), "the visibility is still told");
             probe.expect(!after.contains("audit_non_hmac_request_keys"),
                          "the keys are still told");
             probe.expect(after.contains("allowed_response_headers"), "what was not named is gone");
         }},

        {.name = "tuned-options",
         .requirement = "Tuned options are added to those that are there, and an empty one is "
                        "taken away.",
         .rows = {208},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = "sys/mounts/" + co_await probe.mount();
             const std::vector<std::tuple<Json, Json>> steps{
                 {{{"a", "1"}}, {{"a", "1"}}},
                 {{{"b", "2"}}, {{"a", "1"}, {"b", "2"}}},
                 {{{"a", ""}}, {{"b", "2"}}},
             };
             for (const auto& [given, wanted] : steps) {
                 const Json body{{"options", given}};
                 probe.expect_status(co_await tune_to(probe, mount, body), 204);
                 const auto told = co_await probe.vault("GET", mount + "/tune");
                 probe.expect_equal(told.data().value("options", Json()), wanted, "options");
             }
         }},

        {.name = "tuned-version",
         .requirement = "Any mount may be told a version, with a warning, and no older one after "
                        "it.",
         .rows = {208},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = "sys/mounts/" + co_await probe.mount();
             const auto to = [&](const char* version) {
                 Json body{{"options", {{"version", version}}}};
                 return tune_to(probe, mount, std::move(body));
             };
             probe.expect_plain_error(co_await to("3"), 400, "invalid version provided: 3");
             const auto up = co_await to("2");
             probe.expect_status(up, 200);
             probe.expect_warning(up, "Upgrading mount from version 0");
             probe.expect_plain_error(co_await to("1"), 400,
                                      "cannot downgrade mount from version 2");
         }},

        {.name = "half-tuned",
         .requirement = "Where a part of a tuning is refused, nothing is changed on OpenBao; on "
                        "Vault what comes before it is.",
         .rows = {208},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = "sys/mounts/" + co_await probe.mount();
             const Json body{{"max_lease_ttl", "1h"}, {"listing_visibility", "everybody"}};
             const auto refused = co_await tune_to(probe, mount, body);
             probe.expect_plain_error(refused, 400, "invalid listing_visibility everybody");
             const auto told = co_await told_config(probe, mount);
             probe.expect_equal(told.value("max_lease_ttl", Json()), probe.on(0, 3600),
                                "max_lease_ttl");
         }},

        {.name = "half-tuned-method",
         .requirement = "Lease times are looked at before a lockout: of a method that has none "
                        "they are tuned on Vault all the same, and not on OpenBao.",
         .rows = {208},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto method = "sys/auth/" + co_await probe.auth_mount();
             const Json lockout{{"lockout_threshold", "5"}};
             const Json body{{"default_lease_ttl", "1h"}, {"user_lockout_config", lockout}};
             const auto refused = co_await tune_to(probe, method, body);
             probe.expect_plain_error(refused, 400,
                                      "tuning of user lockout configuration for auth type "
                                      "\"kubernetes\" not allowed");
             const auto told = co_await told_config(probe, method);
             probe.expect_equal(told.value("default_lease_ttl", Json()), probe.on(0, 3600),
                                "default_lease_ttl");
             const Json other{{"default_lease_ttl", "2h"},
                              {"max_lease_ttl", "1h"},
                              {"user_lockout_config", lockout}};
             probe.expect_plain_error(co_await tune_to(probe, method, other), 400,
                                      "backend max lease TTL of 3600 would be less than backend "
                                      "default lease TTL of 7200");
         }},

        {.name = "tune-refused-values",
         .requirement = "Tuning to what there is not is 400: a version of a plugin, a lockout, an "
                        "engine's token_type.",
         .rows = {208},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = "sys/mounts/" + co_await probe.mount();
             const std::vector<std::tuple<Json, std::string>> refused{
                 {{{"plugin_version", "v1"}},
                  "plugin not found in the catalog: pki, version=v1.0.0"},
                 {{{"user_lockout_config", {{"lockout_threshold", "5"}}}},
                  "tuning of user lockout configuration for auth type \"pki\" not allowed"},
                 {{{"token_type", "batch"}}, "'token_type' can only be modified on auth mounts"},
             };
             for (const auto& [body, text] : refused) {
                 probe.expect_plain_error(co_await tune_to(probe, mount, body), 400, text);
             }
         }},

        {.name = "auth-tuned-by-its-path",
         .requirement = "An auth method is tuned by sys/mounts/auth/PATH too, as Go's client does "
                        "it.",
         .rows = {208, 195},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await probe.auth_mount();
             const auto path = "sys/mounts/auth/" + name;
             const Json body{{"token_type", "batch"}, {"listing_visibility", "hidden"}};
             probe.expect_status(co_await tune_to(probe, path, body), 204);
             for (const auto& place : {path, "sys/auth/" + name}) {
                 expect_settings(probe, co_await told_config(probe, place), body);
             }
             const Json other{{"token_type", "other"}};
             probe.expect_plain_error(co_await tune_to(probe, path, other), 400,
                                      "invalid value for 'token_type'");
         }},

        {.name = "own-mounts-are-not-tuned",
         .requirement = "The servers' own mounts are not tuned, nor the type of the tokens that "
                        "auth/token makes: 400.",
         .rows = {208},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const std::string name : {"sys/", "cubbyhole/", "identity/"}) {
                 const Json body{{"options", {{"mesh", "on"}}}};
                 const auto reply =
                     co_await tune_to(probe, "sys/mounts/" + name.substr(0, name.size() - 1), body);
                 probe.expect_plain_error(
                     reply, 400,
                     probe.on(fmt::format("cannot tune parameter options of {}", name),
                              fmt::format("cannot tune \"{}\"", name)));
             }
             const Json type{{"token_type", "batch"}};
             probe.expect_plain_error(
                 co_await tune_to(probe, "sys/auth/token", type), 400,
                 "'token_type' cannot be set for 'token' or 'ns_token' auth mounts");
         }},

        {.name = "shown-to-everybody",
         .requirement = "Without a token the UI is told the mounts of listing_visibility unauth, "
                        "by description, options and type alone; with one, those whole.",
         .rows = {209},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto shown = co_await probe.mount("shown");
             const auto hidden = co_await probe.mount("hidden");
             const auto method = co_await probe.auth_mount();
             const Json open{{"listing_visibility", "unauth"}};
             const Json closed{{"listing_visibility", "hidden"}};
             (void)co_await tune_to(probe, "sys/mounts/" + shown, open);
             (void)co_await tune_to(probe, "sys/mounts/" + hidden, closed);
             (void)co_await tune_to(probe, "sys/auth/" + method, open);
             const auto engines = co_await shown_to(probe, As::nobody(), "secret");
             probe.expect_keys(engines.value(shown + "/", Json()),
                               {"description", "options", "type"}, "what everybody is told");
             probe.expect(!engines.contains(hidden + "/"), "a hidden mount is told");
             const auto methods = co_await shown_to(probe, As::nobody(), "auth");
             probe.expect(methods.contains(method + "/"), "the auth method is not told");
             const auto stranger = As::bearer(co_await probe.token(Json{{"policies", "default"}}));
             const auto to_stranger = co_await shown_to(probe, stranger, "secret");
             probe.expect(to_stranger.value(shown + "/", Json::object()).contains("accessor"),
                          "with a token the mount is not told whole");
             probe.expect(!to_stranger.contains(hidden + "/"), "a stranger is told a hidden mount");
         }},

        {.name = "auth-without-its-prefix",
         .requirement = "The UI is told an auth method's path without auth/.",
         .rows = {209},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await probe.auth_mount();
             for (const auto* rest : {"", "/login"}) {
                 const auto reply = co_await probe.vault(
                     "GET", fmt::format("sys/internal/ui/mounts/auth/{}{}", name, rest));
                 probe.expect_status(reply, 200);
                 probe.expect_equal(reply.data().value("path", Json()), name + "/", "path");
             }
         }},

        {.name = "no-folders",
         .requirement = "With a slash at the end the lists of mounts are no path.",
         .rows = {209},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto* path : {"sys/mounts/", "sys/auth/"}) {
                 const auto reply = co_await probe.vault("GET", path);
                 probe.expect_wrapped_error(reply, 404, "unsupported path");
             }
             const auto open = co_await probe.vault("GET", "sys/internal/ui/mounts/");
             probe.expect_plain_error(open, 404, "unsupported path");
             const auto mount = co_await probe.mount();
             const auto listed = co_await probe.vault("LIST", "sys/mounts/" + mount);
             probe.expect_wrapped_error(listed, 405, "unsupported operation");
         }},
    };
}

}  // namespace meshproof::conformance
