#pragma once

#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

[[nodiscard]] LogicalReply serve_cubbyhole(Server& server, const LogicalRequest& request);

}  // namespace meshproof::fakes::vault
