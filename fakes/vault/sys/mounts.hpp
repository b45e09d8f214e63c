#pragma once

#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

[[nodiscard]] LogicalReply serve_mounts(Server& server, const LogicalRequest& request);
[[nodiscard]] LogicalReply serve_remount(Server& server, const LogicalRequest& request);
[[nodiscard]] LogicalReply serve_ui_mounts(Server& server, const LogicalRequest& request);

}  // namespace meshproof::fakes::vault
