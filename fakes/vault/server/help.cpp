#include "fakes/vault/server/help.hpp"

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

LogicalReply tell_help(const Server& server, const LogicalRequest& request) {
    std::optional<std::string> text;
    if (request.mount->backend) {
        text = request.mount->backend->help(request.under(request.mount->path).value_or(""));
    } else if (const auto* builtin = server.catalog.builtin(request.mount->path)) {
        text = builtin->router.help(builtin->below(request));
    }
    if (!text) {
        return BackendResponse::unsupported_path();
    }
    BackendResponse response;
    response.kind = BackendResponse::Kind::raw;
    response.raw = bare_answer(
        200, Json{{"help", std::move(*text)}, {"openapi", Json::object()}, {"see_also", Json()}});
    return response;
}

}  // namespace meshproof::fakes::vault
