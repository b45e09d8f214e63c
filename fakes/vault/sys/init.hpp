#pragma once

#include "core/http/message.hpp"
#include "fakes/vault/server/cluster.hpp"

namespace meshproof::fakes::vault {

class Server;

/// sys/init: keys and root token of a Vault that had none (row 29).
[[nodiscard]] http::Response serve_init(Server& server, Node& node, const http::Request& request);

}  // namespace meshproof::fakes::vault
