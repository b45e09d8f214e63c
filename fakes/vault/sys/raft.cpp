#include "fakes/vault/sys/raft.hpp"

#include <algorithm>

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/request_parts.hpp"
#include "fakes/vault/server/server.hpp"

/// What a cluster tells of its nodes: sys/storage/raft, sys/ha-status.
namespace meshproof::fakes::vault {

namespace {

// Without the scheme: raft's own address.
std::string raft_address(const VaultNode& node) {
    return node.cluster_address().substr(std::string_view("https://").size());
}

}  // namespace

LogicalReply read_raft_configuration(Server& server, const BuiltinCall&) {
    auto servers = Json::array();
    for (const auto& node : server.nodes.all()) {
        if (node->joined) {
            servers.push_back(Json{{"node_id", node->id},
                                   {"address", raft_address(*node)},
                                   {"leader", node.get() == server.nodes.active()},
                                   {"protocol_version", "3"},
                                   {"voter", true}});
        }
    }
    const auto config = Json{{"servers", servers}, {"index", 0}};
    return BackendResponse::with(Json{{"config", config}});
}

LogicalReply read_autopilot_state(Server& server, const BuiltinCall&) {
    auto servers = Json::object();
    auto voters = Json::array();
    int healthy = 0;
    for (const auto& node : server.nodes.all()) {
        if (!node->joined) {
            continue;
        }
        const bool well = !node->crashed && !node->seal.sealed();
        const bool leads = node.get() == server.nodes.active();
        healthy += well ? 1 : 0;
        voters.push_back(node->id);
        servers[node->id] = Json{{"id", node->id},
                                 {"name", node->id},
                                 {"address", raft_address(*node)},
                                 {"node_status", well ? "alive" : "left"},
                                 {"last_contact", "0s"},
                                 {"last_term", 3},
                                 {"last_index", server.raft_index},
                                 {"healthy", well},
                                 {"stable_since", rfc3339_nano(node->active_since)},
                                 {"status", leads ? "leader" : "voter"},
                                 {"version", server.version()},
                                 {"node_type", "voter"}};
    }
    const auto members = static_cast<int>(voters.size());
    const auto* active = server.nodes.active();
    return BackendResponse::with(Json{{"failure_tolerance", std::max(0, healthy - members / 2 - 1)},
                                      {"healthy", healthy == members},
                                      {"leader", active != nullptr ? active->id : ""},
                                      {"servers", servers},
                                      {"voters", voters}});
}

LogicalReply read_autopilot_configuration(Server& server, const BuiltinCall&) {
    auto data = Json{{"cleanup_dead_servers", false},
                     {"dead_server_last_contact_threshold", "24h0m0s"},
                     {"last_contact_threshold", "10s"},
                     {"max_trailing_logs", 1000},
                     {"min_quorum", 0},
                     {"server_stabilization_time", "10s"}};
    if (!server.openbao()) {
        data["disable_upgrade_migration"] = false;
    }
    return BackendResponse::with(std::move(data));
}

LogicalReply read_ha_status(Server& server, const BuiltinCall& call) {
    auto nodes = Json::array();
    for (const auto& node : server.nodes.all()) {
        const bool leads = node.get() == server.nodes.active();
        auto told = Json{{"hostname", node->id},
                         {"api_address", node->api_address},
                         {"cluster_address", node->cluster_address()},
                         {"active_node", leads},
                         {"last_echo", leads ? Json() : Json(rfc3339_nano(call.request.now))},
                         {"version", server.version()}};
        if (server.nodes.raft()) {
            told["upgrade_version"] = server.version();
        }
        nodes.push_back(std::move(told));
    }
    LogicalReply reply(BackendResponse::with(Json{{"nodes", nodes}}));
    reply.repeat_data = true;
    return reply;
}

http::Response serve_join(Server& server, const BareCall& call) {
    auto& node = call.node;
    const auto& request = call.request;
    const auto body =
        strict_body(server.options.product, request, "http.JoinRequest", call.early);
    if (!body) {
        return body.error();
    }
    if (!server.nodes.raft()) {
        return error_answer(500, "raft storage is not in use");
    }
    const auto address = body->value("leader_api_addr", Json(""));
    const auto* leader =
        address.is_string() ? server.nodes.find(address.get<std::string>()) : nullptr;
    if (!node.joined && (leader == nullptr || !leader->joined || leader->crashed)) {
        return error_answer(500,
                            "failed to join raft cluster: failed to join any raft leader node");
    }
    node.joined = true;
    return bare_answer(200, Json{{"joined", true}});
}

}  // namespace meshproof::fakes::vault
