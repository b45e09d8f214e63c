#pragma once

#include "fakes/kube/status.hpp"
#include "fakes/kube/types.hpp"

/// What the API server makes of an object before it stores it.
namespace meshproof::fakes::kube {

/// Sets the defaults; 422 with all that is wrong with the object. Of an `update`, the validation of
/// RBAC says it twice.
[[nodiscard]] Checked<> complete(const ResourceType& type, Json& object, bool update = false);
/// 422 where an update changes what stays as it was made.
[[nodiscard]] Checked<> check_immutable(const ResourceType& type, const Json& before,
                                        const Json& after);

}  // namespace meshproof::fakes::kube
