// GET sys/health: what load balancers and the mesh's own health check read.
#include "conformance/check.hpp"

namespace meshproof::conformance {

std::vector<Check> vault_sys_health() {
    return {
        {.name = "active-is-200",
         .requirement = "An active server answers 200 to anybody, with a bare body.",
         .rows = {22, 24},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto health = co_await probe.vault("GET", "sys/health", {}, As::nobody());
             probe.expect_status(health, 200);
             probe.expect_equal(health.json.value("initialized", Json()), true, "initialized");
             probe.expect_equal(health.json.value("sealed", Json()), false, "sealed");
             probe.expect_equal(health.json.value("standby", Json()), false, "standby");
         }},

        {.name = "status-codes-are-overridden",
         .requirement = "activecode chooses the status of an active server; a code that is no "
                        "number is 400 without a text.",
         .rows = {23},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto chosen =
                 co_await probe.vault("GET", "sys/health?activecode=299", {}, As::nobody());
             probe.expect_status(chosen, 299);
             const auto junk =
                 co_await probe.vault("GET", "sys/health?activecode=x", {}, As::nobody());
             probe.expect_no_text(junk, 400);
         }},

        {.name = "head-and-post",
         .requirement = "HEAD answers as GET without the body, POST is 405.",
         .rows = {22, 23},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto head = co_await probe.vault("HEAD", "sys/health", {}, As::nobody());
             probe.expect_status(head, 200);
             probe.expect_equal(head.body, "", "body of HEAD");
             const auto post = co_await probe.vault("POST", "sys/health", Json::object());
             probe.expect_no_text(post, 405);
         }},

        {.name = "keys-of-the-body",
         .requirement = "The body tells state, replication, time, a bare version and the cluster; "
                        "only Vault knows performance_standby.",
         .rows = {24},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto health = co_await probe.vault("GET", "sys/health", {}, As::nobody());
             std::set<std::string> keys{"initialized",
                                        "sealed",
                                        "standby",
                                        "replication_performance_mode",
                                        "replication_dr_mode",
                                        "server_time_utc",
                                        "version",
                                        "cluster_name",
                                        "cluster_id"};
             if (!probe.openbao()) {
                 keys.insert("performance_standby");
             }
             probe.expect_keys(health.json, std::move(keys), "health");
             const auto version = health.json.value("version", std::string());
             probe.expect(
                 !version.empty() && std::isdigit(static_cast<unsigned char>(version[0])) != 0,
                 "the version is {}", version);
             const auto time = health.json.value("server_time_utc", Json());
             probe.expect(time.is_number_integer(), "server_time_utc is {}", time.dump());
             const auto raft_mode = probe.on("primary", "disabled");
             probe.expect_equal(health.json.value("replication_performance_mode", Json()),
                                probe.has(Feature::raft) ? raft_mode : "disabled",
                                "replication_performance_mode");
         }},

        {.name = "enterprise-codes",
         .requirement = "The codes of Vault Enterprise's states are parsed by Vault and ignored by "
                        "OpenBao, junk included.",
         .rows = {23},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto* name : {"drsecondarycode", "performancestandbycode"}) {
                 const auto number = co_await probe.vault(
                     "GET", fmt::format("sys/health?{}=299", name), {}, As::nobody());
                 probe.expect_status(number, 200);
                 const auto junk = co_await probe.vault("GET", fmt::format("sys/health?{}=x", name),
                                                        {}, As::nobody());
                 probe.expect_status(junk, probe.on(200, 400));
             }
         }},
    };
}

}  // namespace meshproof::conformance
