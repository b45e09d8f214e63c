#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/base/task.hpp"
#include "fakes/vault/logical/router.hpp"
#include "fakes/vault/server/logical_request.hpp"

/// The mounts that are always there and have no backend: sys, token, cubbyhole, identity.
namespace meshproof::fakes::vault {

class Server;

/// A request of a built-in mount on its way into the function that serves it.
struct BuiltinCall {
    LogicalRequest request;
    FieldData fields;
    Captures path;  ///< what the pattern's :names matched

    [[nodiscard]] std::string captured(std::string_view name) const;
};

using BuiltinFunction = std::variant<LogicalReply (*)(Server& server, const BuiltinCall& call),
                                     Task<LogicalReply> (*)(Server& server, BuiltinCall call)>;
using BuiltinRoute = Route<BuiltinFunction>;

struct Builtin {
    std::string_view mount;  ///< "sys/"
    Router<BuiltinFunction> router;

    /// The request's path as the table has it.
    [[nodiscard]] std::string_view below(const LogicalRequest& request) const;
};

[[nodiscard]] Task<LogicalReply> serve_builtin(Server& server, const Builtin& builtin,
                                               LogicalRequest request);

}  // namespace meshproof::fakes::vault
