#pragma once

#include "fakes/vault/server/builtin.hpp"

/// The functions of auth/token/roles.
namespace meshproof::fakes::vault {

[[nodiscard]] LogicalReply list_token_roles(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_token_role(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply write_token_role(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply delete_token_role(Server& server, const BuiltinCall& call);

}  // namespace meshproof::fakes::vault
