#pragma once

#include <optional>

#include "core/http/message.hpp"
#include "fakes/vault/server/logical_request.hpp"
#include "fakes/vault/server/nodes.hpp"

namespace meshproof::fakes::vault {

class Server;

/// What an open node that is not active answers where it cannot forward; nothing where it can
/// (server/standby.cpp).
[[nodiscard]] std::optional<http::Response> cannot_forward(const Server& server,
                                                           const VaultNode& node,
                                                           const http::Request& request);
/// Whether the request is answered by an open node that is not active, without forwarding
/// (server/standby.cpp).
[[nodiscard]] bool standby_serves(const Server& server, LogicalRequest request);

}  // namespace meshproof::fakes::vault
