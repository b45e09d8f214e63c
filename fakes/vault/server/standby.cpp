#include "fakes/vault/server/standby.hpp"

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/inline_login.hpp"
#include "fakes/vault/server/login.hpp"
#include "fakes/vault/server/serve.hpp"
#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

namespace {

// Nobody is behind the path, or it is read, or updated without a write, at least at first.
bool can_begin(const LogicalRequest& request) {
    const bool reads = request.operation == Operation::read || request.operation == Operation::list;
    if (!request.mount || request.no_operation || reads) {
        return true;
    }
    if (!request.writes()) {
        return false;
    }
    if (request.mount->backend) {
        return request.mount->backend->standby_serves(
            request.under(request.mount->path).value_or(""));
    }
    for (const auto* path :
         {"auth/token/lookup", "auth/token/lookup-self", "auth/token/lookup-accessor",
          "sys/capabilities", "sys/capabilities-self", "sys/capabilities-accessor",
          "sys/leases/lookup", "auth/token/renew", "auth/token/renew-self",
          "auth/token/renew-accessor", "sys/leases/renew"}) {
        if (request.path == path) {
            return true;
        }
    }
    return false;
}

}  // namespace

bool begins_at_standby(const Server& server, LogicalRequest request) {
    if (!server.openbao()) {
        return false;
    }
    // Who stepped down starts anew, and serves nothing before it knows the next leader.
    if (request.node->leader == nullptr && request.node->sits_out_until > request.now) {
        return false;
    }
    request.mount = server.find_mount(*request.ns, request.path);
    if (is_unauthenticated(server, request) || has_inline_login(request)) {
        return true;
    }
    // It cannot be sure that a token is bad, the active node can; and uses are counted there.
    const auto token = server.tokens.find(request.token_id);
    return token != nullptr && token->num_uses == 0;
}

Task<std::optional<LogicalReply>> answer_at_standby(Server& server, LogicalRequest request) {
    if (!can_begin(request)) {
        co_return std::nullopt;
    }
    auto reply = co_await dispatch(server, std::move(request));
    if (is_unwritten_grant(reply)) {
        co_return std::nullopt;
    }
    co_return reply;
}

std::optional<http::Response> hand_over(Server& server, LogicalRequest& request) {
    request.now = server.clock.now();
    server.nodes.settle(request.now);
    if (server.nodes.active() != request.node) {  // else it leads by now
        if (auto refused = cannot_forward(server, *request.node, request.headers, request.target)) {
            return refused;
        }
        request.node = server.nodes.active();
    }
    request.at_standby = false;
    return std::nullopt;
}

std::optional<http::Response> cannot_forward(const Server& server, const VaultNode& node,
                                             const http::Headers& headers,
                                             std::string_view target) {
    if (node.leader == nullptr) {
        return error_answer(500, "local node not active but active cluster node not found");
    }
    const bool unwanted = headers.find("X-Vault-No-Request-Forwarding").value_or("") == "true";
    if (!unwanted && server.nodes.active() == node.leader) {
        return std::nullopt;
    }
    http::Response response;
    response.status = 307;
    response.headers.set("Location", node.leader->api_address + std::string(target));
    return response;
}

}  // namespace meshproof::fakes::vault
