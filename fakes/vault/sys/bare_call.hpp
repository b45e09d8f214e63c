#pragma once

#include <string>

#include "core/http/message.hpp"
#include "core/time/time.hpp"
#include "fakes/vault/server/nodes.hpp"

namespace meshproof::fakes::vault {

class Server;
struct EarlyBody;  // request_parts.hpp

/// A request that one node answers by itself, without envelope and while it is sealed too.
struct BareCall {
    VaultNode& node;
    const http::Request& request;
    std::string path;  ///< "sys/health"
    Time now;
    EarlyBody* early = nullptr;  ///< of a body that was read before its turn
};

}  // namespace meshproof::fakes::vault
