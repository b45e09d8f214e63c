#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/vault/logical/product.hpp"
#include "fakes/vault/server/tokens.hpp"

/// Groups of entities and of other groups: their policies are their members' too (row 202).
namespace meshproof::fakes::vault {

class Server;

/// How an auth method knows an external group.
struct GroupAlias {
    std::string id, name;
    std::string mount_accessor;
    Time created, changed;
};

struct Group {
    std::string id, name, namespace_path;
    std::string type = "internal";
    Pairs metadata;
    std::optional<std::vector<std::string>> policies;  ///< nothing = never given
    std::vector<std::string> entities, groups;         ///< ids of its members
    std::optional<GroupAlias> alias;                   ///< external ones only
    Time created, changed;
    std::int64_t modify_index = 0;
    /// The last change left `entities` given and empty: told as [], until the next one; not saved.
    bool tells_no_entities = false;
};

/// What every change begins with: what was given and is empty is told as if it never had been.
void forget_empty(Group& group);

/// Those that hold the entity themselves.
[[nodiscard]] std::vector<const Group*> direct_groups(const Server& server,
                                                      std::string_view entity);
/// Those that hold it through others only.
[[nodiscard]] std::vector<const Group*> inherited_groups(const Server& server,
                                                         std::string_view entity);
/// The groups that the group is a member of.
[[nodiscard]] std::vector<const Group*> parents_of(const Server& server, std::string_view group);

/// What the token may by being its entity's, beside its own: the policies of the entity, then those
/// of its groups, each once.
[[nodiscard]] std::vector<std::string> identity_policies(const Server& server, const Token& token);

/// The entity is nobody's member any more.
void leave_groups(Server& server, std::string_view entity);

/// Policies as entities and groups keep them: Vault lets their case be.
[[nodiscard]] std::vector<std::string> kept_policies(Product product,
                                                     const std::vector<std::string>& given);

}  // namespace meshproof::fakes::vault
