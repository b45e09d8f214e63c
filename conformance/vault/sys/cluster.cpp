// Three nodes on raft storage: who answers what, and who leads after the leader is gone. The checks
// seal nodes and make leaders step down, so they run one at a time, on a cluster that is given for
// that.
#include "conformance/vault/sys/steps.hpp"

namespace meshproof::conformance {
namespace {

using sys::active_node;
using sys::alone;
using sys::nodes;

std::string address(const Probe& probe, std::size_t node) {
    return probe.site().target.nodes[node].config.endpoint.url.text();
}

Json short_token() {
    return Json{{"ttl", "1m"}, {"policies", "default"}};
}

/// What a write to a node without leader is answered: not yet known, or sent to the old one. A busy
/// OpenBao that is between the two says 503.
void expect_leaderless(Probe& probe, const Reply& write) {
    if (write.status == 307 || (write.status >= 200 && write.status < 300)) {
        return;
    }
    if (probe.openbao() && write.status == 503) {
        probe.expect_error(write, 503, "no active Vault instance found");
        return;
    }
    probe.expect_error(write, 500, "local node not active but active cluster node not found");
}

Task<void> unseal(Probe& probe, std::size_t node) {
    for (const auto& key : probe.site().target.nodes[node].unseal_keys) {
        const Json body{{"key", key.reveal()}};
        (void)co_await probe.node(node, "PUT", "sys/unseal", body, As::nobody());
    }
}

}  // namespace

std::vector<Check> vault_sys_cluster() {
    return {
        {.name = "standby-health",
         .requirement = "A standby answers health with 429 to GET and HEAD, standbyok and "
                        "standbycode change that and perfstandbyok does not.",
         .rows = {22, 23, 169},
         .level = Level::must,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             const auto health =
                 co_await probe.node(standby, "GET", "sys/health", {}, As::nobody());
             probe.expect_status(health, 429);
             probe.expect_equal(health.json.value("standby", Json()), true, "standby");
             probe.expect_equal(health.json.value("sealed", Json()), false, "sealed");
             const auto head = co_await probe.node(standby, "HEAD", "sys/health", {}, As::nobody());
             probe.expect_status(head, 429);
             for (const auto& [query, status] :
                  {std::pair{"standbyok=true", 200}, std::pair{"standbycode=299", 299},
                   std::pair{"perfstandbyok=true", 429}}) {
                 const auto reply = co_await probe.node(
                     standby, "GET", fmt::format("sys/health?{}", query), {}, As::nobody());
                 probe.expect_status(reply, status);
             }
             const auto status =
                 co_await probe.node(standby, "GET", "sys/seal-status", {}, As::nobody());
             probe.expect_equal(status.json.value("sealed", Json()), false,
                                "sealed in seal-status");
             probe.expect_equal(status.json.value("storage_type", Json()), "raft", "storage_type");
         }},

        {.name = "leader-is-named",
         .requirement = "sys/leader names the active node on every node, and only that one is "
                        "itself.",
         .rows = {169},
         .level = Level::should,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             const auto self = co_await probe.node(active, "GET", "sys/leader", {}, As::nobody());
             probe.expect_equal(self.json.value("is_self", Json()), true,
                                "is_self on the active node");
             probe.expect_equal(self.json.value("ha_enabled", Json()), true, "ha_enabled");
             const auto other = co_await probe.node(standby, "GET", "sys/leader", {}, As::nobody());
             probe.expect_status(other, 200);
             probe.expect_equal(other.json.value("is_self", Json()), false, "is_self on a standby");
             probe.expect_equal(other.json.value("leader_address", Json()), address(probe, active),
                                "leader_address");
             for (const auto* key :
                  {"leader_cluster_address", "raft_committed_index", "raft_applied_index"}) {
                 probe.expect(other.json.contains(key), "sys/leader of a standby lacks {}", key);
             }
             probe.expect_equal(other.json.value("active_time", Json("absent")),
                                probe.on("absent", "0001-01-01T00:00:00Z"),
                                "active_time on a standby");
         }},

