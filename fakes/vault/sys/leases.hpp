#pragma once

#include "core/base/task.hpp"
#include "fakes/vault/server/builtin.hpp"

/// The functions of sys/leases.
namespace meshproof::fakes::vault {

[[nodiscard]] LogicalReply list_leases(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_irrevocable_leases(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply count_irrevocable_leases(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply look_up_lease(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply revoke_lease(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply revoke_leases(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply force_leases(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply tidy_leases(Server& server, const BuiltinCall& call);
[[nodiscard]] Task<LogicalReply> renew_lease(Server& server, BuiltinCall call);

}  // namespace meshproof::fakes::vault
