#pragma once

#include "fakes/vault/server/builtin.hpp"

/// The functions of sys/quotas.
namespace meshproof::fakes::vault {

[[nodiscard]] LogicalReply read_quota_config(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply write_quota_config(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply list_rate_limits(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_rate_limit(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply write_rate_limit(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply delete_rate_limit(Server& server, const BuiltinCall& call);

}  // namespace meshproof::fakes::vault
