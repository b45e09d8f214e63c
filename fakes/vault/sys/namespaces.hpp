#pragma once

#include "fakes/vault/server/builtin.hpp"

/// The functions of sys/namespaces.
namespace meshproof::fakes::vault {

[[nodiscard]] LogicalReply list_namespaces(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_namespace(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply write_namespace(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply delete_namespace(Server& server, const BuiltinCall& call);
/// What Vault without a licence says.
[[nodiscard]] LogicalReply enterprise_only(Server& server, const BuiltinCall& call);

}  // namespace meshproof::fakes::vault
