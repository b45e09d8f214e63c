#pragma once

#include <memory>

#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

/// A token from a login's grant, or the refusal (server/login.cpp).
[[nodiscard]] LogicalReply finish_login(Server& server, const LogicalRequest& request,
                                        BackendResponse response);

/// The grant of a login or a renewal, at a node that may not write what comes of it (row 170).
[[nodiscard]] bool is_unwritten_grant(const LogicalReply& reply);

/// Whether the server will know a new token again. A batch token it always will: by its text.
enum class Kept { always, if_batch };
[[nodiscard]] std::shared_ptr<Token> issue(Server& server, const Namespace& ns, Token token,
                                           Time now, Kept kept = Kept::always);

}  // namespace meshproof::fakes::vault
