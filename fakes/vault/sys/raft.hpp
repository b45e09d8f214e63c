#pragma once

#include "core/http/message.hpp"
#include "fakes/vault/server/cluster.hpp"
#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

[[nodiscard]] LogicalReply serve_raft(Server& server, const LogicalRequest& request);

/// sys/storage/raft/join: a new server becomes a node of a cluster, still sealed.
[[nodiscard]] http::Response serve_join(Server& server, Node& node, const http::Request& request);

}  // namespace meshproof::fakes::vault
