// Audit devices, as far as the API has them.
#include "conformance/check.hpp"

namespace meshproof::conformance {

std::vector<Check> vault_sys_audit() {
    return {
        {.name = "devices",
         .requirement = "Vault enables an audit device by its API, lists and disables it; OpenBao "
                        "refuses, for it has them by its configuration.",
         .rows = {204},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("audit");
             const auto path = "sys/audit/" + name;
             probe.at_end("DELETE", path);
             const Json device{{"type", "file"},
                               {"description", probe.mark().text()},
                               {"options", Json{{"file_path", "discard"}}}};
             const auto enabled = co_await probe.vault("PUT", path, device);
             const auto list = co_await probe.vault("GET", "sys/audit");
             probe.expect_status(list, 200);
             const auto told = list.data().value(name + "/", Json());
             if (probe.openbao()) {
                 probe.expect_plain_error(enabled, 400, "cannot enable audit device via API");
                 probe.expect(told.is_null(), "the refused device is listed");
             } else {
                 probe.expect_status(enabled, 204);
                 probe.expect_keys(told, {"description", "local", "options", "path", "type"},
                                   "the listed device");
                 const auto again = co_await probe.vault("PUT", path, device);
                 probe.expect_plain_error(again, 400, "path already in use");
                 const auto hash =
                     co_await probe.vault("PUT", "sys/audit-hash/" + name, Json{{"input", "x"}});
                 probe.expect_status(hash, 200);
                 probe.expect(hash.data().value("hash", "").starts_with("hmac-sha256:"),
                              "the hash has no name");
             }
             probe.expect_status(co_await probe.vault("DELETE", path), 204);
             probe.expect_status(co_await probe.vault("DELETE", path), 204);
             const auto unknown =
                 co_await probe.vault("PUT", "sys/audit-hash/" + name, Json{{"input", "x"}});
             probe.expect_plain_error(unknown, 400, "unknown audit backend");
         }},

        {.name = "request-headers",
         .requirement = "The headers that audits shall show are written, read, listed and deleted "
                        "one by one.",
         .rows = {204},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("x-header");
             const std::string all = "sys/config/auditing/request-headers";
             const auto path = all + "/" + name;
             probe.at_end("DELETE", path);
             probe.expect_status(co_await probe.vault("POST", path, Json{{"hmac", true}}), 204);
             const auto read = co_await probe.vault("GET", path);
             probe.expect_status(read, 200);
             probe.expect_equal(read.data().value(name, Json()), Json{{"hmac", true}}, "header");
             const auto list = co_await probe.vault("GET", all);
             probe.expect_status(list, 200);
             probe.expect_equal(list.data().value("headers", Json::object()).value(name, Json()),
                                Json{{"hmac", true}}, "the listed header");
             probe.expect_status(co_await probe.vault("DELETE", path), 204);
             const auto gone = co_await probe.vault("GET", path);
             probe.expect_plain_error(gone, 400, "Could not find header in config");
         }},
    };
}

}  // namespace meshproof::conformance
