#pragma once

#include "core/base/task.hpp"
#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

/// Whether the request needs no token, once its mount is set.
[[nodiscard]] bool is_unauthenticated(const Server& server, const LogicalRequest& request);

/// A logical request from its token on: authorisation, routing, the answer without its headers.
[[nodiscard]] Task<http::Response> serve_logical(Server& server, LogicalRequest request);

}  // namespace meshproof::fakes::vault
