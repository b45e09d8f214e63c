#pragma once

#include "fakes/vault/server/builtin.hpp"

/// The functions of sys/policies/acl, sys/policy and sys/capabilities.
namespace meshproof::fakes::vault {

/// Those below a name, where the path has one (OpenBao).
[[nodiscard]] LogicalReply list_policies(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_policy(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply write_policy(Server& server, const BuiltinCall& call);
/// OpenBao's merge patch of a policy that is there.
[[nodiscard]] LogicalReply patch_policy(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply delete_policy(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply tell_capabilities(Server& server, const BuiltinCall& call);

}  // namespace meshproof::fakes::vault
