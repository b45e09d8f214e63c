// Namespaces: real on OpenBao, a header without meaning on Vault's community edition.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

constexpr auto own_lookup = "auth/token/lookup-self";

http::Headers in(std::string name) {
    return {{"X-Vault-Namespace", std::move(name)}};
}

Task<std::string> made(Probe& probe, std::string base = "ns") {
    auto name = probe.name(base);
    probe.at_end("DELETE", "sys/namespaces/" + name);
    // What a later clean-up knows it by.
    Json body{{"custom_metadata", {{"meshproof-run", probe.mark().run_id()}}}};
    (void)co_await probe.set_up("PUT", "sys/namespaces/" + name, std::move(body));
    co_return name;
}

}  // namespace

std::vector<Check> vault_sys_namespaces() {
    return {
        {.name = "header-echoed",
         .requirement = "The namespace header comes back in the answer.",
         .rows = {42},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("nobody");
             const auto reply = co_await probe.vault("GET", own_lookup, {}, As::admin(), in(name));
             probe.expect_equal(reply.headers.find("X-Vault-Namespace").value_or(""), name,
                                "the header X-Vault-Namespace");
         }},

        {.name = "unknown",
         .requirement =
             "An unknown namespace is 404 on OpenBao, before anybody looks at the token; "
             "on Vault the header means nothing.",
         .rows = {42},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("nobody");
             for (const auto& who : {As::admin(), As::nobody()}) {
                 const auto reply = co_await probe.vault("GET", "sys/mounts", {}, who, in(name));
                 if (probe.openbao()) {
                     probe.expect_plain_error(reply, 404, "namespace not found");
                 } else {
                     probe.expect_status(reply, who.kind == As::Kind::admin ? 200 : 403);
                 }
             }
         }},

        {.name = "header-and-path",
         .requirement = "A namespace is named by the header or by a path prefix, and root is the "
                        "root namespace.",
         .rows = {42},
         .level = Level::must,
         .features = {Feature::namespaces},
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await made(probe);
             Json body{{"type", "pki"}};
             const auto mounted = co_await probe.vault("POST", "sys/mounts/pki", std::move(body),
                                                       As::admin(), in(name));
             probe.expect_status(mounted, 204);
             const auto by_path = co_await probe.vault("GET", name + "/sys/mounts/pki");
             probe.expect_status(by_path, 200);
             probe.expect_equal(by_path.data().value("type", Json()), "pki", "type");
             const auto outside = co_await probe.vault("GET", "sys/mounts/" + name + "-pki");
             probe.expect_status(outside, 400);
             const auto root =
                 co_await probe.vault("GET", "sys/mounts", {}, As::admin(), in("root"));
             probe.expect_status(root, 200);
         }},

        {.name = "plain-paths",
         .requirement = "A path that begins with no namespace is a plain path; Vault's community "
                        "edition makes none.",
         .rows = {42},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("ns");
             const auto path = co_await probe.vault("GET", name + "/sys/mounts");
             probe.expect_error(path, 404, "no handler for route");
             if (!probe.openbao()) {
                 const auto made_one =
                     co_await probe.vault("PUT", "sys/namespaces/" + name, Json::object());
                 probe.expect_plain_error(made_one, 404, "enterprise-only feature");
             }
         }},

        {.name = "server-wide",
         .requirement = "On OpenBao health and init are refused inside a namespace, known or not, "
                        "and seal-status is not; Vault answers all.",
         .rows = {42},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto* path : {"sys/health", "sys/init"}) {
                 const auto reply =
                     co_await probe.vault("GET", path, {}, As::nobody(), in(probe.name("nobody")));
                 if (probe.openbao()) {
                     probe.expect_plain_error(reply, 400, "operation unavailable in namespaces");
                 } else {
                     probe.expect_status(reply, 200);
                 }
             }
             const auto status = co_await probe.vault("GET", "sys/seal-status", {}, As::nobody(),
                                                      in(probe.name("nobody")));
             probe.expect_status(status, 200);
         }},

        {.name = "removed",
         .requirement = "Removing a namespace answers 200 with status in-progress.",
         .rows = {42},
         .level = Level::may,
         .features = {Feature::namespaces},
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await made(probe);
             const auto reply = co_await probe.vault("DELETE", "sys/namespaces/" + name);
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data().value("status", Json()), "in-progress", "status");
         }},

        {.name = "tokens-belong",
         .requirement = "Tokens and accessors of a child namespace end with its id, tell its path, "
                        "and find home without the header.",
         .rows = {43},
         .level = Level::should,
         .features = {Feature::namespaces},
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await made(probe);
             Json body{{"policies", "default"}, {"ttl", "10m"}};
             const auto created = co_await probe.vault("POST", "auth/token/create", std::move(body),
                                                       As::admin(), in(name));
             probe.expect_status(created, 200);
             const auto auth = created.json.value("auth", Json::object());
             const auto token = auth.is_object() ? auth.value("client_token", "") : "";
             const auto accessor = auth.is_object() ? auth.value("accessor", "") : "";
             const auto space = co_await probe.vault("GET", "sys/namespaces/" + name);
             const auto id = space.data().value("id", "");
             probe.expect(!id.empty() && token.ends_with("." + id),
                          "the token does not end with .{}", id);
             probe.expect(!id.empty() && accessor.ends_with("." + id),
                          "the accessor does not end with .{}", id);
             const auto there =
                 co_await probe.vault("GET", own_lookup, {}, As::bearer(Secret(token)), in(name));
             probe.expect_status(there, 200);
             probe.expect_equal(there.data().value("namespace_path", Json()), name + "/",
                                "namespace_path");
             const auto bare =
                 co_await probe.vault("GET", own_lookup, {}, As::bearer(Secret(token)));
             probe.expect_status(bare, 200);
         }},

        {.name = "home-is-for-its-own-affairs",
         .requirement = "A child namespace's token finds home without the header only for what is "
                        "about the token itself: elsewhere it is 403.",
         .rows = {43},
         .level = Level::should,
         .features = {Feature::namespaces},
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await made(probe);
             Json rules{{"policy", "path \"*\" { capabilities = [\"read\", \"update\"] }"}};
             const auto written = co_await probe.vault("PUT", "sys/policies/acl/all",
                                                       std::move(rules), As::admin(), in(name));
             probe.expect_status(written, 204);
             Json body{{"policies", "all"}, {"ttl", "10m"}};
             const auto created = co_await probe.vault("POST", "auth/token/create", std::move(body),
                                                       As::admin(), in(name));
             const auto token =
                 As::bearer(Secret(created.json.value("/auth/client_token"_json_pointer, "")));
             const auto renewed =
                 co_await probe.vault("POST", "auth/token/renew-self", Json::object(), token);
             probe.expect_status(renewed, 200);
             const auto there = co_await probe.vault("GET", "sys/mounts", {}, token, in(name));
             probe.expect_status(there, 200);
             const auto bare = co_await probe.vault("GET", "sys/mounts", {}, token);
             probe.expect_wrapped_error(bare, 403, "permission denied");
             const auto root = co_await probe.vault("GET", "sys/mounts", {}, token, in("root"));
             probe.expect_wrapped_error(root, 403, "permission denied");
         }},

        {.name = "home-whatever-is-named",
         .requirement = "What is about a child namespace's token is done in that namespace even "
                        "where another one is named.",
         .rows = {43},
         .level = Level::may,
         .features = {Feature::namespaces},
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await made(probe);
             const auto sibling = co_await made(probe, "sibling");
             Json body{{"policies", "default"}, {"ttl", "10m"}};
             const auto created = co_await probe.vault("POST", "auth/token/create", std::move(body),
                                                       As::admin(), in(name));
             const auto token =
                 As::bearer(Secret(created.json.value("/auth/client_token"_json_pointer, "")));
             const auto told = co_await probe.vault("GET", own_lookup, {}, token, in(sibling));
             probe.expect_status(told, 200);
             probe.expect_equal(told.data().value("namespace_path", Json()), name + "/",
                                "namespace_path");
             const auto renewed = co_await probe.vault("POST", "auth/token/renew-self",
                                                       Json::object(), token, in(sibling));
             probe.expect_status(renewed, 200);
             const auto elsewhere = co_await probe.vault("POST", "sys/capabilities-self",
                                                         Json{{"path", "x"}}, token, in(sibling));
             probe.expect_status(elsewhere, 403);
         }},

        {.name = "root-tokens-reach-in",
         .requirement =
             "A root namespace's token works in a child namespace where its policy names "
             "the path with the namespace.",
         .rows = {43},
         .level = Level::should,
         .features = {Feature::namespaces},
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await made(probe);
             const auto allowed = co_await probe.token_for(
                 fmt::format("path \"{}/sys/mounts\" {{ capabilities = [\"read\"] }}", name));
             const auto inside =
                 co_await probe.vault("GET", "sys/mounts", {}, As::bearer(allowed), in(name));
             probe.expect_status(inside, 200);
             const auto other =
                 co_await probe.token_for("path \"sys/mounts\" { capabilities = [\"read\"] }");
             const auto denied =
                 co_await probe.vault("GET", "sys/mounts", {}, As::bearer(other), in(name));
             probe.expect_wrapped_error(denied, 403, "permission denied");
         }},
    };
}

}  // namespace meshproof::conformance
