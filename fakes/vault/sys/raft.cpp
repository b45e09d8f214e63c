#include "fakes/vault/server/server.hpp"

/// What a cluster tells of its nodes: sys/storage/raft, sys/ha-status.
namespace meshproof::fakes::vault {

namespace {

// Without the scheme: raft's own address.
std::string raft_address(const Node& node) {
    return node.cluster_address().substr(std::string_view("https://").size());
}

CoreReply configuration(const VaultCore& core) {
    auto servers = Json::array();
    for (const auto& node : core.cluster.nodes()) {
        if (node->joined) {
            servers.push_back(
                Json{{"node_id", node->id},
                     {"address", raft_address(*node)},
                     {"leader", node.get() == core.cluster.active() &&
                                    !core.options.defects.on("cluster/peers-without-leader")},
                     {"protocol_version", "3"},
                     {"voter", true}});
        }
    }
    const auto config = Json{{"servers", servers}, {"index", 0}};
    return BackendResponse::with(Json{{"config", config}});
}

CoreReply autopilot_state(const VaultCore& core) {
    auto servers = Json::object();
    auto voters = Json::array();
    int healthy = 0;
    for (const auto& node : core.cluster.nodes()) {
        if (!node->joined) {
            continue;
        }
        const bool well = !node->crashed && !node->seal.sealed();
        const bool leads = node.get() == core.cluster.active();
        healthy += well ? 1 : 0;
        voters.push_back(node->id);
        servers[node->id] = Json{{"id", node->id},
                                 {"name", node->id},
                                 {"address", raft_address(*node)},
                                 {"node_status", well ? "alive" : "left"},
                                 {"last_contact", "0s"},
                                 {"last_term", 3},
                                 {"last_index", core.raft_index},
                                 {"healthy", well},
                                 {"stable_since", rfc3339_nano(node->active_since)},
                                 {"status", leads ? "leader" : "voter"},
                                 {"version", core.version()},
                                 {"node_type", "voter"}};
    }
    const auto members = static_cast<int>(voters.size());
    const auto* active = core.cluster.active();
    return BackendResponse::with(Json{{"failure_tolerance", std::max(0, healthy - members / 2 - 1)},
                                      {"healthy", healthy == members},
                                      {"leader", active != nullptr ? active->id : ""},
                                      {"servers", servers},
                                      {"voters", voters}});
}

CoreReply autopilot_configuration(const VaultCore& core) {
    auto data = Json{{"cleanup_dead_servers", false},
                     {"dead_server_last_contact_threshold", "24h0m0s"},
                     {"last_contact_threshold", "10s"},
                     {"max_trailing_logs", 1000},
                     {"min_quorum", 0},
                     {"server_stabilization_time", "10s"}};
    if (!core.openbao()) {
        data["disable_upgrade_migration"] = false;
    }
    return BackendResponse::with(std::move(data));
}

CoreReply ha_status(const VaultCore& core, Time now) {
    auto nodes = Json::array();
    for (const auto& node : core.cluster.nodes()) {
        const bool leads = node.get() == core.cluster.active();
        auto told = Json{{"hostname", node->id},
                         {"api_address", node->api_address},
                         {"cluster_address", node->cluster_address()},
                         {"active_node", leads},
                         {"last_echo", leads ? Json() : Json(rfc3339_nano(now))},
                         {"version", core.version()}};
        if (core.cluster.raft()) {
            told["upgrade_version"] = core.version();
        }
        nodes.push_back(std::move(told));
    }
    CoreReply reply(BackendResponse::with(Json{{"nodes", nodes}}));
    reply.repeat_data = true;
    return reply;
}

}  // namespace

CoreReply serve_raft(VaultCore& core, const LogicalRequest& request) {
    if (request.path == "sys/ha-status") {
        return request.reads() ? ha_status(core, request.now)
                               : BackendResponse::unsupported_operation();
    }
    if (!core.cluster.raft()) {
        return BackendResponse::unsupported_path();
    }
    for (const auto& [path, answer] :
         {std::pair{"sys/storage/raft/configuration", &configuration},
          std::pair{"sys/storage/raft/autopilot/state", &autopilot_state},
          std::pair{"sys/storage/raft/autopilot/configuration", &autopilot_configuration}}) {
        if (request.path == path) {
            return request.reads() ? answer(core) : BackendResponse::unsupported_operation();
        }
    }
    return BackendResponse::unsupported_path();
}

}  // namespace meshproof::fakes::vault
