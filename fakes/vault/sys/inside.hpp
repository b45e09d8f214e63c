#pragma once

#include "fakes/vault/server/builtin.hpp"

/// The functions of the paths that show the inside of a server.
namespace meshproof::fakes::vault {

[[nodiscard]] LogicalReply list_versions(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply count_requests(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply count_entities(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply count_tokens(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_resultant_acl(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_host_info(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply draw_random(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_cors(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_rotation(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply list_nothing(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_rekey_backup(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_feature_flags(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_ui_namespaces(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_replication(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_key_status(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply rotate(Server& server, const BuiltinCall& call);

}  // namespace meshproof::fakes::vault
