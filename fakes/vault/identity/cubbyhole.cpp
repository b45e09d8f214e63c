#include "fakes/vault/identity/cubbyhole.hpp"

#include <set>

#include "core/base/text.hpp"
#include "fakes/vault/server/server.hpp"

/// cubbyhole: a small store of each service token's own.
namespace meshproof::fakes::vault {

LogicalReply serve_cubbyhole(Server& server, const LogicalRequest& request) {
    const auto path = request.under("cubbyhole/").value_or("");
    if (request.token->is_batch() && !server.options.defects.on("token/batch-has-a-cubbyhole")) {
        return BackendResponse::error(
            server.openbao()
                ? "cubbyhole operations are only supported by 'service' type tokens"
                : "cubbyhole operations are only supported by \"service\" type tokens");
    }
    auto& held = server.cubbyholes[request.token->id];
    if (request.operation == Operation::list) {
        const auto prefix = path.empty() ? path : path + "/";
        std::set<std::string> keys;
        for (const auto& [name, value] : held) {
            if (name.starts_with(prefix)) {
                const auto rest = name.substr(prefix.size());
                const auto slash = rest.find('/');
                keys.insert(slash == std::string::npos ? rest : rest.substr(0, slash + 1));
            }
        }
        return list_answer({keys.begin(), keys.end()});
    }
    if (request.writes()) {
        if (request.data.empty()) {
            return BackendResponse::go_error("missing data fields");
        }
        held[path] = request.data;
        return BackendResponse::nothing();
    }
    if (request.operation == Operation::remove) {
        held.erase(path);
        return BackendResponse::nothing();
    }
    if (request.reads() && path.empty()) {
        return BackendResponse::go_error("missing path");
    }
    if (request.reads() && path == "response" &&
        server.wrapped_answers.contains(request.token->id) &&
        !server.options.defects.on("http/wrapped-only-by-unwrap")) {
        // The older way to unwrap: the whole answer as a text.
        const Json whole{
            {"response", std::string(trim(server.wrapped_answers[request.token->id].answer.body))}};
        return BackendResponse::with(
            whole, {"Reading from 'cubbyhole/response' is deprecated. Please use "
                    "sys/wrapping/unwrap to unwrap responses, as it provides additional security "
                    "checks and other benefits."});
    }
    if (request.reads()) {
        const auto found = held.find(path);
        return found == held.end() ? BackendResponse::nothing()
                                   : BackendResponse::with(found->second);
    }
    return BackendResponse::unsupported_operation();
}

}  // namespace meshproof::fakes::vault
