#pragma once

#include <string>
#include <vector>

#include "fakes/kube/api_state.hpp"

/// Who owns what: how controllers find the objects that are theirs.
namespace meshproof::fakes::kube {

/// The objects that have this one for their controller.
[[nodiscard]] std::vector<Object> owned(const ApiState& api, const ResourceType& type,
                                        const Json& owner);
/// The controller that owns it, as an object of `type`; null for none.
[[nodiscard]] Object owner_of(const ApiState& api, const ResourceType& type, const Json& object);
/// What an object's ownerReferences say of its controller.
[[nodiscard]] Json owner_reference(const ResourceType& type, const Json& owner);
/// Whether it is on its way out.
[[nodiscard]] bool leaving(const Json& object);

}  // namespace meshproof::fakes::kube
