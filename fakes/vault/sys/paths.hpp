#pragma once

#include "core/base/task.hpp"
#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

[[nodiscard]] Task<LogicalReply> serve_sys(Server& server, LogicalRequest request);

/// The sudo list of sys (row 57).
[[nodiscard]] bool sys_needs_sudo(const LogicalRequest& request);

/// The unauthenticated paths of sys.
[[nodiscard]] bool sys_unauthenticated(const LogicalRequest& request);

}  // namespace meshproof::fakes::vault
