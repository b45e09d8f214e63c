// Secret engines: mounting, tuning, moving and removing them.
#include "conformance/steps.hpp"

namespace meshproof::conformance {

std::vector<Check> vault_sys_mount() {
    return {
        {.name = "mounts",
         .requirement = "Mounting an engine answers 204 and takes the lease times of its config.",
         .rows = {33},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = probe.name("own");
             probe.at_end("DELETE", "sys/mounts/" + path);
             Json config{{"default_lease_ttl", "1h"}, {"max_lease_ttl", "48h"}};
             const Json body{{"type", "pki"},
                             {"config", std::move(config)},
                             {"description", probe.mark().text()}};
             const auto made = co_await probe.vault("POST", "sys/mounts/" + path, body);
             probe.expect_status(made, 204);
             const auto one = co_await probe.vault("GET", "sys/mounts/" + path);
             probe.expect_equal(one.data().value("type", Json()), "pki", "type");
             const auto limits = one.data().value("config", Json::object());
             probe.expect_equal(limits.value("default_lease_ttl", Json()), 3600,
                                "default_lease_ttl");
             probe.expect_equal(limits.value("max_lease_ttl", Json()), 172800, "max_lease_ttl");
         }},

        {.name = "path-in-use",
         .requirement = "A path that is in use, or is above or below one that is, is refused with "
                        "400, whatever the type.",
         .rows = {34, 242},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await probe.mount("own");
             const auto nested = co_await probe.mount("deep/er");
             const Json body{{"type", "pki"}};
             const auto same = co_await probe.vault("POST", "sys/mounts/" + path, body);
             probe.expect_plain_error(same, 400, "path is already in use at " + path + "/");
             const auto below = co_await probe.vault("POST", "sys/mounts/" + path + "/below", body);
             probe.expect_plain_error(below, 400, "path is already in use at " + path + "/");
             const auto parent = nested.substr(0, nested.rfind('/'));
             const auto above = co_await probe.vault("POST", "sys/mounts/" + parent, body);
             probe.expect_plain_error(above, 400, "path is already in use at");
             const auto unknown = co_await probe.vault("POST", "sys/mounts/" + path,
                                                       Json{{"type", "no-such-engine"}});
             probe.expect_plain_error(unknown, 400, "path is already in use at " + path + "/");
         }},

