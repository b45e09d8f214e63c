#pragma once

#include "fakes/vault/server/builtin.hpp"

/// The functions of sys/mounts, sys/auth and sys/remount.
namespace meshproof::fakes::vault {

[[nodiscard]] LogicalReply list_mounts(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_mount(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply enable_mount(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply disable_mount(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_tuning(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply tune_mount(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply move_mount(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_move(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply list_mounts_for_ui(Server& server, const BuiltinCall& call);
[[nodiscard]] LogicalReply read_mount_for_ui(Server& server, const BuiltinCall& call);

}  // namespace meshproof::fakes::vault
