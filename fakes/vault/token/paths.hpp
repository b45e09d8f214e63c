#pragma once

#include "core/base/task.hpp"
#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

[[nodiscard]] Task<LogicalReply> serve_tokens(Server& server, LogicalRequest request);

/// The sudo list of auth/token (row 57).
[[nodiscard]] bool tokens_need_sudo(const LogicalRequest& request);

}  // namespace meshproof::fakes::vault