        {.name = "methods-are-no-engines",
         .requirement = "By sys/mounts an auth method is neither removed nor made, whatever else "
                        "is asked of it.",
         .rows = {242},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto method = co_await probe.auth_mount();
             const auto removed = co_await probe.vault("DELETE", "sys/mounts/auth/" + method);
             probe.expect_plain_error(removed, 400,
                                      fmt::format("cannot unmount \"auth/{}/\"", method));
             const auto there = co_await probe.vault("GET", "sys/auth/" + method);
             probe.expect_status(there, 200);
             const auto other = "auth/" + probe.name("other");
             probe.at_end("DELETE", "sys/" + other);
             const auto made =
                 co_await probe.vault("POST", "sys/mounts/" + other,
                                      Json{{"type", "pki"}, {"config", {{"token_type", "x"}}}});
             probe.expect_plain_error(made, 400, fmt::format("cannot mount \"{}/\"", other));
             const auto absent = co_await probe.vault("DELETE", "sys/mounts/" + other);
             probe.expect_status(absent, 204);
         }},

        {.name = "below-a-mount",
         .requirement = "A path below an engine's reads and tunes that engine, and removes "
                        "nothing; a method is read by its own path only.",
         .rows = {242},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/mounts/" + co_await probe.mount("own");
             const auto read = co_await probe.vault("GET", path + "/below");
             probe.expect_status(read, 200);
             probe.expect_equal(read.data().value("type", Json()), "pki", "type");
             probe.expect_status(
                 co_await probe.vault("POST", path + "/below/tune", Json{{"max_lease_ttl", "5h"}}),
                 204);
             const auto tuned = co_await probe.vault("GET", path + "/other/tune");
             probe.expect_status(tuned, 200);
             probe.expect_equal(tuned.data().value("max_lease_ttl", Json()), 18000,
                                "max_lease_ttl");
             probe.expect_status(co_await probe.vault("DELETE", path + "/below"), 204);
             probe.expect_status(co_await probe.vault("GET", path), 200);
             const auto method = "sys/auth/" + co_await probe.auth_mount();
             probe.expect_plain_error(co_await probe.vault("GET", method + "/below"), 400,
                                      "No auth engine at");
         }},

        {.name = "unknown-type",
         .requirement = "An engine of an unknown type is 400.",
         .rows = {35},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/mounts/" + probe.name("own");
             probe.at_end("DELETE", path);
             Json body{{"type", "no-such-engine"}};
             const auto unknown = co_await probe.vault("POST", path, std::move(body));
             probe.expect_plain_error(unknown, 400,
                                      "plugin not found in the catalog: no-such-engine");
         }},

        {.name = "no-type",
         .requirement = "An engine without a type is 400.",
         .rows = {35},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/mounts/" + probe.name("own");
             probe.at_end("DELETE", path);
             const auto none = co_await probe.vault("POST", path, Json::object());
             probe.expect_plain_error(none, 400, "backend type must be specified as a string");
         }},

        {.name = "removed-with-all-in-it",
         .requirement = "A removed mount takes its keys and issuers along, and its paths are those "
                        "of no mount.",
         .rows = {36},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto gone = co_await probe.vault("DELETE", "sys/mounts/" + mount);
             probe.expect_status(gone, 204);
             const auto admin = co_await probe.vault("GET", mount + "/ca/pem");
             probe.expect_error(admin, 404, "no handler for route");
             const auto nobody = co_await probe.vault("GET", mount + "/ca/pem", {}, As::nobody());
             probe.expect_plain_error(nobody, 403, "permission denied");
             Json body{{"type", "pki"}, {"description", probe.mark().text()}};
             (void)co_await probe.set_up("POST", "sys/mounts/" + mount, std::move(body));
             const auto issuers = co_await probe.vault("LIST", mount + "/issuers");
             probe.expect_no_text(issuers, 404);
         }},

        {.name = "absent-is-removed-too",
         .requirement = "Removing a mount that does not exist is 204.",
         .rows = {36},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply =
                 co_await probe.vault("DELETE", "sys/mounts/" + probe.name("nobody"));
             probe.expect_status(reply, 204);
         }},

        {.name = "listed-twice",
         .requirement = "The list of mounts is in data and again at the top level.",
         .rows = {37},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto all = co_await probe.vault("GET", "sys/mounts");
             probe.expect_status(all, 200);
             const auto key = mount + "/";
             probe.expect(all.data().contains(key), "data lacks {}", key);
             probe.expect(all.json.contains(key), "the top level lacks {}", key);
         }},

        {.name = "absent-entry",
         .requirement = "Reading a mount that does not exist is 400.",
         .rows = {37},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("nobody");
             const auto reply = co_await probe.vault("GET", "sys/mounts/" + name);
             probe.expect_plain_error(reply, 400, "No secret engine mount at " + name + "/");
         }},

        {.name = "tuned",
         .requirement =
             "Tuning takes effect, reads back in seconds, and shows the system's default "
             "where the list of mounts shows 0.",
         .rows = {38},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto tune = "sys/mounts/" + mount + "/tune";
             const auto raw = co_await probe.vault("GET", "sys/mounts/" + mount);
             const auto config = raw.data().value("config", Json::object());
             probe.expect_equal(config.value("default_lease_ttl", Json()), 0,
                                "raw default_lease_ttl");
             const auto before = co_await probe.vault("GET", tune);
             probe.expect_status(before, 200);
             const auto standard = before.data().value("default_lease_ttl", Json());
             probe.expect(standard.is_number_integer() && standard.get<std::int64_t>() > 0,
                          "the system's default is not filled in: {}", standard.dump());
             Json body{{"default_lease_ttl", "30m"}, {"max_lease_ttl", "87600h"}};
             const auto written = co_await probe.vault("POST", tune, std::move(body));
             probe.expect_status(written, 204);
             const auto after = co_await probe.vault("GET", tune);
             probe.expect_equal(after.data().value("default_lease_ttl", Json()), 1800,
                                "default_lease_ttl");
             probe.expect_equal(after.data().value("max_lease_ttl", Json()), 315360000,
                                "max_lease_ttl");
         }},

        {.name = "tune-refusals",
         .requirement = "A default above the maximum and a mount that does not exist cannot be "
                        "tuned: 400.",
         .rows = {38},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             Json body{{"default_lease_ttl", "40m"}, {"max_lease_ttl", "30m"}};
             const auto above =
                 co_await probe.vault("POST", "sys/mounts/" + mount + "/tune", std::move(body));
             probe.expect_plain_error(
                 above, 400,
                 "backend max lease TTL of 1800 would be less than backend default "
                 "lease TTL of 2400");
             const auto name = probe.name("nobody");
             Json other{{"max_lease_ttl", "30m"}};
             const auto absent =
                 co_await probe.vault("POST", "sys/mounts/" + name + "/tune", std::move(other));
             probe.expect_error(
                 absent, 400,
                 fmt::format("tune of path \"{}/\" failed: no mount entry found", name));
             const auto read = co_await probe.vault("GET", "sys/mounts/" + name + "/tune");
             probe.expect_error(read, 400,
                                fmt::format("cannot fetch sysview for path \"{}/\"", name));
         }},

        {.name = "moved",
         .requirement = "A remount answers a migration_id and a warning, and the engine appears at "
                        "its new path with its CA.",
         .rows = {41},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto before = co_await probe.vault("GET", mount + "/ca/pem", {}, As::nobody());
             const auto place = probe.name("moved");
             probe.at_end("DELETE", "sys/mounts/" + place);
             Json body{{"from", mount}, {"to", place}};
             const auto reply = co_await probe.vault("POST", "sys/remount", std::move(body));
             probe.expect_status(reply, 200);
             probe.expect(reply.data().value("migration_id", Json()).is_string(),
                          "no migration_id");
             probe.expect_warning(reply, "Mount move has been queued");
             Reply after;
             for (int i = 0; i < 50; ++i) {
                 after = co_await probe.vault("GET", place + "/ca/pem", {}, As::nobody());
                 if (after.status == 200) {
                     break;
                 }
                 co_await probe.wait(std::chrono::milliseconds(100));
             }
             probe.expect_status(after, 200);
             probe.expect_equal(after.body, before.body, "the moved CA");
             const auto old = co_await probe.vault("GET", mount + "/ca/pem");
             probe.expect_status(old, 404);
         }},

        {.name = "builtin-types",
         .requirement = "The engines that are always there cannot be mounted again, and a "
                        "configuration is an object; only key-value stores have versions: else "
                        "400.",
         .rows = {12, 35},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = "sys/mounts/" + probe.name("builtin");
             probe.at_end("DELETE", path);
             for (const std::string type : {"token", "system", "cubbyhole", "identity"}) {
                 const Json body{{"type", type}};
                 const auto refused = co_await probe.vault("POST", path, body);
                 probe.expect_plain_error(
                     refused, 400, fmt::format("mount type of \"{}\" is not mountable", type));
             }
             const Json versioned{{"type", "pki"}, {"options", {{"version", "1"}}}};
             const auto version = co_await probe.vault("POST", path, versioned);
             probe.expect_plain_error(version, 400,
                                      "secrets engine \"pki\" does not allow setting a version");
             const Json body{{"type", "pki"}, {"config", "x"}};
             const auto config = co_await probe.vault("POST", path, body);
             probe.expect_plain_error(config, 400,
                                      probe.openbao()
                                          ? "expected type 'map[string]interface {}', got "
                                            "unconvertible type 'string'"
                                          : "expected a map, got 'string'");
         }},
    };
}

}  // namespace meshproof::conformance
