#pragma once

#include <string>

#include "core/http/message.hpp"
#include "fakes/vault/server/cluster.hpp"

namespace meshproof::fakes::vault {

class Server;

/// New key shares and a new root token: Vault serves them without a token, OpenBao no longer does
/// (row 29).
[[nodiscard]] http::Response serve_rekey(const Server& server, const Node& node,
                                         const http::Request& request, const std::string& path);

}  // namespace meshproof::fakes::vault
