#pragma once

#include <string>

#include "core/http/message.hpp"
#include "core/time/time.hpp"
#include "fakes/vault/logical/json.hpp"

namespace meshproof::fakes::vault {

class Server;
struct LogicalRequest;

/// Answers kept for an unwrap.
struct WrappedAnswer {
    http::Response answer;
    std::string creation_path;
    Time created;
    Duration ttl{};
};

/// Keeps the answer for the holder of a new token; gives the `wrap_info` that tells it.
[[nodiscard]] Json keep_wrapped(Server& server, const LogicalRequest& request,
                                WrappedAnswer wrapped);  ///< sys/wrapping.cpp

}  // namespace meshproof::fakes::vault
