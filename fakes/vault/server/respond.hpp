#pragma once

#include "core/http/message.hpp"
#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

/// Turns a reply into the HTTP answer: envelope, wrapping rule, empty reads, response wrapping
/// (server/respond.cpp).
[[nodiscard]] http::Response respond(Server& server, const LogicalRequest& request,
                                     LogicalReply reply);

/// The answer of a tidy, which runs to its end at once here.
[[nodiscard]] BackendResponse tidy_started(const Server& server);

}  // namespace meshproof::fakes::vault
