#include "fakes/vault/sys/bare.hpp"

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/sys/health.hpp"
#include "fakes/vault/sys/init.hpp"
#include "fakes/vault/sys/leader.hpp"
#include "fakes/vault/sys/raft.hpp"
#include "fakes/vault/sys/rekey.hpp"
#include "fakes/vault/sys/seal.hpp"

namespace meshproof::fakes::vault {

std::optional<http::Response> serve_bare(Server& server, Node& node, const http::Request& request,
                                         const std::string& path, Time now) {
    const bool get = request.method == "GET" || request.method == "HEAD";
    const bool put = request.method == "PUT" || request.method == "POST";
    const auto mark = request.target.find('?');
    const auto query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
    if (path == "sys/health") {
        return get ? serve_health(server, node, query, now) : error_answer(405);
    }
    if (path == "sys/seal-status") {
        return request.method == "GET" ? bare_answer(200, seal_status(server, node))
                                       : error_answer(405);
    }
    if (path == "sys/leader") {
        return request.method == "GET" || server.options.defects.on("sys/leader-written")
                   ? serve_leader(server, node)
                   : error_answer(405);
    }
    if (path == "sys/init") {
        return request.method == "GET" || put ? serve_init(server, node, request)
                                              : error_answer(405);
    }
    if (path == "sys/unseal") {
        return put ? serve_unseal(server, node, request, now) : error_answer(405);
    }
    if (path == "sys/seal" || path == "sys/step-down") {
        return put ? serve_seal(server, node, request, path, now) : error_answer(405);
    }
    if (path == "sys/storage/raft/join") {
        return put ? serve_join(server, node, request) : error_answer(405);
    }
    if (path == "sys/rekey/init" || path == "sys/generate-root/attempt") {
        return serve_rekey(server, node, request, path);
    }
    return std::nullopt;
}

}  // namespace meshproof::fakes::vault
