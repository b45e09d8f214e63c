#pragma once

#include "fakes/vault/server/builtin.hpp"

/// The functions of sys/wrapping.
namespace meshproof::fakes::vault {

[[nodiscard]] LogicalReply wrap(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply look_up_wrapped(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply unwrap(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply rewrap(Server& server, const BuiltinCall& call);

}  // namespace meshproof::fakes::vault
