#pragma once

#include <string>

#include "core/http/message.hpp"
#include "core/time/time.hpp"
#include "fakes/vault/server/cluster.hpp"

namespace meshproof::fakes::vault {

class Server;

/// GET and HEAD of sys/health.
[[nodiscard]] http::Response serve_health(const Server& server, const Node& node,
                                          const std::string& query, Time now);

}  // namespace meshproof::fakes::vault
