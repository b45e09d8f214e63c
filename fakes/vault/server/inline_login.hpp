#pragma once

#include <optional>

#include "core/base/task.hpp"
#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

[[nodiscard]] bool has_inline_login(const LogicalRequest& request);

/// OpenBao's inline authentication: where the request's headers hold a login, it is done, and the
/// request has its token. Gives the answer where there is none. The request must outlive the task.
[[nodiscard]] Task<std::optional<http::Response>> log_in_inline(Server& server,
                                                                LogicalRequest& request);

}  // namespace meshproof::fakes::vault
