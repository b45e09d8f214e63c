#pragma once

#include "core/base/task.hpp"
#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

/// The refusal of a write to what looks like a folder: row 15.
[[nodiscard]] std::optional<http::Response> refuse_folder(const LogicalRequest& request);

/// Whether the request needs no token, once its mount is set.
[[nodiscard]] bool is_unauthenticated(const Server& server, const LogicalRequest& request);

/// The answer of the engine or method at the request's mount, once nothing forbids to ask it.
[[nodiscard]] Task<LogicalReply> dispatch(Server& server, LogicalRequest request);

/// A logical request from its token on: authorisation, routing, the answer without its headers.
[[nodiscard]] Task<http::Response> serve_logical(Server& server, LogicalRequest request);

}  // namespace meshproof::fakes::vault
