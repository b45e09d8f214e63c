#pragma once

#include <string_view>
#include <vector>

#include "fakes/vault/server/builtin.hpp"
#include "fakes/vault/server/groups.hpp"

namespace meshproof::fakes::vault {

/// A group of the request's namespace with a name of its own, which is not kept yet.
[[nodiscard]] Group new_group(Server& server, const LogicalRequest& request);
/// Null where the request's namespace has none.
[[nodiscard]] Group* group_by_id(Server& server, const LogicalRequest& request,
                                 std::string_view id);
[[nodiscard]] Group* group_of_alias(Server& server, const LogicalRequest& request,
                                    std::string_view id);
[[nodiscard]] Group* group_of_alias(Server& server, const LogicalRequest& request,
                                    std::string_view accessor, std::string_view name);

/// The group's alias, which it has, as groups tell it.
[[nodiscard]] Json alias_of_group(const Server& server, const Group& group);

/// identity/group-alias.
[[nodiscard]] std::vector<BuiltinRoute> group_alias_routes();

}  // namespace meshproof::fakes::vault