        {.name = "peers-are-listed",
         .requirement = "The raft configuration lists all servers, one of them the leader.",
         .rows = {169},
         .level = Level::may,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto active = co_await active_node(probe);
             const auto reply =
                 co_await probe.node(active, "GET", "sys/storage/raft/configuration");
             probe.expect_status(reply, 200);
             const auto servers =
                 reply.data().value("config", Json::object()).value("servers", Json::array());
             probe.expect_equal(servers.size(), probe.site().target.nodes.size(),
                                "number of servers");
             int leaders = 0;
             for (const auto& server : servers) {
                 leaders += server.value("leader", false) ? 1 : 0;
                 probe.expect(server.contains("voter"), "a server without the key voter");
             }
             probe.expect_equal(leaders, 1, "number of leaders");
         }},

        {.name = "index-of-the-storage",
         .requirement = "On raft storage OpenBao tells the storage's index in successful logical "
                        "answers and not in health or a 403; Vault never does.",
         .rows = {7},
         .level = Level::may,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             for (const auto node : {active, standby}) {
                 const auto read = co_await probe.node(node, "GET", "auth/token/lookup-self");
                 probe.expect_equal(read.headers.find("X-Vault-Index").has_value(), probe.openbao(),
                                    "X-Vault-Index of a read");
                 const auto health = co_await probe.node(node, "GET", "sys/health");
                 probe.expect(!health.headers.find("X-Vault-Index").has_value(),
                              "health has X-Vault-Index");
                 const auto refused =
                     co_await probe.node(node, "GET", "sys/mounts", {}, As::nobody());
                 probe.expect(!refused.headers.find("X-Vault-Index").has_value(),
                              "a 403 has X-Vault-Index");
             }
         }},

        {.name = "requests-are-served",
         .requirement = "A standby answers reads and writes as the active node would.",
         .rows = {32, 170},
         .level = Level::must,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             const auto read = co_await probe.node(standby, "GET", "auth/token/lookup-self");
             probe.expect_status(read, 200);
             const auto write =
                 co_await probe.node(standby, "POST", "auth/token/create", short_token());
             probe.expect_status(write, 200);
             const auto token = write.json.value("auth", Json::object()).value("client_token", "");
             const auto there = co_await probe.node(active, "GET", "auth/token/lookup-self", {},
                                                    As::bearer(Secret(token)));
             probe.expect_status(there, 200);
             const auto bad = co_await probe.node(standby, "GET", "sys/mounts", {},
                                                  As::bearer(Secret("not-a-token")));
             probe.expect_plain_error(bad, 403, "permission denied");
         }},

        {.name = "writes-unforwarded",
         .requirement =
             "A standby that is told not to forward sends a write, and a request without "
             "a token, to the leader by 307 with its path and query and no body.",
         .rows = {32, 170},
         .level = Level::should,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             const auto write = co_await probe.node(standby, "POST", "auth/token/create?a=b",
                                                    short_token(), As::admin(), alone());
             probe.expect_status(write, 307);
             probe.expect_equal(write.body, "", "body");
             probe.expect_equal(write.headers.find("Location").value_or(""),
                                address(probe, active) + "/v1/auth/token/create?a=b", "Location");
             const auto nobody =
                 co_await probe.node(standby, "GET", "sys/mounts", {}, As::nobody(), alone());
             probe.expect_status(nobody, 307);
         }},

        {.name = "reads-unforwarded",
         .requirement =
             "A standby of OpenBao serves reads itself, one of Vault redirects them when "
             "told not to forward.",
         .rows = {170},
         .level = Level::should,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             const auto read = co_await probe.node(standby, "GET", "auth/token/lookup-self", {},
                                                   As::admin(), alone());
             probe.expect_status(read, probe.on(200, 307));
             const auto open = co_await probe.node(standby, "GET", "sys/internal/ui/mounts", {},
                                                   As::nobody(), alone());
             probe.expect_status(open, probe.on(200, 307));
         }},

        {.name = "step-down",
         .requirement =
             "A step-down by way of a standby is 204; another node leads soon, and until "
             "then writes are 307, 500 or 503.",
         .rows = {32, 170, 171},
         .level = Level::must,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             const auto reply = co_await probe.node(standby, "PUT", "sys/step-down");
             probe.expect_status(reply, 204);
             const auto after = co_await probe.node(active, "GET", "sys/health", {}, As::nobody());
             probe.expect_status(after, 429);
             expect_leaderless(
                 probe, co_await probe.node(active, "POST", "auth/token/create", short_token()));
             expect_leaderless(
                 probe, co_await probe.node(standby, "POST", "auth/token/create", short_token()));
             const auto next = co_await active_node(probe);
             probe.expect(next != active, "the leader that stepped down leads again at once");
             const auto write =
                 co_await probe.node(standby, "POST", "auth/token/create", short_token());
             probe.expect_status(write, 200);
         }},

        {.name = "step-down-needs-a-token",
         .requirement = "Nobody makes a leader step down without a token.",
         .rows = {171},
         .level = Level::should,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             for (const auto node : {active, standby}) {
                 const auto refused =
                     co_await probe.node(node, "PUT", "sys/step-down", {}, As::nobody());
                 probe.expect_plain_error(refused, 403, "permission denied");
             }
             const auto read = co_await probe.node(active, "GET", "sys/step-down");
             probe.expect_no_text(read, 405);
         }},

        {.name = "sealed-leader",
         .requirement = "When the leader is sealed another node leads within seconds, and until "
                        "then writes are 307 or 500 with the text of a missing leader.",
         .rows = {32, 171},
         .level = Level::must,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             const auto sealed = co_await probe.node(active, "PUT", "sys/seal");
             probe.expect_status(sealed, 204);
             expect_leaderless(
                 probe, co_await probe.node(standby, "POST", "auth/token/create", short_token()));
             const auto gone = co_await probe.node(active, "GET", "sys/leader", {}, As::nobody());
             probe.expect_plain_error(gone, 503, "Vault is sealed");
             Reply write;
             for (int i = 0; i < 100 && write.status != 200; ++i) {
                 write = co_await probe.node(standby, "POST", "auth/token/create", short_token());
                 if (write.status != 200) {
                     co_await probe.wait(std::chrono::milliseconds(200));
                 }
             }
             const auto health = co_await probe.node(active, "GET", "sys/health", {}, As::nobody());
             co_await unseal(probe, active);
             probe.expect_status(write, 200);
             probe.expect_status(health, 503);
             const auto next = co_await active_node(probe);
             probe.expect(next != active, "the sealed node leads again");
         }},

        {.name = "seal-of-a-standby",
         .requirement = "A standby of OpenBao is sealed, one of Vault refuses with 500.",
         .rows = {26},
         .level = Level::may,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             const auto reply = co_await probe.node(standby, "PUT", "sys/seal");
             const auto health =
                 co_await probe.node(standby, "GET", "sys/health", {}, As::nobody());
             co_await unseal(probe, standby);
             if (probe.openbao()) {
                 probe.expect_status(reply, 204);
                 probe.expect_status(health, 503);
             } else {
                 probe.expect_plain_error(
                     reply, 500, "vault cannot seal when in standby mode; please restart instead");
                 probe.expect_status(health, 429);
             }
             (void)co_await active_node(probe);
         }},
    };
}

}  // namespace meshproof::conformance
