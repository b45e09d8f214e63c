// sys/plugins/catalog: what a server says it can mount.
#include "conformance/check.hpp"

namespace meshproof::conformance {
namespace {

bool has_entry(const Json& list, std::string_view name) {
    return list.is_array() &&
           std::ranges::any_of(list, [&](const Json& one) { return one == name; });
}

}  // namespace

std::vector<Check> vault_sys_plugins() {
    return {
        {.name = "catalog",
         .requirement = "The catalog tells what there is by type, with pki, kubernetes and "
                        "approle among it, and each with its version.",
         .rows = {205},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.vault("GET", "sys/plugins/catalog");
             probe.expect_status(reply, 200);
             const auto& data = reply.data();
             probe.expect_keys(data, {"auth", "database", "detailed", "secret"}, "data");
             probe.expect(has_entry(data.value("secret", Json()), "pki"), "secret lacks pki");
             probe.expect(has_entry(data.value("auth", Json()), "kubernetes"),
                          "auth lacks kubernetes");
             probe.expect(has_entry(data.value("auth", Json()), "approle"), "auth lacks approle");
             for (const auto& one : data.value("detailed", Json::array())) {
                 if (one.value("name", "") == "pki") {
                     probe.expect_keys(one,
                                       {"builtin", "deprecation_status", "name", "type", "version"},
                                       "the detail of pki");
                     probe.expect_equal(one.value("type", Json()), "secret", "its type");
                 }
             }
             const auto list = co_await probe.vault("LIST", "sys/plugins/catalog/auth");
             probe.expect_status(list, 200);
             probe.expect_equal(list.data().value("keys", Json()), data.value("auth", Json()),
                                "keys, beside the catalog's");
         }},

        {.name = "one-plugin",
         .requirement = "A plugin is read by its type and name, in its version only; without a "
                        "type nothing is told but a warning.",
         .rows = {205},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto read = co_await probe.vault("GET", "sys/plugins/catalog/secret/pki");
             probe.expect_status(read, 200);
             std::set<std::string> keys{"args", "builtin", "command", "deprecation_status",
                                        "name", "sha256",  "version"};
             if (probe.openbao()) {
                 keys.insert({"declarative", "oci"});
             }
             probe.expect_keys(read.data(), std::move(keys), "data");
             probe.expect_equal(read.data().value("builtin", Json()), true, "builtin");
             const auto absent = co_await probe.vault("GET", "sys/plugins/catalog/secret/none");
             probe.expect_no_text(absent, 404);
             const auto other =
                 co_await probe.vault("GET", "sys/plugins/catalog/secret/pki?version=v0.0.1");
             probe.expect_no_text(other, 404);
             const auto untyped = co_await probe.vault("GET", "sys/plugins/catalog/pki");
             probe.expect_status(untyped, 200);
             probe.expect_warning(untyped, "Deprecated API endpoint");
             const auto unlisted = co_await probe.vault("GET", "sys/plugins/catalog/secret");
             probe.expect_wrapped_error(unlisted, 405, "unsupported operation");
         }},
    };
}

}  // namespace meshproof::conformance
