#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/base/task.hpp"
#include "core/http/transport.hpp"
#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

class Server;

/// A mount that is always there, and has no backend: sys, token, cubbyhole, identity.
struct Builtin {
    std::string_view mount;  ///< "sys/"
    Task<LogicalReply> (*serve)(Server& server, LogicalRequest request);
    bool (*needs_sudo)(const LogicalRequest& request) = nullptr;  ///< null = nothing does
    bool (*unauthenticated)(const LogicalRequest& request) = nullptr;
};

/// What the server can mount, and what is mounted in every namespace. It is given to the server,
/// whose room knows no engine.
struct Catalog {
    std::vector<Builtin> builtins;
    /// The engine or method of the entry's type; null where there is none.
    std::shared_ptr<Backend> (*make_backend)(const MountEntry& entry, BackendContext context,
                                             http::Transport& outgoing);

    /// Null where the path is no built-in mount's.
    [[nodiscard]] const Builtin* builtin(std::string_view mount) const;
};

}  // namespace meshproof::fakes::vault
