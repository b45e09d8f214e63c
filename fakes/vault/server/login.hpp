#pragma once

#include <memory>

#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

/// A token from a login's grant, or the refusal (server/login.cpp).
[[nodiscard]] LogicalReply finish_login(Server& server, const LogicalRequest& request,
                                        BackendResponse response);
[[nodiscard]] std::shared_ptr<Token> issue(Server& server, const Namespace& ns, Token token,
                                           Time now);

}  // namespace meshproof::fakes::vault
