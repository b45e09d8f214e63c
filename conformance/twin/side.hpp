#pragma once

#include <string>

#include "core/base/secret.hpp"
#include "core/http/transport.hpp"

namespace meshproof::twin {

/// One of the two servers, and who asks there.
struct Side {
    std::string name;         ///< "real", "fake"
    http::Endpoint endpoint;  ///< url without /v1
    /// May do what the topics ask; empty where a client certificate of the endpoint does.
    Secret token;
    std::string namespace_name{};  ///< of Vault
};

}  // namespace meshproof::twin
