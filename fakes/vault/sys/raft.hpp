#pragma once

#include "fakes/vault/server/builtin.hpp"
#include "fakes/vault/sys/bare_call.hpp"

namespace meshproof::fakes::vault {

[[nodiscard]] LogicalReply read_raft_configuration(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_autopilot_state(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_autopilot_configuration(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_ha_status(Server& server, const BuiltinCall& call);

/// sys/storage/raft/join: a new server becomes a node of a cluster, still sealed.
[[nodiscard]] http::Response serve_join(Server& server, const BareCall& call);

}  // namespace meshproof::fakes::vault
