#include "fakes/vault/server/groups.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

namespace {

bool holds_id(const std::vector<std::string>& ids, std::string_view id) {
    return std::ranges::find(ids, id) != ids.end();
}

}  // namespace

std::vector<const Group*> direct_groups(const Server& server, std::string_view entity) {
    std::vector<const Group*> found;
    for (const auto& [id, group] : server.groups) {
        if (holds_id(group.entities, entity)) {
            found.push_back(&group);
        }
    }
    return found;
}

std::vector<const Group*> parents_of(const Server& server, std::string_view group) {
    std::vector<const Group*> found;
    for (const auto& [id, parent] : server.groups) {
        if (holds_id(parent.groups, group)) {
            found.push_back(&parent);
        }
    }
    return found;
}

std::vector<const Group*> inherited_groups(const Server& server, std::string_view entity) {
    const auto direct = direct_groups(server, entity);
    auto reached = direct;
    for (std::size_t at = 0; at < reached.size(); ++at) {
        for (const auto* parent : parents_of(server, reached[at]->id)) {
            if (std::ranges::find(reached, parent) == reached.end()) {
                reached.push_back(parent);
            }
        }
    }
    reached.erase(reached.begin(), reached.begin() + std::ssize(direct));
    return reached;
}

std::vector<std::string> identity_policies(const Server& server, const Token& token) {
    std::vector<std::string> names;
    const auto entity = server.entities.find(token.entity_id);
    if (token.entity_id.empty() || entity == server.entities.end()) {
        return names;
    }
    const auto add = [&](const std::vector<std::string>& more) {
        for (const auto& name : more) {
            if (!holds_id(names, name)) {
                names.push_back(name);
            }
        }
    };
    add(entity->second.policies);
    for (const auto& groups :
         {direct_groups(server, token.entity_id), inherited_groups(server, token.entity_id)}) {
        for (const auto* group : groups) {
            if (group->namespace_path == token.namespace_path && group->policies) {
                add(*group->policies);
            }
        }
    }
    return names;
}

void forget_empty(Group& group) {
    group.tells_no_entities = false;
    if (group.metadata && group.metadata->empty()) {
        group.metadata.reset();
    }
    if (group.policies && group.policies->empty()) {
        group.policies.reset();
    }
}

void leave_groups(Server& server, std::string_view entity) {
    for (auto& [id, group] : server.groups) {
        if (std::erase(group.entities, entity) > 0) {
            forget_empty(group);
            group.tells_no_entities = group.entities.empty();
            ++group.modify_index;
        }
    }
}

std::vector<std::string> kept_policies(Product product, const std::vector<std::string>& given) {
    if (product == Product::openbao) {
        return tidy_policies(given, false);
    }
    std::set<std::string> sorted;
    for (const auto& name : given) {
        if (const auto text = trim(name); !text.empty()) {
            sorted.insert(std::string(text));
        }
    }
    return {sorted.begin(), sorted.end()};
}

}  // namespace meshproof::fakes::vault
