#pragma once

#include <optional>
#include <string_view>

#include "core/base/task.hpp"
#include "core/http/message.hpp"
#include "fakes/vault/server/logical_request.hpp"
#include "fakes/vault/server/nodes.hpp"

/// Nodes that are open and not active: wire contract rows 32 and 170. One of Vault forwards all
/// that it is asked. One of OpenBao goes ahead with it until something has to be written.
namespace meshproof::fakes::vault {

class Server;

/// What an open node that is not active answers where it cannot forward; nothing where it can.
[[nodiscard]] std::optional<http::Response> cannot_forward(const Server& server,
                                                           const VaultNode& node,
                                                           const http::Headers& headers,
                                                           std::string_view target);

/// Whether such a node goes ahead with the request, rather than to forward it unseen.
[[nodiscard]] bool begins_at_standby(const Server& server, LogicalRequest request);

/// What it answers once nothing forbids to ask the engine or method; nothing where that writes.
[[nodiscard]] Task<std::optional<LogicalReply>> answer_at_standby(Server& server,
                                                                  LogicalRequest request);

/// Makes the active node the one that goes on with the request; the answer where it cannot.
[[nodiscard]] std::optional<http::Response> hand_over(Server& server, LogicalRequest& request);

}  // namespace meshproof::fakes::vault
