#pragma once

#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// sys/internal/specs/openapi: what is played, as an OpenAPI document, of the mounts that the
/// caller is shown (row 254). Descriptions, names of operations and schemas of answers are left
/// out.
[[nodiscard]] LogicalReply describe_api(Server& server, const BuiltinCall& call);

}  // namespace meshproof::fakes::vault
