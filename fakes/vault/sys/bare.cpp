#include "fakes/vault/sys/bare.hpp"

#include <algorithm>
#include <variant>

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/sys/health.hpp"
#include "fakes/vault/sys/init.hpp"
#include "fakes/vault/sys/leader.hpp"
#include "fakes/vault/sys/raft.hpp"
#include "fakes/vault/sys/rekey.hpp"
#include "fakes/vault/sys/seal.hpp"

namespace meshproof::fakes::vault {

namespace {

using Methods = std::vector<std::string_view>;

struct BareRoute {
    std::string_view path;
    Methods methods;  ///< none = it looks itself
    std::variant<http::Response (*)(const Server& server, const BareCall& call),
                 http::Response (*)(Server& server, const BareCall& call)>
        function;
};

const std::vector<BareRoute>& routes() {
    static const Methods writes{"PUT", "POST"};
    static const std::vector<BareRoute> all = {
        {"sys/health", {"GET", "HEAD"}, serve_health},
        {"sys/seal-status", {"GET"}, serve_seal_status},
        {"sys/leader", {"GET"}, serve_leader},
        {"sys/init", {"GET", "PUT", "POST"}, serve_init},
        {"sys/unseal", writes, serve_unseal},
        {"sys/seal", writes, serve_seal},
        {"sys/step-down", writes, serve_seal},
        {"sys/storage/raft/join", writes, serve_join},
        {"sys/rekey/init", {}, serve_rekey},
        {"sys/generate-root/attempt", {}, serve_rekey},
    };
    return all;
}

}  // namespace

std::optional<http::Response> serve_bare(Server& server, const BareCall& call) {
    const auto found = std::ranges::find(routes(), call.path, &BareRoute::path);
    if (found == routes().end()) {
        return std::nullopt;
    }
    const auto& methods = found->methods;
    if (!methods.empty() && std::ranges::find(methods, call.request.method) == methods.end()) {
        return error_answer(405);
    }
    return std::visit([&](const auto& serve) { return serve(server, call); }, found->function);
}

std::vector<RouteShape> bare_shapes() {
    std::vector<RouteShape> all;
    for (const auto& route : routes()) {
        RouteShape shape;
        shape.paths.emplace_back(route.path.substr(std::string_view("sys/").size()),
                                 std::vector<std::string>());
        const auto takes = [&route](std::string_view method) {
            return route.methods.empty() ||
                   std::ranges::find(route.methods, method) != route.methods.end();
        };
        for (const auto& [method, operation] :
             {std::pair("GET", Operation::read), std::pair("POST", Operation::update)}) {
            if (takes(method)) {
                shape.operations.push_back(operation);
            }
        }
        if (route.methods.empty()) {
            shape.operations.push_back(Operation::remove);  // as those do that look themselves
        }
        const bool asks_for_token = route.path == "sys/seal" || route.path == "sys/step-down";
        shape.needs = asks_for_token ? Needs::token : Needs::nothing;
        all.push_back(std::move(shape));
    }
    return all;
}

}  // namespace meshproof::fakes::vault
