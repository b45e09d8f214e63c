#pragma once

#include <optional>
#include <string>

#include "core/http/message.hpp"
#include "core/time/time.hpp"
#include "fakes/vault/server/cluster.hpp"

namespace meshproof::fakes::vault {

class Server;

/// The paths of sys that answer without envelope and while sealed: rows 22 to 30. Nothing where the
/// path is none of them.
[[nodiscard]] std::optional<http::Response> serve_bare(Server& server, Node& node,
                                                       const http::Request& request,
                                                       const std::string& path, Time now);

}  // namespace meshproof::fakes::vault
