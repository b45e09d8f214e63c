#pragma once

#include "core/http/message.hpp"
#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

/// `?help=1`: what a path takes. It is for everybody with a token, whatever its policies say, and
/// has no envelope (row 221).
[[nodiscard]] LogicalReply tell_help(const Server& server, const LogicalRequest& request);

}  // namespace meshproof::fakes::vault
