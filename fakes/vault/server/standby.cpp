#include "fakes/vault/server/standby.hpp"

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/serve.hpp"
#include "fakes/vault/server/server.hpp"

/// Nodes that are open and not active: rows 32 and 170.
namespace meshproof::fakes::vault {

namespace {

// Updates that write nothing.
bool only_reads(const LogicalRequest& request) {
    if (request.operation == Operation::read || request.operation == Operation::list) {
        return true;
    }
    for (const auto* path :
         {"auth/token/lookup", "auth/token/lookup-self", "auth/token/lookup-accessor",
          "sys/capabilities", "sys/capabilities-self", "sys/capabilities-accessor",
          "sys/leases/lookup"}) {
        if (request.path == path) {
            return request.writes();
        }
    }
    return false;
}

}  // namespace

bool standby_serves(const Server& server, LogicalRequest request) {
    if (!server.openbao()) {
        return false;
    }
    // Who stepped down starts anew, and serves nothing before it knows the next leader.
    if (request.node->leader == nullptr && request.node->sits_out_until > request.now) {
        return false;
    }
    request.mount = server.find_mount(*request.ns, request.path);
    // It cannot be sure that a token is bad, the active node can.
    return only_reads(request) &&
           (is_unauthenticated(server, request) || server.tokens.find(request.token_id) != nullptr);
}

std::optional<http::Response> cannot_forward(const Server& server, const VaultNode& node,
                                             const http::Request& request) {
    if (node.leader == nullptr) {
        return error_answer(500, "local node not active but active cluster node not found");
    }
    const bool unwanted =
        request.headers.find("X-Vault-No-Request-Forwarding").value_or("") == "true";
    if (!unwanted && server.nodes.active() == node.leader) {
        return std::nullopt;
    }
    http::Response response;
    response.status = 307;
    response.headers.set("Location", node.leader->api_address + request.target);
    return response;
}

}  // namespace meshproof::fakes::vault
