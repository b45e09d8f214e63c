#include "fakes/vault/identity/cubbyhole.hpp"

#include <set>

#include "core/base/text.hpp"
#include "fakes/vault/server/server.hpp"

/// cubbyhole: a small store of each service token's own.
namespace meshproof::fakes::vault {

namespace {

using Held = std::map<std::string, Json>;

// What the token holds; nothing for a batch token.
tl::expected<Held*, BackendResponse> held_by_caller(Server& server, const BuiltinCall& call) {
    if (call.request.token->is_batch()) {
        return tl::unexpected(BackendResponse::error(
            server.openbao()
                ? "cubbyhole operations are only supported by 'service' type tokens"
                : "cubbyhole operations are only supported by \"service\" type tokens"));
    }
    return &server.cubbyholes[call.request.token->id];
}

LogicalReply list_held(Server& server, const BuiltinCall& call) {
    const auto held = held_by_caller(server, call);
    if (!held) {
        return held.error();
    }
    const auto prefix = call.captured("path");
    std::set<std::string> keys;
    for (const auto& [name, value] : **held) {
        if (name.starts_with(prefix)) {
            const auto rest = name.substr(prefix.size());
            const auto slash = rest.find('/');
            keys.insert(slash == std::string::npos ? rest : rest.substr(0, slash + 1));
        }
    }
    return list_answer({keys.begin(), keys.end()});
}

LogicalReply write_held(Server& server, const BuiltinCall& call) {
    const auto held = held_by_caller(server, call);
    if (!held) {
        return held.error();
    }
    if (call.request.data.empty()) {
        return BackendResponse::go_error("missing data fields");
    }
    (**held)[call.captured("path")] = call.request.data;
    return BackendResponse::nothing();
}

LogicalReply delete_held(Server& server, const BuiltinCall& call) {
    const auto held = held_by_caller(server, call);
    if (!held) {
        return held.error();
    }
    (*held)->erase(call.captured("path"));
    return BackendResponse::nothing();
}

LogicalReply read_held(Server& server, const BuiltinCall& call) {
    const auto held = held_by_caller(server, call);
    if (!held) {
        return held.error();
    }
    const auto path = call.captured("path");
    if (path.empty()) {
        return BackendResponse::go_error("missing path");
    }
    const auto wrapped = server.wrapped_answers.find(call.request.token->id);
    if (path == "response" && wrapped != server.wrapped_answers.end()) {
        // The older way to unwrap: the whole answer as a text.
        const Json whole{{"response", std::string(trim(wrapped->second.answer.body))}};
        return BackendResponse::with(
            whole, {"Reading from 'cubbyhole/response' is deprecated. Please use "
                    "sys/wrapping/unwrap to unwrap responses, as it provides additional security "
                    "checks and other benefits."});
    }
    const auto found = (*held)->find(path);
    return found == (*held)->end() ? BackendResponse::nothing()
                                   : BackendResponse::with(found->second);
}

}  // namespace

std::vector<BuiltinRoute> cubbyhole_routes() {
    using enum Operation;
    return {{":path*",
             {{list, list_held}, {read, read_held}, {update, write_held}, {remove, delete_held}}}};
}

}  // namespace meshproof::fakes::vault
