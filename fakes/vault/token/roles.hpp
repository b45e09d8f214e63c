#pragma once

#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

[[nodiscard]] LogicalReply serve_token_roles(Server& server, const LogicalRequest& request);

}  // namespace meshproof::fakes::vault
