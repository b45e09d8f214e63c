#pragma once

#include "fakes/kube/status.hpp"
#include "fakes/kube/types.hpp"

/// What the API server makes of an object before it stores it.
namespace meshproof::fakes::kube {

struct MetadataFaults;  // api_state.hpp

/// Sets the defaults of a new object; 422 with all that is wrong with it.
[[nodiscard]] Checked<> complete(const ResourceType& type, Json& object);
/// The same of an update, whose metadata has these faults: 422 also where it changes what stays as
/// it was made. What several validations find is told by each.
[[nodiscard]] Checked<> complete_update(const ResourceType& type, const Json& before, Json& after,
                                        const MetadataFaults& metadata);

}  // namespace meshproof::fakes::kube
