#pragma once

#include <memory>

#include "core/base/task.hpp"
#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

[[nodiscard]] Task<LogicalReply> renew_token(Server& server, LogicalRequest request,
                                             std::shared_ptr<Token> token, Duration increment);

}  // namespace meshproof::fakes::vault
