#pragma once

#include "fakes/vault/server/builtin.hpp"

/// auth/token/create and its forms.
namespace meshproof::fakes::vault {

[[nodiscard]] LogicalReply create_token(Server& server, const BuiltinCall& call);

}  // namespace meshproof::fakes::vault
