#pragma once

#include "core/base/task.hpp"
#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

[[nodiscard]] Task<LogicalReply> serve_leases(Server& server, LogicalRequest request);

}  // namespace meshproof::fakes::vault
