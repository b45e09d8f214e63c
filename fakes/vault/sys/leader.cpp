#include "fakes/vault/sys/leader.hpp"

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

http::Response serve_leader(const Server& server, const BareCall& call) {
    const auto& node = call.node;
    if (server.nodes.raft() && node.seal.sealed()) {
        return error_answer(503, "Vault is sealed");
    }
    auto body = Json{{"ha_enabled", server.nodes.raft()}};
    const bool self = server.nodes.raft() && server.nodes.active() == &node;
    const auto* known = server.nodes.raft() ? node.leader : nullptr;
    if (!server.openbao() || server.nodes.raft()) {
        body["is_self"] = self;
        body["leader_address"] = known != nullptr ? known->api_address : "";
        body["leader_cluster_address"] = known != nullptr ? known->cluster_address() : "";
    }
    if (!server.openbao()) {
        body["active_time"] = self ? rfc3339_nano(node.active_since) : "0001-01-01T00:00:00Z";
        body["performance_standby"] = false;
        body["performance_standby_last_remote_wal"] = 0;
    } else if (self) {
        body["active_time"] = rfc3339_nano(node.active_since);
    }
    if (server.nodes.raft()) {
        body["raft_committed_index"] = server.raft_index;
        body["raft_applied_index"] = server.raft_index;
    }
    return bare_answer(200, body);
}

}  // namespace meshproof::fakes::vault
