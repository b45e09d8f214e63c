#include "fakes/vault/server/builtin.hpp"

#include <algorithm>

#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

std::string BuiltinCall::captured(std::string_view name) const {
    const auto found = path.find(name);
    return found == path.end() ? std::string() : found->second;
}

std::string_view Builtin::below(const LogicalRequest& request) const {
    return std::string_view(request.path).substr(std::min(mount.size(), request.path.size()));
}

Task<LogicalReply> serve_builtin(Server& server, const Builtin& builtin, LogicalRequest request) {
    auto routed = builtin.router.route(request.operation, builtin.below(request), request.data,
                                       server.options.product);
    if (!routed) {
        co_return routed.error();
    }
    BuiltinCall call{std::move(request), routed->fields, std::move(routed->path)};
    LogicalReply reply(BackendResponse::nothing());
    if (const auto* at_once = std::get_if<0>(&routed->function)) {
        reply = (*at_once)(server, call);
    } else {
        reply = co_await std::get<1>(routed->function)(server, std::move(call));
    }
    if (reply.base.status != 202) {  // what starts a tidy has a body of its own
        routed->fields.warn_unrecognized(reply.base);
    }
    co_return reply;
}

}  // namespace meshproof::fakes::vault
