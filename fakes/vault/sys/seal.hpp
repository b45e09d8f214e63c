#pragma once

#include <string>

#include "core/http/message.hpp"
#include "core/time/time.hpp"
#include "fakes/vault/logical/json.hpp"
#include "fakes/vault/server/cluster.hpp"

namespace meshproof::fakes::vault {

class Server;

[[nodiscard]] Json seal_status(const Server& server, const Node& node);

/// sys/unseal: a share, or a reset of those given (rows 26 to 28).
[[nodiscard]] http::Response serve_unseal(Server& server, Node& node, const http::Request& request,
                                          Time now);

/// sys/seal and sys/step-down: a token with update (and sudo, for the seal) on the path.
[[nodiscard]] http::Response serve_seal(Server& server, Node& node, const http::Request& request,
                                        const std::string& path, Time now);

}  // namespace meshproof::fakes::vault
