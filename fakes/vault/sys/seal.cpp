#include "fakes/vault/sys/seal.hpp"

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/request_parts.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/server/standby.hpp"

namespace meshproof::fakes::vault {

namespace {

Json seal_status(const Server& server, const VaultNode& node) {
    const bool known = node.joined && server.barrier.initialised();
    auto body = Json{{"type", "shamir"},
                     {"initialized", known},
                     {"sealed", node.seal.sealed()},
                     {"t", known ? server.barrier.threshold() : 0},
                     {"n", known ? server.barrier.shares() : 0},
                     {"progress", node.seal.progress()},
                     {"nonce", node.seal.nonce()},
                     {"version", server.version()},
                     {"migration", false},
                     {"recovery_seal", false},
                     {"storage_type", server.options.storage}};
    if (server.openbao()) {
        body["commit_date"] = openbao_commit_date;
    } else {
        body["build_date"] = "";
    }
    if (!node.seal.sealed()) {
        body["cluster_name"] = server.cluster_name;
        body["cluster_id"] = server.cluster_id;
    }
    return body;
}

}  // namespace

http::Response serve_seal_status(const Server& server, const BareCall& call) {
    return bare_answer(200, seal_status(server, call.node));
}

http::Response serve_unseal(Server& server, const BareCall& call) {
    auto& node = call.node;
    const auto& request = call.request;
    const auto body =
        strict_body(server.options.product, request, "http.UnsealRequest", call.early);
    if (!body) {
        return body.error();
    }
    const auto text = [&](const char* name) {
        const auto found = body->find(name);
        return found != body->end() && found->is_string() ? found->get<std::string>()
                                                          : std::string();
    };
    const auto flag = [&](const char* name) {
        const auto found = body->find(name);
        return found != body->end() && found->is_boolean() && found->get<bool>();
    };
    if (flag("reset")) {
        if (!node.seal.sealed()) {
            return error_answer(400, "vault is unsealed");
        }
        node.seal.forget_progress();
        return bare_answer(200, seal_status(server, node));
    }
    if (const auto given = body->find("key"); given != body->end() && given->is_number()) {
        return error_answer(
            400, server.openbao()
                     ? "failed to decode JSON input: json: cannot unmarshal number into Go "
                       "struct field UnsealRequest.key of type string"
                     : "failed to parse JSON input: json: cannot unmarshal number into Go "
                       "struct field UnsealRequest.Key of type string");
    }
    const auto key = text("key");
    if (key.empty()) {
        return error_answer(
            400, "'key' must be specified in request body as JSON, or 'reset' set to true");
    }
    if (!node.joined || !server.barrier.initialised()) {
        return share_bytes(key) ? error_answer(400, "Vault is not initialized")
                                : error_answer(400, "'key' must be a valid hex or base64 string");
    }
    if (flag("migrate")) {
        return error_answer(500, "can't perform a seal migration, no migration seal found");
    }
    const auto share = share_bytes(key);
    if (!share) {
        return error_answer(400, "'key' must be a valid hex or base64 string");
    }
    if (!node.seal.sealed()) {
        if (!server.openbao() && share->size() < 16) {
            return error_answer(400, "invalid key: key is shorter than minimum 16 bytes");
        }
        return bare_answer(200, seal_status(server, node));
    }
    if (const auto taken = node.seal.offer(*share); !taken) {
        return error_answer(400, taken.error().message);
    }
    if (!node.seal.sealed()) {
        server.expire(call.now);  // what ended while it was sealed (row 31)
        server.nodes.opened(node, call.now);
    }
    return bare_answer(200, seal_status(server, node));
}

http::Response serve_seal(Server& server, const BareCall& call) {
    auto& node = call.node;
    const auto& request = call.request;
    const auto& path = call.path;
    const bool seals = path == "sys/seal";
    if (node.seal.sealed()) {
        return !seals && server.nodes.raft() ? error_answer(503, "Vault is sealed")
                                             : empty_answer();
    }
    if (!seals && !server.nodes.raft()) {
        return empty_answer();  // nobody leads, so nobody is asked for a token
    }
    auto* acting = &node;
    if (server.nodes.active() != &node) {
        if (seals && !server.openbao()) {
            return error_answer(500,
                                "vault cannot seal when in standby mode; please restart instead");
        }
        if (!seals) {
            if (auto refused = cannot_forward(server, node, request.headers, request.target)) {
                return std::move(*refused);
            }
            acting = server.nodes.active();
        }
    }
    server.expire(call.now);
    const auto token = server.tokens.find(presented_token(request.headers));
    if (!token) {
        return error_answer(403, "permission denied");
    }
    const auto acl = server.acl_of(*token);
    if (!acl->allows(Operation::update, false, path, Json::object()) ||
        (seals && !acl->sudo(Operation::update, path))) {
        return error_answer(403, wrapped("permission denied"));
    }
    if (seals) {
        acting->seal.close();
        server.nodes.sealed(*acting, call.now);
    } else {
        server.nodes.stepped_down(*acting, call.now);
    }
    return empty_answer();
}

}  // namespace meshproof::fakes::vault
