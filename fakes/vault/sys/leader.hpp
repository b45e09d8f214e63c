#pragma once

#include "core/http/message.hpp"
#include "fakes/vault/server/cluster.hpp"

namespace meshproof::fakes::vault {

class Server;

/// GET sys/leader.
[[nodiscard]] http::Response serve_leader(const Server& server, const Node& node);

}  // namespace meshproof::fakes::vault
