// sys/leader of a server that is alone, and what operators read of a server.
#include "conformance/check.hpp"

namespace meshproof::conformance {

std::vector<Check> vault_sys_leader() {
    return {
        {.name = "alone",
         .requirement = "Without high availability sys/leader tells OpenBao's callers only that, "
                        "and Vault's all keys, empty.",
         .rows = {30},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.vault("GET", "sys/leader", {}, As::nobody());
             probe.expect_status(reply, 200);
             if (probe.has(Feature::raft)) {
                 probe.expect_equal(reply.json.value("ha_enabled", Json()), true, "ha_enabled");
                 co_return;
             }
             Json expected{{"ha_enabled", false}};
             if (!probe.openbao()) {
                 expected.update(Json{{"is_self", false},
                                      {"active_time", "0001-01-01T00:00:00Z"},
                                      {"leader_address", ""},
                                      {"leader_cluster_address", ""},
                                      {"performance_standby", false},
                                      {"performance_standby_last_remote_wal", 0}});
             }
             probe.expect_equal(reply.json, expected, "the body");
         }},

        {.name = "not-written",
         .requirement = "sys/leader can only be read.",
         .rows = {30},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.vault("PUT", "sys/leader", Json::object());
             probe.expect_no_text(reply, 405);
         }},
    };
}

}  // namespace meshproof::conformance
