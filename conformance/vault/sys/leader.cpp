// sys/leader of a server that is alone, and what operators read of a server.
#include "core/check/check.hpp"

namespace meshproof::conformance {
namespace {

using run::As;
using run::Check;
using run::Json;
using run::Level;
using run::Probe;

Task<void> alone(Probe& probe) {
    const auto reply = co_await probe.vault("GET", "sys/leader", {}, As::nobody());
    probe.expect_status(reply, 200);
    if (probe.has(run::Feature::raft)) {
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
}

Task<void> not_written(Probe& probe) {
    const auto reply = co_await probe.vault("PUT", "sys/leader", Json::object());
    probe.expect_no_text(reply, 405);
}

}  // namespace

std::vector<Check> vault_sys_leader() {
    return {
        {.id = "vault/sys/leader/alone",
         .requirement = "Without high availability sys/leader tells OpenBao's callers only that, "
                        "and Vault's all keys, empty.",
         .rows = {30},
         .level = Level::may,
         .saboteur = "sys/leader-with-ha",
         .run = alone},
        {.id = "vault/sys/leader/not-written",
         .requirement = "sys/leader can only be read.",
         .rows = {30},
         .level = Level::may,
         .saboteur = "sys/leader-written",
         .run = not_written},
    };
}

}  // namespace meshproof::conformance
